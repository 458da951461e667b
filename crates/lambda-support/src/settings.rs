//! The settings of the functions, read from the environment and checked once.

use std::fmt;

use onboarding::{
    AccountId, Deployment, InvalidValue, Location, Partition, ResourceGroup, RoleArn,
    SubscriptionId, TenantId,
};
use url::Url;
use uuid::Uuid;

use crate::Environment;

mod arc;
mod organization;
mod reader;

use reader::{Reader, arn_fields};

pub use crate::environment::VARIABLES;
pub use arc::ArcSettings;
pub use organization::OrganizationSettings;
pub use reader::{InvalidSettings, Problem};

/// What a function needs that acts in AWS accounts and in Azure.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Entra tenant.
    pub tenant_id: TenantId,
    /// Who signs in to it.
    pub client_id: ClientId,
    /// How.
    pub authentication: Authentication,
    /// The role that is the subject of the federated credential.
    pub sign_in_role: RoleArn,
    /// The one subscription that may be written to.
    pub subscription_id: SubscriptionId,
    /// The one resource group that may be written to.
    pub resource_group: ResourceGroup,
    /// Where new connectors go.
    pub location: Location,
    /// Whom the things belong to that are made.
    pub deployment: Deployment,
    /// The account that the stack is in.
    pub account: AccountId,
    /// The partition of that account.
    pub partition: Partition,
    /// The deployment's S3 bucket.
    pub run_bucket: String,
    /// Base URL of Microsoft Entra.
    pub authority_host: Url,
    /// Base URL of Azure Resource Manager.
    pub resource_manager_url: Url,
    /// Region and endpoint.
    pub reply: ReplySettings,
}

/// What a function needs that does nothing but answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplySettings {
    /// The AWS Region that the function runs in.
    pub aws_region: String,
    /// What stands in for AWS, where something does.
    pub aws_endpoint: Option<Url>,
}

/// How the functions sign in to Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// With a token that AWS signs; nothing is stored.
    Federation,
    /// With the application's client secret.
    ClientSecret {
        /// Its ARN in Secrets Manager.
        arn: SecretArn,
    },
}

/// The client id of an Entra application or managed identity, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientId(String);

/// The ARN of a secret in Secrets Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretArn(String);

impl Settings {
    /// Reads all of them; the error names every variable that is missing or malformed.
    pub fn from_environment(environment: &Environment) -> Result<Self, InvalidSettings> {
        let mut read = Reader::new(environment);
        let settings = Self::read(&mut read);
        read.finish(settings)
    }

    fn read(read: &mut Reader<'_>) -> Option<Self> {
        let tenant_id = read.required("AZURE_TENANT_ID");
        let client_id = read.required("AZURE_CLIENT_ID");
        let authentication = authentication(read);
        let subscription_id = read.required("AZURE_SUBSCRIPTION_ID");
        let resource_group = read.required("AZURE_RESOURCE_GROUP");
        let location = read.required("AZURE_LOCATION");
        let id = read.required("DEPLOYMENT_ID");
        let stack_id = read.checked("STACK_ID", |text| {
            arn_fields(text, "cloudformation")
                .map(|_| text.to_owned())
                .ok_or(STACK_ARN)
        });
        let sign_in_role = read.checked("AZURE_SIGN_IN_ROLE_ARN", sign_in_role);
        let run_bucket = read.checked("RUN_BUCKET", bucket_name);
        let authority_host = read.url("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com");
        let resource_manager_url =
            read.url("AZURE_RESOURCE_MANAGER_URL", "https://management.azure.com");
        let reply = reply(read);
        let (sign_in_role, partition, account) = sign_in_role?;
        Some(Self {
            tenant_id: tenant_id?,
            client_id: client_id?,
            authentication: authentication?,
            sign_in_role,
            subscription_id: subscription_id?,
            resource_group: resource_group?,
            location: location?,
            deployment: Deployment {
                id: id?,
                stack_id: stack_id?,
            },
            account,
            partition,
            run_bucket: run_bucket?,
            authority_host: authority_host?,
            resource_manager_url: resource_manager_url?,
            reply: reply?,
        })
    }
}

impl ReplySettings {
    /// Reads them; the error names every variable that is missing or malformed.
    pub fn from_environment(environment: &Environment) -> Result<Self, InvalidSettings> {
        let mut read = Reader::new(environment);
        let settings = reply(&mut read);
        read.finish(settings)
    }
}

/// The name of the deployment's S3 bucket, for a function that does without where it must.
pub(crate) fn run_bucket(environment: &Environment) -> Result<String, InvalidSettings> {
    let mut read = Reader::new(environment);
    let name = read.checked("RUN_BUCKET", bucket_name);
    read.finish(name)
}

fn reply(read: &mut Reader<'_>) -> Option<ReplySettings> {
    let aws_region = read.checked("AWS_REGION", region);
    let aws_endpoint = read.optional_url("AWS_ENDPOINT_URL");
    Some(ReplySettings {
        aws_region: aws_region?,
        aws_endpoint,
    })
}

fn authentication(read: &mut Reader<'_>) -> Option<Authentication> {
    let with_secret = read.checked_or("AZURE_AUTHENTICATION", "Federation", |text| match text {
        "Federation" => Ok(false),
        "ClientSecret" => Ok(true),
        _ => Err(InvalidValue {
            expected: "expected Federation or ClientSecret",
        }),
    })?;
    if !with_secret {
        return Some(Authentication::Federation);
    }
    let arn = read.required("AZURE_CLIENT_SECRET_ARN")?;
    Some(Authentication::ClientSecret { arn })
}

const STACK_ARN: InvalidValue = InvalidValue {
    expected: "expected the ARN of a stack",
};

fn sign_in_role(text: &str) -> Result<(RoleArn, Partition, AccountId), InvalidValue> {
    let invalid = InvalidValue {
        expected: "expected the ARN of an IAM role",
    };
    let (_, account, resource) = arn_fields(text, "iam").ok_or(invalid.clone())?;
    let partition = Partition::of_arn(text).ok_or(invalid.clone())?;
    match resource.strip_prefix("role/") {
        Some(name) if !name.is_empty() => Ok((
            RoleArn::seen(text),
            partition,
            account.parse().map_err(|_| invalid)?,
        )),
        _ => Err(invalid),
    }
}

fn bucket_name(text: &str) -> Result<String, InvalidValue> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    if (3..=63).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue {
            expected: "expected the name of an S3 bucket",
        })
    }
}

fn region(text: &str) -> Result<String, InvalidValue> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !text.is_empty() && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue {
            expected: "expected an AWS Region such as eu-west-1",
        })
    }
}

impl ClientId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        match Uuid::try_parse(&text) {
            Ok(id) if text.len() == 36 => Ok(Self(id.hyphenated().to_string())),
            _ => Err(InvalidValue {
                expected: "expected the application (client) id, a GUID such as \
                           00000000-0000-0000-0000-000000000000",
            }),
        }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SecretArn {
    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecretArn {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        match arn_fields(&text, "secretsmanager") {
            Some((region, _, resource))
                if !region.is_empty() && resource.starts_with("secret:") =>
            {
                Ok(Self(text))
            }
            _ => Err(InvalidValue {
                expected: "expected the ARN of a secret, \
                           arn:aws:secretsmanager:<region>:<account>:secret:<name>",
            }),
        }
    }
}

impl fmt::Display for SecretArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
