//! An organization, as its management account shows it.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::StatusCode;
use serde::Deserialize;

/// The service that `StackSets` act as in member accounts, where they may.
pub const STACK_SETS: &str = "member.org.stacksets.cloudformation.amazonaws.com";

/// One organization with its accounts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwsOrganization {
    /// The account that manages it.
    pub management_account: String,
    /// The services that are trusted in it, by principal.
    pub services: BTreeSet<String>,
    /// All accounts by id, the management account among them.
    pub accounts: BTreeMap<String, AwsMember>,
}

/// One account of an organization.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct AwsMember {
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `SUSPENDED`, ….
    pub state: String,
    /// The id of the root or unit that it is in.
    pub parent: String,
}

impl AwsOrganization {
    /// Active accounts in the root of an organization that trusts `StackSets`.
    pub fn of<'a>(management: &'a str, members: impl IntoIterator<Item = &'a str>) -> Self {
        let in_root = |id: &str| {
            let member = AwsMember {
                name: format!("account {id}"),
                state: "ACTIVE".to_owned(),
                parent: "r-root".to_owned(),
            };
            (id.to_owned(), member)
        };
        let all = members.into_iter().chain([management]);
        Self {
            management_account: management.to_owned(),
            services: [STACK_SETS.to_owned()].into(),
            accounts: all.map(in_root).collect(),
        }
    }
}

/// Asks the local cloud, which is in nobody's account and needs no rights. `None` where the account
/// is in no organization.
pub(crate) async fn ask(
    http: &reqwest::Client,
    endpoint: &str,
    account: &str,
) -> Result<Option<AwsOrganization>, String> {
    let endpoint = endpoint.trim_end_matches('/');
    let response = http
        .get(format!("{endpoint}/_local_cloud/organization"))
        .query(&[("account", account)])
        .send()
        .await
        .map_err(|error| format!("the local cloud did not tell of the organization: {error}"))?;
    let status = response.status();
    let text = response.text().await.map_err(|error| error.to_string())?;
    if status == StatusCode::BAD_REQUEST && text.contains("is in no organization") {
        return Ok(None);
    }
    if !status.is_success() {
        return Err(format!(
            "the local cloud told of the organization with HTTP {status}"
        ));
    }
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| format!("what the local cloud tells of the organization: {error}"))
}
