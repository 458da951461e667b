use azure::Credential;
use azure::sign_in::Proof;
use lambda_support::Environment;
use secrecy::ExposeSecret;
use serde_json::json;
use testkit::aws_wire::{Answer, LATER, Wire, answered, in_five_minutes, session};

use super::*;

const GUID: &str = "0b1f6471-1bf0-4dda-aec3-111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/DefenderConnectorAzureSignIn";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:azure-AbCdEf";

fn settings(authentication: &str) -> Settings {
    let variables = [
        ("AZURE_TENANT_ID", GUID),
        ("AZURE_CLIENT_ID", GUID),
        ("AZURE_SUBSCRIPTION_ID", GUID),
        ("AZURE_RESOURCE_GROUP", "rg-mdc"),
        ("AZURE_LOCATION", "eastus"),
        ("AZURE_AUTHENTICATION", authentication),
        ("AZURE_CLIENT_SECRET_ARN", SECRET),
        ("AZURE_SIGN_IN_ROLE_ARN", ROLE),
        ("DEPLOYMENT_ID", "mdc-111122223333"),
        (
            "STACK_ID",
            "arn:aws:cloudformation:eu-west-1:111122223333:stack/mdc/1",
        ),
        ("RUN_BUCKET", "defender-runs"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let environment: Environment = variables.into_iter().collect();
    Settings::from_environment(&environment).unwrap()
}

fn aws() -> Wire {
    Wire::new(|_, asked| match asked.action().as_str() {
        "AssumeRole" => session("SIGNINKEY", LATER),
        "GetWebIdentityToken" => answered(
            "GetWebIdentityToken",
            &format!("<WebIdentityToken>a.b.c</WebIdentityToken><Expiration>{LATER}</Expiration>"),
        ),
        "GetSecretValue" => Answer::Body(200, json!({"SecretString": "hidden~42.x"}).to_string()),
        other => panic!("{other}"),
    })
}

async fn proof(wire: &Wire, authentication: &str) -> Proof {
    let sdk = wire.sdk();
    let sessions = Arc::new(RoleSessions::new(&sdk));
    let identity = identity(&settings(authentication), &sdk, &sessions);
    let deadline = Deadline::at(in_five_minutes());
    identity.proof(deadline).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_token_that_aws_signs_for_the_sign_in_role_is_the_assertion() {
    let wire = aws();
    let Proof::Assertion(token) = proof(&wire, "Federation").await else {
        panic!()
    };
    assert_eq!(token.expose_secret(), "a.b.c");
    assert_eq!(wire.actions(), ["AssumeRole", "GetWebIdentityToken"]);
    assert_eq!(wire.asked()[0].field("RoleArn").as_deref(), Some(ROLE));
}

#[tokio::test(start_paused = true)]
async fn the_secret_of_the_settings_is_the_proof_where_they_choose_it() {
    let wire = aws();
    let Proof::Secret(secret) = proof(&wire, "ClientSecret").await else {
        panic!()
    };
    assert_eq!(secret.expose_secret(), "hidden~42.x");
    assert_eq!(wire.actions(), ["GetSecretValue"]);
    assert_eq!(wire.asked()[0].json()["SecretId"], SECRET);
}
