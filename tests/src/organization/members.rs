//! What happens to accounts of an organization, by whomever.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::Organization;
use crate::account::{Account, new_account_id};

impl Organization<'_> {
    /// A new account, which comes into the root and is then moved.
    pub async fn join(&self, unit: &str) -> Result<Account> {
        let id = new_account_id();
        let path = format!("organization/accounts?account={}", self.management.id);
        let account = json!({"id": id, "name": format!("joined {id}"), "parent": self.unit(unit)?});
        self.admin(Method::POST, &path, &account).await?;
        self.management.beside(&id).await
    }

    /// Moves an account to another unit.
    pub async fn move_to(&self, account: &Account, unit: &str) -> Result<()> {
        let parent = json!({"parent": self.unit(unit)?});
        self.change(account, "/move", Method::POST, &parent).await
    }

    /// Takes an account out of the organization.
    pub async fn remove(&self, account: &Account) -> Result<()> {
        let nothing = json!({});
        self.change(account, "/remove", Method::POST, &nothing)
            .await
    }

    /// Suspends an account, as AWS does: no event tells of it.
    pub async fn suspend(&self, account: &Account) -> Result<()> {
        let state = json!({"state": "SUSPENDED"});
        self.change(account, "", Method::PUT, &state).await
    }

    /// Gives an account another name.
    pub async fn rename(&self, account: &Account, name: &str) -> Result<()> {
        let name = json!({"name": name});
        self.change(account, "", Method::PUT, &name).await
    }

    async fn change(
        &self,
        account: &Account,
        deed: &str,
        method: Method,
        more: &Value,
    ) -> Result<()> {
        let path = format!("organization/accounts/{}{deed}", account.id);
        self.admin(method, &path, more).await.map(drop)
    }
}
