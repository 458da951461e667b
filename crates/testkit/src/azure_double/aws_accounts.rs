//! AWS accounts as a test describes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::aws_instances::AwsInstance;
use super::aws_organization::AwsOrganization;
use super::defender::{DEFENDER_TENANT, provider_arn};
use super::roles::{self, Place, Role, Trust, defender_audiences};

/// The external id in the trust of a described account's data collection role.
pub const DATA_COLLECTION_EXTERNAL_ID: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
/// The subject in the trust of a described account's CIEM role.
pub const CIEM_SUBJECT: &str = "f0e1d2c3-b4a5-4697-8877-665544332211";

/// A role with its policies.
#[derive(Clone, Debug)]
pub struct AwsRole {
    /// Full ARN.
    pub arn: String,
    /// The trust policy document.
    pub trust: Value,
    /// Inline policies.
    pub policies: Vec<Value>,
    /// ARNs of attached policies. Of AWS's own the double has those that Defender's roles use;
    /// any other grants nothing.
    pub attached: Vec<String>,
}

/// One account: its identity providers by ARN, roles by name and instances by Region.
#[derive(Clone, Debug, Default)]
pub struct AwsAccount {
    /// Audiences by provider ARN.
    pub providers: BTreeMap<String, Vec<String>>,
    /// Roles by name.
    pub roles: BTreeMap<String, AwsRole>,
    /// Instances by Region.
    pub instances: BTreeMap<String, Vec<AwsInstance>>,
}

impl AwsAccount {
    /// Defender's provider with all audiences and the role of foundational CSPM.
    pub fn onboarded(account_id: &str, tenant_id: &str) -> Self {
        let provider = provider_arn("aws", account_id, DEFENDER_TENANT);
        let mut account = Self::default();
        account.providers.insert(provider, defender_audiences());
        account.with_defender_role(account_id, tenant_id, roles::get("cspmMonitor"))
    }

    /// Both providers and every role that some plan needs, under Microsoft's names.
    pub fn onboarded_for_all_plans(account_id: &str, tenant_id: &str) -> Self {
        let mut account = Self::onboarded(account_id, tenant_id);
        for role in roles::all() {
            if let Trust::CustomerTenant(audience) = &role.trust {
                let provider = provider_arn("aws", account_id, tenant_id);
                account.providers.insert(provider, vec![audience.clone()]);
            }
            account = account.with_defender_role(account_id, tenant_id, role);
        }
        account
    }

    /// The trust that Defender needs for one audience.
    pub fn defender_trust(account_id: &str, tenant_id: &str, audience: &str) -> Value {
        let session = format!("MicrosoftDefenderForClouds_{tenant_id}");
        let condition = json!({ "StringLike": {
            format!("sts.windows.net/{DEFENDER_TENANT}/:aud"): audience,
            "sts:RoleSessionName": session,
        } });
        policy(&[web_identity(account_id, DEFENDER_TENANT, &condition)])
    }

    /// Adds or replaces a role, which may do nothing yet.
    #[must_use]
    pub fn with_role(mut self, account_id: &str, name: &str, trust: Value) -> Self {
        let role = AwsRole {
            arn: role_arn(account_id, name),
            trust,
            policies: Vec::new(),
            attached: Vec::new(),
        };
        self.roles.insert(name.to_owned(), role);
        self
    }

    /// Adds an instance.
    #[must_use]
    pub fn with_instance(mut self, region: &str, instance: AwsInstance) -> Self {
        let others = self.instances.entry(region.to_owned()).or_default();
        others.push(instance);
        self
    }

    /// A role of the account, to be changed.
    pub fn role_mut(&mut self, name: &str) -> &mut AwsRole {
        self.roles
            .get_mut(name)
            .unwrap_or_else(|| panic!("the account has no role {name}"))
    }

    fn with_defender_role(self, account_id: &str, tenant_id: &str, role: &Role) -> Self {
        let trust = trust(account_id, tenant_id, role);
        let mut account = self.with_role(account_id, &role.name, trust);
        account
            .role_mut(&role.name)
            .policies
            .push(grants(account_id, role));
        account
    }
}

/// The trust that lets everyone in who must come, and nobody else.
fn trust(account_id: &str, tenant_id: &str, role: &Role) -> Value {
    let mut document = match &role.trust {
        Trust::Defender(audience) => AwsAccount::defender_trust(account_id, tenant_id, audience),
        Trust::CustomerTenant(audience) => {
            let issuer = format!("sts.windows.net/{tenant_id}/");
            let condition = json!({ "StringEquals": {
                format!("{issuer}:aud"): audience,
                format!("{issuer}:sub"): CIEM_SUBJECT,
            } });
            policy(&[web_identity(account_id, tenant_id, &condition)])
        }
        Trust::Service {
            principal,
            brings_external_id,
        } => {
            let key = if *brings_external_id {
                "sts:ExternalId"
            } else {
                "aws:SourceAccount"
            };
            let condition = json!({ "StringEquals": { key: account_id } });
            policy(&[assumed_by(&json!({ "Service": principal }), &condition)])
        }
        Trust::CiemOidcRole => {
            let oidc = role_arn(account_id, &roles::get("ciemOidc").name);
            policy(&[assumed_by(&json!({ "AWS": oidc }), &json!({}))])
        }
    };
    if let (Some(user), Some(all)) = (&role.user, document["Statement"].as_array_mut()) {
        let condition =
            json!({ "StringEquals": { "sts:ExternalId": DATA_COLLECTION_EXTERNAL_ID } });
        all.push(assumed_by(&json!({ "AWS": user.arn }), &condition));
    }
    document
}

/// What the role needs and no more.
fn grants(account_id: &str, role: &Role) -> Value {
    let discovery = role_arn(account_id, &roles::get("ciem").name);
    let place = Place {
        partition: "aws",
        account: account_id,
        ciem_discovery_role: Some(&discovery),
        offerings: None,
    };
    let granted: Vec<Value> = role
        .uses(place)
        .map(|one| json!({ "Effect": "Allow", "Action": one.action, "Resource": one.resource }))
        .collect();
    policy(&granted)
}

fn policy(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn web_identity(account_id: &str, tenant_id: &str, condition: &Value) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": { "Federated": provider_arn("aws", account_id, tenant_id) },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    })
}

fn assumed_by(principal: &Value, condition: &Value) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sts:AssumeRole",
        "Condition": condition,
    })
}

fn role_arn(account_id: &str, name: &str) -> String {
    format!("arn:aws:iam::{account_id}:role/{name}")
}

/// Accounts by id; clones share their content, so a test can change it under way.
#[derive(Clone, Debug, Default)]
pub struct AwsAccounts {
    accounts: Arc<Mutex<BTreeMap<String, AwsAccount>>>,
    organizations: Arc<Mutex<BTreeMap<String, AwsOrganization>>>,
}

impl AwsAccounts {
    /// Adds or replaces an account.
    pub fn set(&self, account_id: &str, account: AwsAccount) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account_id.to_owned(), account);
    }

    /// Adds an organization, or replaces the one that its account manages.
    pub fn set_organization(&self, organization: AwsOrganization) {
        let all = self.organizations.lock();
        let mut all = all.unwrap_or_else(PoisonError::into_inner);
        all.insert(organization.management_account.clone(), organization);
    }

    /// The organization that an account is in.
    pub(crate) fn organization(&self, account_id: &str) -> Option<AwsOrganization> {
        let all = self.organizations.lock();
        let all = all.unwrap_or_else(PoisonError::into_inner);
        all.values()
            .find(|one| one.accounts.contains_key(account_id))
            .cloned()
    }

    pub(crate) fn get(&self, account_id: &str) -> Option<AwsAccount> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(account_id).cloned()
    }
}
