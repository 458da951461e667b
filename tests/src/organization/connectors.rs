//! Which accounts of an organization are connected.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::Value;

use super::Organization;
use crate::account::Account;
use crate::until;

const FOLLOWED_WITHIN: Duration = Duration::from_mins(3);

impl Organization<'_> {
    /// The accounts that have a connector, each of which has one only.
    pub async fn connected(&self) -> Result<BTreeSet<String>> {
        let connectors = self.management.azure.connectors().await?;
        let mut accounts = BTreeSet::new();
        for connector in &connectors {
            let account = account_of(connector);
            ensure!(
                accounts.insert(account.clone()),
                "account {account} has two connectors: {connectors:#?}"
            );
        }
        Ok(accounts)
    }

    /// Has Defender look at the organization, as it does within a day.
    pub async fn discover(&self) -> Result<Value> {
        let azure = &self.management.azure;
        let subscription = &azure.tenancy.subscription;
        let path = format!("defender/discovery?subscription={subscription}");
        azure.admin(Method::POST, &path, None).await
    }

    /// Waits until an account is connected, or no longer is.
    pub async fn until_connected(&self, account: &Account, expected: bool) -> Result<()> {
        let state = if expected { "there" } else { "gone" };
        let what = format!("the connector of account {} to be {state}", account.id);
        until(&what, FOLLOWED_WITHIN, async || {
            let connected = self.connected().await?.contains(&account.id);
            Ok((connected == expected).then_some(()))
        })
        .await
    }
}

fn account_of(connector: &Value) -> String {
    let account = connector["properties"]["hierarchyIdentifier"].as_str();
    account.unwrap_or_default().to_owned()
}
