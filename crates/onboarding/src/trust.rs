//! Whether Defender could assume a role: our own look, for where the service's answer is opaque.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::plans::{CiemSubject, ExternalId};
use crate::provider::{AUDIENCE_CIEM, AUDIENCES, Provider};
use crate::roles::RoleTrust;
use crate::{AccountId, Partition, RoleArn, RoleKey, TenantId};

mod policy;

use policy::{Principal, condition_admits, external_id, statements_for};

/// A role as IAM shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenRole {
    /// Its trust policy.
    pub trust: Value,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl SeenRole {
    /// The external id that the trust policy asks for, where one statement does and it is a GUID
    /// of the customer's own.
    pub fn external_id(&self) -> Option<ExternalId> {
        external_id(&self.trust)?.parse().ok()
    }
}

/// What keeps Defender from assuming a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// No statement lets this provider's identities assume it.
    #[error("its trust policy does not allow sts:AssumeRoleWithWebIdentity to {0}")]
    Provider(String),
    /// The audience is missing or another one.
    #[error("its trust policy does not admit the audience {0}")]
    Audience(String),
    /// The session name is missing or another one.
    #[error("its trust policy does not require sts:RoleSessionName = {0}")]
    SessionName(String),
    /// The subject is missing or another one.
    #[error("its trust policy does not require the subject {0}")]
    Subject(String),
    /// An AWS service, or another role, may not assume it.
    #[error("its trust policy does not allow sts:AssumeRole to {0}")]
    Principal(String),
    /// The external id is missing or another one.
    #[error("its trust policy does not admit sts:ExternalId = {0}")]
    ExternalId(String),
}

/// The session name that Defender uses for a tenant.
pub fn session_name(tenant: &TenantId) -> String {
    format!("MicrosoftDefenderForClouds_{tenant}")
}

/// What the roles of an account have to trust.
#[derive(Debug, Clone)]
pub struct Trusted {
    /// The account.
    pub account: AccountId,
    /// Its partition.
    pub partition: Partition,
    /// The customer's tenant.
    pub tenant: TenantId,
    /// The subject of the CIEM application, where CIEM is on.
    pub ciem_subject: Option<CiemSubject>,
    /// The role that CIEM's application signs in with.
    pub ciem_oidc_role: RoleArn,
    /// The external id that the connector names.
    pub external_id: Option<ExternalId>,
}

impl Trusted {
    /// The first defect of a role's trust policy, `None` when its user could assume it.
    pub fn defect(&self, role: &SeenRole, key: RoleKey) -> Option<Defect> {
        let trust = &role.trust;
        let defect = match key.facts().trust {
            RoleTrust::Defender(audience) => self.defender(trust, &[audience]),
            RoleTrust::DefenderAnyAudience => self.defender(trust, &AUDIENCES),
            RoleTrust::Service(service) => assumed(trust, Principal::Service(service), None),
            RoleTrust::ServiceForAccount(service) => assumed(
                trust,
                Principal::Service(service),
                Some(self.account.as_str()),
            ),
            RoleTrust::CiemApplication => self.ciem_application(trust),
            RoleTrust::CiemOidcRole => {
                assumed(trust, Principal::Aws(self.ciem_oidc_role.as_str()), None)
            }
        };
        defect.or_else(|| self.external_id_defect(trust, key))
    }

    fn defender(&self, trust: &Value, audiences: &[&str]) -> Option<Defect> {
        let admitting = match self.web_identity(trust, &Provider::Defender, audiences) {
            Ok(admitting) => admitting,
            Err(defect) => return Some(defect),
        };
        let session = session_name(&self.tenant);
        let named = admitting
            .iter()
            .any(|s| condition_admits(s, "sts:RoleSessionName", &session));
        (!named).then_some(Defect::SessionName(session))
    }

    fn ciem_application(&self, trust: &Value) -> Option<Defect> {
        let provider = Provider::Ciem(self.tenant.clone());
        let admitting = match self.web_identity(trust, &provider, &[AUDIENCE_CIEM]) {
            Ok(admitting) => admitting,
            Err(defect) => return Some(defect),
        };
        let subject = self.ciem_subject.as_ref()?;
        let key = format!("{}:sub", provider.host_path());
        let named = admitting
            .iter()
            .any(|s| condition_admits(s, &key, subject.as_str()));
        (!named).then(|| Defect::Subject(subject.to_string()))
    }

    /// The statements that admit tokens of a provider for one of the audiences.
    fn web_identity<'a>(
        &self,
        trust: &'a Value,
        provider: &Provider,
        audiences: &[&str],
    ) -> Result<Vec<&'a Value>, Defect> {
        let arn = provider.arn(&self.partition, &self.account);
        let action = "sts:AssumeRoleWithWebIdentity";
        let trusting = statements_for(trust, action, Principal::Federated(&arn));
        if trusting.is_empty() {
            return Err(Defect::Provider(arn));
        }
        let key = format!("{}:aud", provider.host_path());
        let admits = |statement: &&Value| {
            audiences
                .iter()
                .any(|audience| condition_admits(statement, &key, audience))
        };
        let admitting: Vec<&Value> = trusting.into_iter().filter(admits).collect();
        if admitting.is_empty() {
            return Err(Defect::Audience(audiences.join(" or ")));
        }
        Ok(admitting)
    }

    /// The connector's external id has to be the one that the data collection role asks for.
    fn external_id_defect(&self, trust: &Value, key: RoleKey) -> Option<Defect> {
        let wanted = self.external_id.as_ref()?;
        if key != RoleKey::ContainersDataCollection {
            return None;
        }
        // Without such a statement the role is for Defender's tokens alone.
        let asked = external_id(trust)?;
        (!asked.eq_ignore_ascii_case(wanted.as_str()))
            .then(|| Defect::ExternalId(wanted.to_string()))
    }
}

fn assumed(trust: &Value, principal: Principal<'_>, external_id: Option<&str>) -> Option<Defect> {
    let trusting = statements_for(trust, "sts:AssumeRole", principal);
    if trusting.is_empty() {
        return Some(Defect::Principal(principal.to_string()));
    }
    let external_id = external_id?;
    let admitted = trusting
        .iter()
        .any(|s| condition_admits(s, "sts:ExternalId", external_id));
    (!admitted).then(|| Defect::ExternalId(external_id.to_owned()))
}

#[cfg(test)]
mod tests;
