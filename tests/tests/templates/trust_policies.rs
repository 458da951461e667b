//! Whom each of Defender's roles lets in: exactly what the table of the functions says.

use std::collections::BTreeSet;

use onboarding::provider::{AUDIENCE_CIEM, AUDIENCE_DATABASES, AUDIENCES, Provider};
use onboarding::roles::{ROLES, RoleFacts, RoleKey, RoleTrust};
use onboarding::trust::{SeenRole, Trusted, session_name};
use serde_json::{Value, json};

use crate::defender::{ACCOUNT, CIEM_SUBJECT, TENANT, everything_on};
use crate::document::{parsed, strings, template};
use crate::evaluation::{ACCOUNT_ID, STACK_GUID, Stack};
use crate::roles_made::role_named_by;

/// A role's trust policy as IAM gets it.
fn trust_policy(account: &Value, facts: &RoleFacts, chosen: &[(&str, &str)]) -> Value {
    let stack = Stack::new(account, &[&everything_on(), chosen].concat());
    let (_, role) = role_named_by(account, facts.parameter);
    match stack.whole(&role["Properties"]["AssumeRolePolicyDocument"]) {
        Value::String(text) => parsed(&text),
        document => document,
    }
}

fn web_identity(provider: &Provider, audience: &str, key: &str, value: &str) -> Value {
    let arn = provider.arn(&parsed("aws"), &parsed(ACCOUNT_ID));
    json!({
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            format!("{}:aud", provider.host_path()): audience,
            key: value,
        }},
    })
}

fn defender(audience: &str) -> Value {
    let session = session_name(&parsed(TENANT));
    web_identity(
        &Provider::Defender,
        audience,
        "sts:RoleSessionName",
        &session,
    )
}

fn service(name: &str, condition: &Value) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": {"Service": name},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    })
}

fn data_collector(external_id: &str) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::197857026523:user/azuredefender-eks"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    })
}

/// The statement that the table asks for.
fn wanted(trust: RoleTrust) -> Value {
    match trust {
        RoleTrust::Defender(audience) => defender(audience),
        RoleTrust::DefenderAnyAudience => defender(AUDIENCE_DATABASES),
        RoleTrust::Service(name) => {
            // For this account's resources only: the form that AWS documents for CloudWatch Logs.
            assert_eq!(name, "logs.amazonaws.com");
            let source = format!("arn:aws:logs:*:{ACCOUNT_ID}:*");
            service(name, &json!({"StringLike": {"aws:SourceArn": source}}))
        }
        RoleTrust::ServiceForAccount(name) => service(
            name,
            &json!({"StringEquals": {"sts:ExternalId": ACCOUNT_ID}}),
        ),
        RoleTrust::CiemApplication => {
            let provider = Provider::Ciem(parsed(TENANT));
            let subject = format!("{}:sub", provider.host_path());
            web_identity(&provider, AUDIENCE_CIEM, &subject, CIEM_SUBJECT)
        }
        RoleTrust::CiemOidcRole => {
            let role = RoleKey::CiemOidc.facts().default_name;
            json!({
                "Effect": "Allow",
                "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT_ID}:role/{role}")},
                "Action": "sts:AssumeRole",
            })
        }
    }
}

#[test]
fn every_role_lets_in_whom_the_table_names_and_nobody_else() {
    let account = template(ACCOUNT);
    for facts in ROLES {
        let mut statements = vec![wanted(facts.trust)];
        if facts.key == RoleKey::ContainersDataCollection {
            statements.push(data_collector(STACK_GUID));
        }
        assert_eq!(
            trust_policy(&account, facts, &[]),
            json!({"Version": "2012-10-17", "Statement": statements}),
            "{:?}",
            facts.key
        );
    }
}

#[test]
fn our_own_look_finds_no_defect() {
    let account = template(ACCOUNT);
    let oidc = RoleKey::CiemOidc.facts().default_name;
    let trusted = Trusted {
        account: parsed(ACCOUNT_ID),
        partition: parsed("aws"),
        tenant: parsed(TENANT),
        ciem_subject: Some(parsed(CIEM_SUBJECT)),
        ciem_oidc_role: onboarding::RoleArn::seen(format!("arn:aws:iam::{ACCOUNT_ID}:role/{oidc}")),
        external_id: Some(parsed(STACK_GUID)),
    };
    for facts in ROLES {
        let role = SeenRole {
            trust: trust_policy(&account, facts, &[]),
            tags: std::collections::BTreeMap::new(),
        };
        assert_eq!(trusted.defect(&role, facts.key), None, "{:?}", facts.key);
        if facts.key == RoleKey::ContainersDataCollection {
            let read_back = role.external_id().map(|id| id.to_string());
            assert_eq!(read_back.as_deref(), Some(STACK_GUID));
        }
    }
}

#[test]
fn the_external_id_can_be_given_and_its_statement_left_out() {
    let account = template(ACCOUNT);
    let facts = RoleKey::ContainersDataCollection.facts();
    let statements = |chosen| trust_policy(&account, facts, &[chosen])["Statement"].take();
    let given = "3f2e3d4c-5b6a-4798-8a9b-0c1d2e3f4a5b";
    assert_eq!(
        statements(("DataCollectionExternalId", given)),
        json!([wanted(facts.trust), data_collector(given)])
    );
    let without = statements(("DataCollectionPrincipalArn", ""));
    assert_eq!(without, json!([wanted(facts.trust)]));
}

#[test]
fn any_audience_can_be_given_where_microsoft_publishes_none() {
    let account = template(ACCOUNT);
    for facts in ROLES
        .iter()
        .filter(|facts| facts.trust == RoleTrust::DefenderAnyAudience)
    {
        let allowed = strings(&account["Parameters"]["DatabasesRdsAudience"]["AllowedValues"]);
        assert_eq!(
            allowed.iter().copied().collect::<BTreeSet<_>>(),
            AUDIENCES.into()
        );
        for audience in AUDIENCES {
            let policy = trust_policy(&account, facts, &[("DatabasesRdsAudience", audience)]);
            assert_eq!(policy["Statement"], json!([defender(audience)]));
        }
    }
}
