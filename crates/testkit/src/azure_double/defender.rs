//! What Defender for Cloud does inside a PUT: it looks whether it could work in the AWS account.

use serde_json::Value;
use uuid::Uuid;

use super::aws_view::{AwsView, SeenRole};
use super::permissions;
use super::roles::{self, Place, Trust};
use super::schema;
use super::traverse::{NamedRole, named_roles};
use super::trust::lets_in;

mod arc_machine;
pub(crate) mod arc_provisioning;
mod attempts;
pub(crate) mod discovery;

use attempts::Parties;

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
    let mut named = named_roles(schema::connector(), document, "");
    // Plans share roles; looking once is enough.
    named.sort_by(|one, other| (&one.role.name, &one.arn).cmp(&(&other.role.name, &other.arn)));
    named.dedup_by(|one, other| one.role == other.role && one.arn == other.arn);
    let looking = Looking {
        http,
        aws,
        account,
        tenant_id,
        document,
        named: &named,
    };
    for role in &named {
        looking.check_provider(role).await?;
    }
    for role in &named {
        looking.check_role(role).await?;
    }
    Ok(())
}

struct Looking<'a> {
    http: &'a reqwest::Client,
    aws: &'a AwsView,
    account: &'a str,
    tenant_id: &'a str,
    document: &'a Value,
    named: &'a [NamedRole],
}

impl Looking<'_> {
    /// One role, with the provider that it trusts.
    async fn check(&self, role: &NamedRole) -> Result<(), Finding> {
        self.check_provider(role).await?;
        self.check_role(role).await
    }

    async fn check_provider(&self, named: &NamedRole) -> Result<(), Finding> {
        let (tenant, audience) = match &named.role.trust {
            Trust::Defender(audience) => (DEFENDER_TENANT, audience),
            Trust::CustomerTenant(audience) => (self.tenant_id, audience),
            Trust::Service { .. } | Trust::CiemOidcRole => return Ok(()),
        };
        let arn = provider_arn(partition(&named.arn), self.account, tenant);
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

    async fn check_role(&self, named: &NamedRole) -> Result<(), Finding> {
        let found = self.find(named).await.map_err(|reason| opaque(&reason))?;
        self.check_trust(named, &found)
            .and_then(|()| self.check_permissions(named, &found))
            .map_err(|reason| opaque(&reason))
    }

    async fn find(&self, named: &NamedRole) -> Result<SeenRole, String> {
        let Some(name) = role_name(&named.arn, self.account) else {
            return Err(format!(
                "{} at {} is no role of account {}",
                named.arn, named.path, self.account
            ));
        };
        match self.aws.role(self.http, self.account, name).await? {
            Some(found) if found.arn == named.arn => Ok(found),
            Some(found) => Err(format!(
                "{} is not the role's ARN, {}",
                named.arn, found.arn
            )),
            None => Err(format!("there is no {} ({})", named.arn, named.path)),
        }
    }

    fn check_trust(&self, named: &NamedRole, found: &SeenRole) -> Result<(), String> {
        let parties = Parties {
            account: self.account,
            tenant_id: self.tenant_id,
            ciem_oidc_role: self.arn_of("ciemOidc"),
            external_id: self.external_id(named),
        };
        let refused = parties
            .attempts(named)?
            .into_iter()
            .find(|attempt| !lets_in(&found.trust, attempt));
        match refused {
            None => Ok(()),
            Some(attempt) => Err(format!(
                "the trust policy of {} keeps its user out: {} by {}",
                named.arn, attempt.action, attempt.principal.1
            )),
        }
    }

    fn check_permissions(&self, named: &NamedRole, found: &SeenRole) -> Result<(), String> {
        let place = Place {
            partition: partition(&named.arn),
            account: self.account,
            ciem_discovery_role: self.arn_of("ciem"),
            offerings: self.document["properties"]["offerings"]
                .as_array()
                .map(Vec::as_slice),
        };
        let missing = named
            .role
            .uses(place)
            .find(|wanted| !permissions::allow(&found.policies, wanted));
        match missing {
            None => Ok(()),
            Some(wanted) => Err(format!(
                "{} may not do {} on {}",
                named.arn, wanted.action, wanted.resource
            )),
        }
    }

    /// The ARN that the connector has for a role.
    fn arn_of(&self, key: &str) -> Option<&str> {
        let role = roles::get(key);
        let named = self.named.iter().find(|one| one.role == role)?;
        Some(&named.arn)
    }

    /// What the role's external user presents, from the offering's own field.
    fn external_id(&self, named: &NamedRole) -> Option<&str> {
        let field = &named.role.user.as_ref()?.external_id_in;
        let offerings = self.document["properties"]["offerings"].as_array()?;
        offerings
            .iter()
            .find_map(|offering| offering.get(field)?.as_str())
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
