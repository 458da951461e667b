//! How those who use a role will try to assume it.

use super::super::policy::Brought;
use super::super::roles::Trust;
use super::super::traverse::NamedRole;
use super::super::trust::Attempt;
use super::{DEFENDER_TENANT, partition, provider_arn};

/// Who is involved in a connector, as its trusts see it.
pub(super) struct Parties<'a> {
    pub account: &'a str,
    pub tenant_id: &'a str,
    /// The role that `ciem.ciemOidc` names.
    pub ciem_oidc_role: Option<&'a str>,
    /// What the external user of this role presents, if it comes at all.
    pub external_id: Option<&'a str>,
}

impl Parties<'_> {
    /// Every attempt that must succeed. `Err` where nobody is there to make it.
    pub(super) fn attempts(&self, named: &NamedRole) -> Result<Vec<Attempt>, String> {
        let first = match &named.role.trust {
            Trust::Defender(audience) => self.defender(named, audience),
            Trust::CustomerTenant(audience) => self.customer_tenant(named, audience),
            Trust::Service {
                principal,
                brings_external_id,
            } => self.service(principal, *brings_external_id),
            Trust::CiemOidcRole => {
                let oidc = self.ciem_oidc_role.ok_or_else(|| {
                    format!(
                        "{} is for the role of ciem.ciemOidc: none is named",
                        named.arn
                    )
                })?;
                assumed(("AWS", oidc.to_owned()))
            }
        };
        let external = named.role.user.as_ref().zip(self.external_id);
        let second = external
            .map(|(user, id)| assumed(("AWS", user.arn.clone())).bringing("sts:ExternalId", id));
        Ok([first].into_iter().chain(second).collect())
    }

    fn defender(&self, named: &NamedRole, audience: &str) -> Attempt {
        let session = format!("MicrosoftDefenderForClouds_{}", self.tenant_id);
        // IAM no longer takes a trust for this issuer without it.
        self.web_identity(named, DEFENDER_TENANT, audience)
            .bringing("sts:RoleSessionName", &session)
    }

    /// Any application of the tenant can get a token for the audience, so the subject must be
    /// asked for. Whose it is only the customer knows.
    fn customer_tenant(&self, named: &NamedRole, audience: &str) -> Attempt {
        let mut attempt = self.web_identity(named, self.tenant_id, audience);
        let subject = format!("sts.windows.net/{}/:sub", self.tenant_id);
        attempt.context.push((subject.clone(), Brought::Guid));
        attempt.required.push(subject);
        attempt
    }

    /// Services say for whom they act; a trust need not ask, but where an external id is brought
    /// Microsoft's own onboarding does.
    fn service(&self, principal: &str, brings_external_id: bool) -> Attempt {
        let mut attempt = assumed(("Service", principal.to_owned()));
        let account = Brought::Value(self.account.to_owned());
        attempt.context = vec![
            ("aws:SourceAccount".to_owned(), account),
            ("aws:SourceArn".to_owned(), Brought::AnyValue),
        ];
        if brings_external_id {
            attempt.bringing("sts:ExternalId", self.account)
        } else {
            attempt
        }
    }

    fn web_identity(&self, named: &NamedRole, tenant: &str, audience: &str) -> Attempt {
        let provider = provider_arn(partition(&named.arn), self.account, tenant);
        Attempt {
            action: "sts:AssumeRoleWithWebIdentity",
            principal: ("Federated", provider),
            context: Vec::new(),
            required: Vec::new(),
        }
        .bringing(&format!("sts.windows.net/{tenant}/:aud"), audience)
    }
}

fn assumed(principal: (&'static str, String)) -> Attempt {
    Attempt {
        action: "sts:AssumeRole",
        principal,
        context: Vec::new(),
        required: Vec::new(),
    }
}

impl Attempt {
    /// Brings a value that the trust must ask for.
    fn bringing(mut self, key: &str, value: &str) -> Self {
        let value = Brought::Value(value.to_owned());
        self.context.push((key.to_owned(), value));
        self.required.push(key.to_owned());
        self
    }
}
