//! What Defender for Cloud does inside a PUT: it looks whether it could work in the AWS account.

use serde_json::Value;
use uuid::Uuid;

use super::aws_view::AwsView;
use super::schema::{self, Trust};
use super::traverse::{NamedRole, roles};
use super::trust::{Attempt, lets_in};

/// The tenant whose tokens Defender presents to AWS.
pub(crate) const DEFENDER_TENANT: &str = "33e01921-4d64-4f8c-a055-5bdaffd5e33d";

/// Why a connector is refused: what the service says, and what it keeps to itself.
#[derive(Debug)]
pub(crate) struct Finding {
    pub public: String,
    pub reason: String,
}

/// Looks for the identity providers and roles that the connector relies on.
pub(crate) async fn inspect(
    http: &reqwest::Client,
    aws: &AwsView,
    tenant_id: &str,
    document: &Value,
) -> Result<(), Finding> {
    if matches!(aws, AwsView::NotLookedAt) {
        return Ok(());
    }
    let account = document["properties"]["hierarchyIdentifier"]
        .as_str()
        .unwrap_or_default();
    let named = roles(schema::connector(), document, "");
    let looking = Looking {
        http,
        aws,
        account,
        tenant_id,
    };
    for role in &named {
        looking.check_provider(role).await?;
    }
    for role in &named {
        looking.check_role(role, &named).await?;
    }
    Ok(())
}

struct Looking<'a> {
    http: &'a reqwest::Client,
    aws: &'a AwsView,
    account: &'a str,
    tenant_id: &'a str,
}

impl Looking<'_> {
    async fn check_provider(&self, role: &NamedRole) -> Result<(), Finding> {
        let (tenant, audience) = match &role.trust {
            Trust::Defender(audience) => (DEFENDER_TENANT, audience),
            Trust::CustomerTenant(audience) => (self.tenant_id, audience),
            Trust::Service(_) | Trust::CiemOidcRole => return Ok(()),
        };
        let arn = provider_arn(partition(&role.arn), self.account, tenant);
        let audiences = self
            .aws
            .audiences(self.http, self.account, &arn)
            .await
            .map_err(|error| opaque(&error))?;
        let missing = match audiences {
            None => format!("there is no {arn}"),
            Some(audiences) if !audiences.contains(audience) => {
                format!("{arn} lacks the audience {audience}")
            }
            Some(_) => return Ok(()),
        };
        Err(Finding {
            public: format!(
                "Identity provider is missing from AWS account/s {}",
                self.account
            ),
            reason: missing,
        })
    }

    async fn check_role(&self, role: &NamedRole, named: &[NamedRole]) -> Result<(), Finding> {
        let Some(name) = role_name(&role.arn, self.account) else {
            return Err(opaque(&format!(
                "{} at {} is no role of account {}",
                role.arn, role.path, self.account
            )));
        };
        let found = self
            .aws
            .role(self.http, self.account, name)
            .await
            .map_err(|error| opaque(&error))?;
        match found {
            Some(found) if found.arn != role.arn => Err(opaque(&format!(
                "{} is not the role's ARN, {}",
                role.arn, found.arn
            ))),
            Some(found) if lets_in(&found.trust, &self.attempt(role, named)) => Ok(()),
            Some(_) => Err(opaque(&format!(
                "the trust policy of {} keeps its user out",
                role.arn
            ))),
            None => Err(opaque(&format!("there is no {} ({})", role.arn, role.path))),
        }
    }

    fn attempt(&self, role: &NamedRole, named: &[NamedRole]) -> Attempt {
        match &role.trust {
            Trust::Defender(audience) => {
                let mut attempt = self.web_identity(role, DEFENDER_TENANT, audience);
                let session = format!("MicrosoftDefenderForClouds_{}", self.tenant_id);
                attempt
                    .context
                    .push(("sts:rolesessionname".to_owned(), Some(session)));
                // IAM no longer takes a trust for this issuer without it.
                attempt.required.push("sts:rolesessionname".to_owned());
                attempt
            }
            Trust::CustomerTenant(audience) => {
                let mut attempt = self.web_identity(role, self.tenant_id, audience);
                let subject = format!("sts.windows.net/{}/:sub", self.tenant_id);
                attempt.context.push((subject.to_ascii_lowercase(), None));
                attempt
            }
            Trust::Service(service) => self.assumed(("Service", service.clone())),
            Trust::CiemOidcRole => {
                let oidc = named
                    .iter()
                    .find(|one| matches!(one.trust, Trust::CustomerTenant(_)));
                self.assumed(("AWS", oidc.map(|one| one.arn.clone()).unwrap_or_default()))
            }
        }
    }

    fn web_identity(&self, role: &NamedRole, tenant: &str, audience: &str) -> Attempt {
        let key = format!("sts.windows.net/{tenant}/:aud").to_ascii_lowercase();
        let provider = provider_arn(partition(&role.arn), self.account, tenant);
        Attempt {
            action: "sts:AssumeRoleWithWebIdentity",
            principal: ("Federated", provider),
            context: vec![(key.clone(), Some(audience.to_owned()))],
            required: vec![key],
        }
    }

    fn assumed(&self, principal: (&'static str, String)) -> Attempt {
        let account = Some(self.account.to_owned());
        Attempt {
            action: "sts:AssumeRole",
            principal,
            context: vec![
                ("sts:externalid".to_owned(), account.clone()),
                ("aws:sourceaccount".to_owned(), account),
            ],
            required: Vec::new(),
        }
    }
}

/// The trailing slash belongs to the provider's ARN.
pub(crate) fn provider_arn(partition: &str, account: &str, tenant: &str) -> String {
    format!("arn:{partition}:iam::{account}:oidc-provider/sts.windows.net/{tenant}/")
}

fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or("aws")
}

/// The last part of the ARN of a role in this account.
fn role_name<'a>(arn: &'a str, account: &str) -> Option<&'a str> {
    let mut parts = arn.splitn(6, ':');
    let fits = parts.next() == Some("arn")
        && parts
            .next()
            .is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some("iam")
        && parts.next() == Some("")
        && parts.next() == Some(account);
    let role = parts.next()?.strip_prefix("role/")?;
    role.rsplit('/')
        .next()
        .filter(|name| fits && !name.is_empty())
}

/// The service does not say what is wrong with a role.
fn opaque(reason: &str) -> Finding {
    Finding {
        public: format!(
            "failed to validate the environment, tracing id: {}",
            Uuid::new_v4()
        ),
        reason: reason.to_owned(),
    }
}
