use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const GUID: &str = "0B1F6471-1bf0-4dda-aec3-111122223333";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:azure-AbCdEf";

fn complete() -> BTreeMap<&'static str, String> {
    [
        ("AZURE_TENANT_ID", GUID),
        ("AZURE_CLIENT_ID", GUID),
        ("AZURE_SUBSCRIPTION_ID", GUID),
        ("AZURE_RESOURCE_GROUP", "rg-mdc"),
        ("AZURE_LOCATION", "eastus"),
        ("DEPLOYMENT_ID", "defender-111122223333"),
        (
            "STACK_ID",
            "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/defender/1",
        ),
        (
            "AZURE_SIGN_IN_ROLE_ARN",
            "arn:aws-cn:iam::111122223333:role/DefenderConnectorAzureSignIn",
        ),
        ("RUN_BUCKET", "defender-runs"),
        ("AWS_REGION", "cn-north-1"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// A complete environment with these changes.
pub(super) fn with(changes: &[(&'static str, &str)]) -> Environment {
    let mut variables = complete();
    variables.extend(
        changes
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    variables.into_iter().collect()
}

fn read(changes: &[(&'static str, &str)]) -> Result<Settings, InvalidSettings> {
    Settings::from_environment(&with(changes))
}

fn complaint(changes: &[(&'static str, &str)]) -> String {
    read(changes).unwrap_err().to_string()
}

#[test]
fn a_complete_environment_is_read_with_its_defaults() {
    let settings = read(&[]).unwrap();
    assert_eq!(settings.tenant_id.as_str(), GUID.to_lowercase());
    assert_eq!(settings.client_id.as_str(), GUID.to_lowercase());
    assert_eq!(settings.authentication, Authentication::Federation);
    assert_eq!(settings.account.as_str(), "111122223333");
    assert_eq!(settings.partition.as_str(), "aws-cn");
    assert_eq!(settings.deployment.id.as_str(), "defender-111122223333");
    assert_eq!(
        settings.authority_host.as_str(),
        "https://login.microsoftonline.com/"
    );
    assert_eq!(
        settings.resource_manager_url.as_str(),
        "https://management.azure.com/"
    );
    assert_eq!(settings.reply.aws_endpoint, None);
    assert_eq!(settings.reply.aws_region, "cn-north-1");
}

#[test]
fn other_endpoints_may_be_plain_http() {
    let settings = read(&[
        ("AZURE_AUTHORITY_HOST", "http://127.0.0.1:9000"),
        (
            "AZURE_RESOURCE_MANAGER_URL",
            "https://management.chinacloudapi.cn",
        ),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
    ])
    .unwrap();
    assert_eq!(settings.authority_host.as_str(), "http://127.0.0.1:9000/");
    assert_eq!(
        settings.resource_manager_url.host_str(),
        Some("management.chinacloudapi.cn")
    );
    assert_eq!(
        settings.reply.aws_endpoint.as_ref().map(Url::as_str),
        Some("http://127.0.0.1:4566/")
    );
}

#[test]
fn the_secret_is_needed_only_where_one_signs_in_with_it() {
    let chosen = ("AZURE_AUTHENTICATION", "ClientSecret");
    assert!(read(&[("AZURE_CLIENT_SECRET_ARN", "nonsense")]).is_ok());
    let settings = read(&[chosen, ("AZURE_CLIENT_SECRET_ARN", SECRET)]).unwrap();
    let Authentication::ClientSecret { arn } = settings.authentication else {
        panic!("{:?}", settings.authentication)
    };
    assert_eq!(arn.as_str(), SECRET);
    insta::assert_snapshot!(complaint(&[chosen]), @"the function's settings cannot be used: AZURE_CLIENT_SECRET_ARN (stack parameter AzureClientSecretArn) is missing: expected the ARN of a secret, arn:aws:secretsmanager:<region>:<account>:secret:<name>");
    assert!(
        complaint(&[chosen, ("AZURE_CLIENT_SECRET_ARN", "the-secret")])
            .contains("AzureClientSecretArn")
    );
}

#[test]
fn everything_that_is_missing_or_malformed_is_named_at_once_and_no_value_is_repeated() {
    let complaint = complaint(&[
        ("AZURE_TENANT_ID", "contoso-value"),
        ("AZURE_LOCATION", ""),
        ("AZURE_AUTHENTICATION", "password-value"),
        ("RUN_BUCKET", "Bucket/value"),
        ("AZURE_AUTHORITY_HOST", "ftp://value"),
    ]);
    for variable in [
        "AZURE_TENANT_ID",
        "AZURE_AUTHENTICATION",
        "RUN_BUCKET",
        "AZURE_AUTHORITY_HOST",
    ] {
        assert!(complaint.contains(variable), "{variable}: {complaint}");
    }
    assert!(
        complaint.contains("AZURE_LOCATION (stack parameter AzureLocation) is missing"),
        "{complaint}"
    );
    assert!(!complaint.contains("value"), "{complaint}");
}

#[test]
fn each_required_variable_is_missed_by_name() {
    for name in complete().into_keys() {
        let environment: Environment = complete()
            .into_iter()
            .filter(|(other, _)| *other != name)
            .collect();
        let error = Settings::from_environment(&environment).unwrap_err();
        let [problem] = error.problems() else {
            panic!("{error}")
        };
        assert_eq!((problem.variable, problem.is_set), (name, false));
    }
}

#[test]
fn malformed_values_are_refused() {
    for (name, bad) in [
        ("AZURE_CLIENT_ID", "{0b1f6471-1bf0-4dda-aec3-111122223333}"),
        ("AZURE_SUBSCRIPTION_ID", "1"),
        ("AZURE_RESOURCE_GROUP", "a/b"),
        ("DEPLOYMENT_ID", "a b"),
        ("STACK_ID", "defender"),
        ("AZURE_SIGN_IN_ROLE_ARN", "arn:aws:iam::111122223333:user/x"),
        ("AZURE_SIGN_IN_ROLE_ARN", "arn:aws:iam::1111:role/x"),
        (
            "AZURE_SIGN_IN_ROLE_ARN",
            "arn:evil:iam::111122223333:role/x",
        ),
        ("AZURE_SIGN_IN_ROLE_ARN", "arn:aws:sts::111122223333:role/x"),
        (
            "AZURE_SIGN_IN_ROLE_ARN",
            "arn:aws:iam::111122223333:role/x\ny",
        ),
        ("AWS_REGION", "eu-west-1.evil.example"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:4566"),
        ("AZURE_AUTHORITY_HOST", "https://user:pass@example.com"),
        ("AZURE_RESOURCE_MANAGER_URL", "https://example.com/?x=1"),
    ] {
        let error = read(&[(name, bad)]).unwrap_err();
        let [problem] = error.problems() else {
            panic!("{error}")
        };
        assert_eq!((problem.variable, problem.is_set), (name, true), "{bad}");
    }
}

#[test]
fn an_answering_function_needs_a_region_only() {
    let only = |region: &str| -> Environment { [("AWS_REGION", region)].into_iter().collect() };
    let settings = ReplySettings::from_environment(&only("eu-west-1")).unwrap();
    assert_eq!(
        settings,
        ReplySettings {
            aws_region: "eu-west-1".into(),
            aws_endpoint: None
        }
    );
    assert!(ReplySettings::from_environment(&Environment::default()).is_err());
}

#[test]
fn the_bucket_alone_is_read_or_missed_by_name() {
    let only = |name: &str| run_bucket(&[("RUN_BUCKET", name)].into_iter().collect());
    assert_eq!(only("defender-runs").as_deref(), Ok("defender-runs"));
    for bad in ["", "A_B"] {
        let error = only(bad).unwrap_err();
        assert_eq!(error.problems()[0].variable, "RUN_BUCKET", "{bad}");
    }
}

proptest! {
    #[test]
    fn no_value_makes_it_panic_and_none_is_repeated(
        position in 0..VARIABLES.len(),
        value in "\\PC{0,60}",
    ) {
        let marked = format!("{value}§§");
        if let Err(error) = read(&[(VARIABLES[position].0, &marked)]) {
            prop_assert!(!error.to_string().contains("§§"));
        }
    }
}
