//! One tenancy in the Azure double: set up, broken, and looked at.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::api_request::ApiRequest;
use crate::local_cloud::LocalCloud;
use crate::tenancy::Tenancy;
use crate::until;

const API_VERSION: &str = "2024-08-01-preview";

/// What the custom role of `azure/identity.bicep` grants.
const RIGHTS: [&str; 6] = [
    "Microsoft.Security/securityConnectors/read",
    "Microsoft.Security/securityConnectors/write",
    "Microsoft.Security/securityConnectors/delete",
    "Microsoft.Security/connectors/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Resources/subscriptions/providers/read",
];

/// One tenancy of the Azure double.
#[derive(Debug)]
pub struct Azure {
    /// Its ids and names.
    pub tenancy: Tenancy,
    http: Client,
    base: String,
    subscription: Mutex<Value>,
}

impl Azure {
    /// A tenancy as `azure/identity.bicep` leaves it, whose application trusts `subject` of
    /// `issuer`.
    pub async fn prepare(cloud: &LocalCloud, issuer: &str, subject: &str) -> Result<Self> {
        let tenancy = Tenancy::new();
        let subscription = json!({
            "subscriptionId": tenancy.subscription,
            "tenantId": tenancy.tenant,
            "resourceGroups": [tenancy.resource_group],
            "locations": ["East US", "West Europe", "North Europe"],
            "registrationState": "Registered",
            "rights": [
                {"clientId": tenancy.client, "actions": RIGHTS},
                {"clientId": tenancy.auditor, "actions": ["*/read"]},
            ],
        });
        let azure = Self {
            http: LocalCloud::http()?,
            base: cloud.azure_url.clone(),
            subscription: Mutex::new(subscription),
            tenancy,
        };
        let credential = json!({"federatedCredentials": [{"issuer": issuer, "subject": subject}]});
        azure.set_application(&credential).await?;
        azure.change_subscription(|_| {}).await?;
        Ok(azure)
    }

    /// Says how the functions' application signs in: `federatedCredentials`, `clientSecrets`,
    /// `replicationFailures`.
    pub async fn set_application(&self, sign_in: &Value) -> Result<()> {
        let Tenancy {
            tenant,
            client,
            auditor,
            auditor_secret,
            ..
        } = &self.tenancy;
        let mut application = json!({"clientId": client});
        let fields = sign_in.as_object().context("an application is an object")?;
        for (name, value) in fields {
            application[name] = value.clone();
        }
        let auditor = json!({"clientId": auditor, "clientSecrets": [auditor_secret]});
        let setup = json!({"tenantId": tenant, "applications": [application, auditor]});
        self.admin(Method::POST, "tenants", Some(&setup))
            .await
            .map(drop)
    }

    /// Changes the subscription: its rights, groups, locations, registration.
    pub async fn change_subscription(&self, change: impl FnOnce(&mut Value)) -> Result<()> {
        let setup = {
            let mut setup = self
                .subscription
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            change(&mut setup);
            setup.clone()
        };
        self.admin(Method::POST, "subscriptions", Some(&setup))
            .await
            .map(drop)
    }

    /// Leaves the functions' application all rights but those with this action.
    pub async fn revoke(&self, action: &str) -> Result<()> {
        self.change_subscription(|setup| setup["rights"][0]["notActions"] = json!([action]))
            .await
    }

    /// Gives back what [`Self::revoke`] took.
    pub async fn grant_all(&self) -> Result<()> {
        self.change_subscription(|setup| setup["rights"][0]["notActions"] = json!([]))
            .await
    }

    /// Orders a fault of Resource Manager.
    pub async fn fault(&self, fault: Value) -> Result<()> {
        let path = format!("subscriptions/{}/faults", self.tenancy.subscription);
        self.admin(Method::POST, &path, Some(&json!([fault])))
            .await
            .map(drop)
    }

    /// Orders a fault of the token endpoint.
    pub async fn fault_sign_in(&self, fault: Value) -> Result<()> {
        let path = format!("tenants/{}/faults", self.tenancy.tenant);
        self.admin(Method::POST, &path, Some(&json!([fault])))
            .await
            .map(drop)
    }

    /// Calls off every fault.
    pub async fn clear_faults(&self) -> Result<()> {
        let Tenancy {
            tenant,
            subscription,
            ..
        } = &self.tenancy;
        self.admin(
            Method::DELETE,
            &format!("subscriptions/{subscription}/faults"),
            None,
        )
        .await?;
        self.admin(Method::DELETE, &format!("tenants/{tenant}/faults"), None)
            .await
            .map(drop)
    }

    /// Puts a resource there, byte for byte and past all checks.
    pub async fn seed(&self, id: &str, document: &str) -> Result<()> {
        let url = format!("{}/_double/raw{id}", self.base);
        let answer = self.http.put(url).body(document.to_owned()).send().await?;
        answer
            .error_for_status()
            .context("cannot seed a resource")?;
        Ok(())
    }

    /// A resource's bytes.
    pub async fn raw(&self, id: &str) -> Result<Option<String>> {
        let answer = self
            .http
            .get(format!("{}/_double/raw{id}", self.base))
            .send()
            .await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            _ => Ok(Some(answer.error_for_status()?.text().await?)),
        }
    }

    /// Takes a resource away behind everybody's back.
    pub async fn remove(&self, id: &str) -> Result<()> {
        self.admin(Method::DELETE, &format!("raw{id}"), None)
            .await
            .map(drop)
    }

    /// A connector that must be there.
    pub async fn connector(&self, id: &str) -> Result<Value> {
        let raw = self
            .raw(id)
            .await?
            .with_context(|| format!("there is no connector {id}"))?;
        serde_json::from_str(&raw).context("a connector is JSON")
    }

    /// A token of the auditor, who may read everything.
    pub async fn auditor_token(&self) -> Result<String> {
        let Tenancy {
            tenant,
            auditor,
            auditor_secret,
            ..
        } = &self.tenancy;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", auditor.as_str()),
            ("client_secret", auditor_secret.as_str()),
            ("scope", "https://management.azure.com/.default"),
        ];
        let token_url = format!("{}/{tenant}/oauth2/v2.0/token", self.base);
        let granted = self
            .http
            .post(token_url)
            .form(&form)
            .send()
            .await?
            .error_for_status()?;
        let granted: Value = granted.json().await?;
        let token = granted["access_token"].as_str();
        token
            .map(str::to_owned)
            .context("the sign-in gave no token")
    }

    /// All connectors of the subscription, as any client of Resource Manager sees them.
    pub async fn connectors(&self) -> Result<Vec<Value>> {
        let list_url = format!(
            "{}/subscriptions/{}/providers/Microsoft.Security/securityConnectors?api-version={API_VERSION}",
            self.base, self.tenancy.subscription
        );
        let token = self.auditor_token().await?;
        let listed = self.http.get(list_url).bearer_auth(token).send().await?;
        let mut listed: Value = listed.error_for_status()?.json().await?;
        anyhow::ensure!(
            listed["nextLink"].is_null(),
            "more connectors than a test ever makes"
        );
        serde_json::from_value(listed["value"].take()).context("a list has values")
    }

    /// What the functions asked Resource Manager, oldest first.
    pub async fn requests(&self) -> Result<Vec<ApiRequest>> {
        let query = format!("requests?subscription={}", self.tenancy.subscription);
        let all = self.admin(Method::GET, &query, None).await?;
        let mut all: Vec<ApiRequest> = serde_json::from_value(all)?;
        all.retain(|request| request.client_request_id.is_some());
        Ok(all)
    }

    /// Sign-ins to the tenant, the test's own included.
    pub async fn sign_ins(&self) -> Result<Vec<ApiRequest>> {
        let query = format!("requests?tenant={}", self.tenancy.tenant);
        Ok(serde_json::from_value(
            self.admin(Method::GET, &query, None).await?,
        )?)
    }

    /// How many requests of the functions would change something.
    pub async fn writes(&self) -> Result<usize> {
        Ok(self
            .requests()
            .await?
            .iter()
            .filter(|request| request.is_write())
            .count())
    }

    /// Waits for a write that is under way and unanswered.
    pub async fn hanging(&self, method: &str) -> Result<()> {
        until(
            &format!("a {method} that hangs"),
            Duration::from_mins(2),
            async || {
                let requests = self.requests().await?;
                let hangs = |one: &ApiRequest| one.method == method && one.status.is_none();
                Ok(requests.iter().any(hangs).then_some(()))
            },
        )
        .await
    }

    pub(crate) async fn admin(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let mut request = self
            .http
            .request(method, format!("{}/_double/{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("the Azure double answered {status} to {path}: {text}");
        }
        if text.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_str(&text)?)
        }
    }
}
