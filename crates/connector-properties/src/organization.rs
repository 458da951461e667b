//! `Organization`: the part of a management account's connector by which Defender registers the
//! members of its organization itself.

use custom_resource::scalars;
use onboarding::AccountId;
use onboarding::connector::WantedOrganization;
use serde::Deserialize;

/// The stack set that lays Defender's roles in the members, and who is left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OrganizationProperties {
    /// The name of the stack set.
    pub stack_set_name: StackSetName,
    /// Accounts that are left out.
    #[serde(default, deserialize_with = "scalars::list")]
    pub excluded_account_ids: Vec<AccountId>,
}

impl OrganizationProperties {
    /// As the connector has it.
    pub fn wanted(&self) -> WantedOrganization {
        WantedOrganization {
            stack_set_name: self.stack_set_name.0.clone(),
            excluded_account_ids: self.excluded_account_ids.iter().cloned().collect(),
        }
    }
}

/// A name that `CloudFormation` takes for a stack set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct StackSetName(String);

impl TryFrom<String> for StackSetName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let begins = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic());
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if begins && text.len() <= 128 && text.bytes().all(fits) {
            Ok(Self(text))
        } else {
            Err("expected the name of a stack set: a letter, then up to 127 letters, digits or '-'")
        }
    }
}
