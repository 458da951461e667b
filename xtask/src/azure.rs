//! The Azure double: set up through its admin API, and looked at as any ARM client would.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::Agent;

use crate::http::{self, answer};

const API_VERSION: &str = "2024-08-01-preview";
const CONNECTORS: &str = "Microsoft.Security/securityConnectors";
/// What the role `ConnectorOnly` of `azure/identity.bicep` grants.
const CONNECTOR_RIGHTS: [&str; 6] = [
    "Microsoft.Security/securityConnectors/read",
    "Microsoft.Security/securityConnectors/write",
    "Microsoft.Security/securityConnectors/delete",
    "Microsoft.Security/connectors/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Resources/subscriptions/providers/read",
];

/// The Azure side of a demo: where the connector goes and who may write it.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Entra tenant.
    pub tenant: &'static str,
    /// The application that our functions sign in as.
    pub client: &'static str,
    /// Another application, with the right to read, for looking at what was made.
    pub auditor: &'static str,
    /// The auditor's secret, made up for this run.
    pub auditor_secret: String,
    /// Subscription.
    pub subscription: &'static str,
    /// Resource group.
    pub resource_group: &'static str,
    /// Location, as ARM spells it.
    pub location: &'static str,
}

/// Who may sign in as the application without a secret.
#[derive(Debug)]
pub struct FederatedCredential<'a> {
    /// Issuer of the AWS account.
    pub issuer: &'a str,
    /// ARN of the role that signs in.
    pub subject: &'a str,
}

/// The Azure double at a base URL.
#[derive(Debug)]
pub struct Azure {
    base: String,
    agent: Agent,
}

/// A security connector, as ARM lists it.
#[derive(Debug, Deserialize)]
pub struct Connector {
    /// ARM id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Everything else that is shown.
    pub properties: Properties,
}

/// The part of a connector's properties that is shown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    /// The AWS account.
    pub hierarchy_identifier: String,
    /// Plans.
    pub offerings: Vec<Value>,
    /// Scan interval and regions.
    pub environment_data: Value,
}

impl Azure {
    /// Nothing is sent yet.
    pub fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            agent: http::agent(Duration::from_secs(30)),
        }
    }

    /// Makes tenant, applications, federated credential, subscription and role assignments.
    pub fn prepare(
        &self,
        directory: &Directory,
        credential: &FederatedCredential<'_>,
    ) -> Result<()> {
        let tenant = json!({
            "tenantId": directory.tenant,
            "applications": [
                {"clientId": directory.client, "clientSecrets": [], "federatedCredentials": [{
                    "issuer": credential.issuer,
                    "subject": credential.subject,
                    "audience": "api://AzureADTokenExchange",
                }]},
                {"clientId": directory.auditor, "clientSecrets": [directory.auditor_secret],
                 "federatedCredentials": []},
            ],
        });
        self.admin("/_double/tenants", &tenant)?;
        let subscription = json!({
            "subscriptionId": directory.subscription,
            "tenantId": directory.tenant,
            "resourceGroups": [directory.resource_group],
            "locations": ["East US", "West Europe", "North Europe"],
            "registrationState": "Registered",
            "rights": [
                {"clientId": directory.client, "actions": CONNECTOR_RIGHTS},
                {"clientId": directory.auditor, "actions": [CONNECTOR_RIGHTS[0]]},
            ],
        });
        self.admin("/_double/subscriptions", &subscription)
    }

    /// All connectors of the subscription, read by the auditor.
    pub fn connectors(&self, directory: &Directory) -> Result<Vec<Connector>> {
        let token = self.sign_in(directory)?;
        let mut url = format!(
            "{}/subscriptions/{}/providers/{CONNECTORS}?api-version={API_VERSION}",
            self.base, directory.subscription
        );
        let mut connectors = Vec::new();
        loop {
            let request = self
                .agent
                .get(&url)
                .header("authorization", format!("Bearer {token}"));
            let page: Page = serde_json::from_value(answer("list of connectors", request.call())?)
                .context("the list of connectors cannot be read")?;
            connectors.extend(page.value);
            match page.next_link {
                Some(next) => url = next,
                None => return Ok(connectors),
            }
        }
    }

    /// How many requests changed something in the subscription.
    pub fn writes(&self, directory: &Directory) -> Result<usize> {
        let url = format!(
            "{}/_double/requests?subscription={}",
            self.base, directory.subscription
        );
        Ok(count_writes(&http::get(&url)?))
    }

    fn sign_in(&self, directory: &Directory) -> Result<String> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", directory.auditor),
            ("client_secret", &directory.auditor_secret),
            ("scope", "https://management.azure.com/.default"),
        ];
        let url = format!("{}/{}/oauth2/v2.0/token", self.base, directory.tenant);
        let granted = answer("auditor's sign-in", self.agent.post(&url).send_form(form))?;
        let token = granted["access_token"]
            .as_str()
            .context("the sign-in gave no token")?;
        Ok(token.to_owned())
    }

    fn admin(&self, path: &str, body: &Value) -> Result<()> {
        let sent = self
            .agent
            .post(format!("{}{path}", self.base))
            .send_json(body);
        answer(path, sent).map(drop)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    value: Vec<Connector>,
    next_link: Option<String>,
}

fn count_writes(requests: &Value) -> usize {
    let all = requests.as_array().map_or(&[] as &[Value], Vec::as_slice);
    let write = |request: &&Value| {
        let success = request["status"]
            .as_u64()
            .is_some_and(|status| status < 300);
        success && matches!(request["method"].as_str(), Some("PUT" | "PATCH" | "DELETE"))
    };
    all.iter().filter(write).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A demo with more rights than a customer grants would prove nothing.
    #[test]
    fn the_demo_s_rights_are_those_of_the_role_connector_only() {
        let bicep = include_str!("../../azure/identity.bicep");
        let (_, after) = bicep.split_once("actions: [").unwrap();
        let (actions, _) = after.split_once(']').unwrap();
        let lines = actions.lines().map(str::trim);
        let mut granted: Vec<&str> = lines
            .filter_map(|line| line.strip_prefix('\'')?.strip_suffix('\''))
            .collect();
        let mut ours = CONNECTOR_RIGHTS.to_vec();
        granted.sort_unstable();
        ours.sort_unstable();
        assert_eq!(granted, ours);
    }

    #[test]
    fn only_requests_that_changed_something_are_writes() {
        let requests = json!([
            {"method": "GET", "path": "/a", "status": 200},
            {"method": "PUT", "path": "/a", "status": 201},
            {"method": "PUT", "path": "/a", "status": 429},
            {"method": "DELETE", "path": "/a", "status": 204},
        ]);
        assert_eq!(count_writes(&requests), 2);
        assert_eq!(count_writes(&Value::Null), 0);
    }
}
