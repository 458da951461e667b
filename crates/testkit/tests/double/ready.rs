//! A double that looks into an account which is ready for every plan.

use serde_json::Value;
use testkit::azure_double::{AwsAccount, AwsAccounts, AwsRole, AwsView};

use crate::plans::all_plans;
use crate::support::{ACCOUNT, Azure, SUBSCRIPTION, TENANT, json_of, subscription};

/// An account that is ready for every plan, and a double that looks into it.
pub struct Ready {
    azure: Azure,
    accounts: AwsAccounts,
}

impl Ready {
    pub async fn start() -> Self {
        let accounts = AwsAccounts::default();
        let view = AwsView::Accounts(accounts.clone());
        let azure = Azure::start_with(view, subscription()).await;
        Self { azure, accounts }
    }

    /// What is on record about a PUT into the changed account; `None` where it is accepted.
    pub async fn reason(
        &self,
        body: &Value,
        change: impl FnOnce(&mut AwsAccount),
    ) -> Option<String> {
        let mut account = AwsAccount::onboarded_for_all_plans(ACCOUNT, TENANT);
        change(&mut account);
        self.accounts.set(ACCOUNT, account);
        let answer = self.azure.put("aws-1", body).await;
        if answer.status().is_success() {
            return None;
        }
        let public = json_of(answer).await["errorMessage"].clone();
        assert!(!public.as_str().unwrap().contains("arn:"), "{public}");
        self.azure.double.requests_of(SUBSCRIPTION).pop()?.note
    }

    pub async fn reason_for_role(
        &self,
        name: &str,
        change: impl FnOnce(&mut AwsRole),
    ) -> Option<String> {
        let body = all_plans(ACCOUNT);
        self.reason(&body, |account| change(account.role_mut(name)))
            .await
    }
}
