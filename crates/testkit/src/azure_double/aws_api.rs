//! The door to an emulator of AWS, for whoever asks it as the root of one of its accounts.

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

/// The APIs of one account.
#[derive(Clone, Copy)]
pub(crate) struct AwsApi<'a> {
    http: &'a reqwest::Client,
    endpoint: &'a str,
    account: &'a str,
}

/// A service in a Region.
#[derive(Clone, Copy)]
pub(crate) struct Service<'a> {
    pub name: &'a str,
    pub region: &'a str,
}

/// What a service said.
pub(crate) struct Said {
    pub status: StatusCode,
    pub text: String,
}

impl<'a> AwsApi<'a> {
    pub(crate) fn new(http: &'a reqwest::Client, endpoint: &'a str, account: &'a str) -> Self {
        Self {
            http,
            endpoint,
            account,
        }
    }

    /// An action of a service that takes a form.
    pub(crate) async fn query(
        &self,
        service: Service<'_>,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Said, String> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", version)
            .extend_pairs(parameters)
            .finish();
        let request = self
            .request(service)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        said(request, action).await
    }

    /// An action of a service that takes JSON 1.1.
    pub(crate) async fn json(
        &self,
        service: Service<'_>,
        target: &str,
        body: &Value,
    ) -> Result<Said, String> {
        let request = self
            .request(service)
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(body.to_string());
        said(request, target).await
    }

    /// A 12-digit access key stands for the root of that account; nothing is signed.
    fn request(&self, service: Service<'_>) -> reqwest::RequestBuilder {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/{}/{}/aws4_request, SignedHeaders=host, \
             Signature=0",
            self.account, service.region, service.name
        );
        self.http
            .post(self.endpoint)
            .header(AUTHORIZATION, credential)
    }
}

impl Said {
    /// The answer, in XML.
    pub(crate) fn xml<T: DeserializeOwned>(&self, action: &str) -> Result<T, String> {
        self.check(action)?;
        quick_xml::de::from_str(&self.text)
            .map_err(|error| format!("the answer to {action} is unreadable: {error}"))
    }

    /// The answer, in JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, action: &str) -> Result<T, String> {
        self.check(action)?;
        serde_json::from_str(&self.text)
            .map_err(|error| format!("the answer to {action} is unreadable: {error}"))
    }

    fn check(&self, action: &str) -> Result<(), String> {
        if self.status.is_success() {
            return Ok(());
        }
        Err(format!("AWS answered {action} with HTTP {}", self.status))
    }
}

async fn said(request: reqwest::RequestBuilder, action: &str) -> Result<Said, String> {
    let response = request
        .send()
        .await
        .map_err(|error| format!("AWS did not answer {action}: {error}"))?;
    Ok(Said {
        status: response.status(),
        text: response.text().await.map_err(|error| error.to_string())?,
    })
}
