//! The emulator's HTTP, where no SDK is worth compiling: its admin API, and calls of AWS APIs in
//! their own protocols.

use anyhow::{Result, bail};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::local_cloud::LocalCloud;

/// The region that stacks are deployed in.
pub(crate) const HOME_REGION: &str = "eu-west-1";

/// The emulator as one account's root.
#[derive(Debug)]
pub(crate) struct Endpoint {
    http: Client,
    base: String,
    account: String,
}

impl Endpoint {
    pub(crate) fn new(cloud: &LocalCloud, account: &str) -> Result<Self> {
        let http = LocalCloud::http()?;
        Ok(Self {
            http,
            base: cloud.aws_url.clone(),
            account: account.to_owned(),
        })
    }

    /// A route of the admin API.
    pub(crate) async fn admin(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let mut request = self
            .http
            .request(method, format!("{}/_local_cloud/{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        json(path, request).await
    }

    /// Sets a value of the emulator's own, for every test that runs.
    pub(crate) async fn configure(&self, name: &str, value: f64) -> Result<()> {
        let url = format!("{}/_ministack/config", self.base);
        let request = self
            .http
            .post(url)
            .json(&serde_json::json!({ name: value }));
        json(name, request).await.map(drop)
    }

    /// A call of an API with paths, in the home region.
    pub(crate) async fn rest(
        &self,
        method: Method,
        service: &str,
        path: &str,
        body: Value,
    ) -> Result<Value> {
        let request = self.http.request(method, format!("{}/{path}", self.base));
        let mut request = self.signed(request, HOME_REGION, service);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        json(path, request).await
    }

    /// A call of an API whose operations are named by a target, such as `AmazonSSM.GetParameter`.
    pub(crate) async fn target(
        &self,
        region: &str,
        service: &str,
        target: &str,
        body: Value,
    ) -> Result<Value> {
        let request = self
            .signed(self.http.post(format!("{}/", self.base)), region, service)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string());
        json(target, request).await
    }

    /// A call of EC2, which answers XML.
    pub(crate) async fn ec2(
        &self,
        region: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String> {
        let fixed = [("Action", action), ("Version", "2016-11-15")];
        let form: Vec<(&str, &str)> = fixed
            .into_iter()
            .chain(parameters.iter().copied())
            .collect();
        let request = self.http.post(format!("{}/", self.base)).form(&form);
        text(action, self.signed(request, region, "ec2")).await
    }

    /// A 12-digit access key stands for the account's root, and no signature is looked at.
    fn signed(&self, request: RequestBuilder, region: &str, service: &str) -> RequestBuilder {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential={}/20261101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.account
        );
        request.header("authorization", credential)
    }
}

async fn text(what: &str, request: RequestBuilder) -> Result<String> {
    let answer = request.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!("the emulator answered {status} to {what}: {text}");
    }
    Ok(text)
}

async fn json(what: &str, request: RequestBuilder) -> Result<Value> {
    let text = text(what, request).await?;
    if text.is_empty() {
        Ok(Value::Null)
    } else {
        Ok(serde_json::from_str(&text)?)
    }
}

/// A field of every entry of a list.
pub(crate) fn names(listed: &Value, field: &str) -> Vec<String> {
    let entries = listed.as_array().map_or(&[] as &[Value], Vec::as_slice);
    entries
        .iter()
        .filter_map(|entry| entry[field].as_str().map(str::to_owned))
        .collect()
}

/// The texts of an element of XML, wherever it is; none of those read here holds another element.
pub(crate) fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    let texts = parts.filter_map(|part| part.split_once(&close).map(|(text, _)| text));
    texts.map(unescaped).collect()
}

fn unescaped(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    entities
        .into_iter()
        .fold(text.to_owned(), |text, (entity, character)| {
            text.replace(entity, character)
        })
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn the_texts_of_an_element_are_read_in_order() {
        let xml = "<tagSet><item><key>a</key><value>1 &lt; 2</value></item>\
                   <item><key>b &amp;amp; c</key><value></value></item></tagSet>";
        assert_eq!(elements(xml, "key"), ["a", "b &amp; c"]);
        assert_eq!(elements(xml, "value"), ["1 < 2", ""]);
        assert!(elements(xml, "resourceId").is_empty());
    }
}
