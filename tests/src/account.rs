//! An AWS account of a test's own, with the Azure side that goes with it.

use std::cell::RefCell;
use std::sync::Arc;

use anyhow::Result;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use uuid::Uuid;

use crate::azure::Azure;
use crate::emulator::Emulator;
use crate::local_cloud::LocalCloud;
use crate::stack::Stack;

/// An account that exists since the test began. Its access key is its id, which makes its callers
/// root in the local cloud.
#[derive(Debug)]
pub struct Account {
    /// 12 digits.
    pub id: String,
    /// The local cloud it is in.
    pub cloud: LocalCloud,
    /// Its tenancy in Azure, which all accounts of its organization share.
    pub azure: Arc<Azure>,
    /// What no SDK reaches.
    pub emulator: Emulator,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    issuer: String,
    secrets_of_test: RefCell<Vec<String>>,
}

impl Account {
    /// A new account, prepared as the README says: outbound federation first, then the identity in
    /// Azure that trusts it.
    pub async fn open(cloud: LocalCloud) -> Result<Self> {
        let id = new_account_id();
        let iam = aws_sdk_iam::Client::new(&sdk_config(&cloud, &id).await);
        let enabled = iam.enable_outbound_web_identity_federation().send().await?;
        let issuer = enabled.issuer_identifier().unwrap_or_default().to_owned();
        let azure = Azure::prepare(&cloud, &issuer, &sign_in_role_arn(&id)).await?;
        Self::known(id, cloud, Arc::new(azure), issuer).await
    }

    /// Another account, whose connector is in the same subscription. Nothing was prepared in it.
    pub async fn beside(&self, id: &str) -> Result<Self> {
        let (cloud, azure) = (self.cloud.clone(), Arc::clone(&self.azure));
        Self::known(id.to_owned(), cloud, azure, String::new()).await
    }

    async fn known(
        id: String,
        cloud: LocalCloud,
        azure: Arc<Azure>,
        issuer: String,
    ) -> Result<Self> {
        let config = sdk_config(&cloud, &id).await;
        Ok(Self {
            emulator: Emulator::new(&cloud, &id)?,
            s3: aws_sdk_s3::Client::from_conf(
                aws_sdk_s3::config::Builder::from(&config)
                    .force_path_style(true)
                    .build(),
            ),
            iam: aws_sdk_iam::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            secrets_of_test: RefCell::new(vec![azure.tenancy.auditor_secret.clone()]),
            id,
            cloud,
            azure,
            issuer,
        })
    }

    /// The stack of the application, with the parameters of this account's tenancy.
    pub fn stack(&self) -> Stack<'_> {
        Stack::of_application(self)
    }

    /// The issuer of the account's outbound federation.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The role that signs in to Azure: the federated credential's subject.
    pub fn sign_in_role_arn(&self) -> String {
        sign_in_role_arn(&self.id)
    }

    /// The ARM id that the stack's connector has by default.
    pub fn connector_id(&self) -> String {
        self.azure.tenancy.connector_id(&format!("aws-{}", self.id))
    }

    /// The name of the application's stack, unique in the local cloud so that what its functions
    /// print can be told apart.
    pub fn stack_name(&self) -> String {
        format!("defender-{}", self.id)
    }

    /// Remembers a secret that must never be printed.
    pub fn keep_secret(&self, secret: &str) {
        self.secrets_of_test.borrow_mut().push(secret.to_owned());
    }

    /// All of them.
    pub fn secrets_of_test(&self) -> Vec<String> {
        self.secrets_of_test.borrow().clone()
    }
}

fn sign_in_role_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/DefenderConnectorAzureSignIn")
}

pub(crate) fn new_account_id() -> String {
    let number = Uuid::new_v4().as_u128() % 900_000_000_000;
    format!("{:012}", number + 100_000_000_000)
}

/// What the account's root works with.
pub(crate) async fn sdk_config(cloud: &LocalCloud, account: &str) -> SdkConfig {
    let key = Credentials::from_keys(account, "test", None);
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(&cloud.aws_url)
        .region(Region::new("eu-west-1"))
        .credentials_provider(key)
        .load()
        .await
}

#[cfg(test)]
mod tests {
    use super::new_account_id;

    #[test]
    fn an_account_id_has_12_digits_and_no_other_test_has_it() {
        let (one, other) = (new_account_id(), new_account_id());
        assert_eq!(one.len(), 12);
        assert!(one.bytes().all(|byte| byte.is_ascii_digit()));
        assert_ne!(one, other);
    }
}
