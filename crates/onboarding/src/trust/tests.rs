use serde_json::json;

use super::*;

const ARN: &str =
    "arn:aws:iam::123456789012:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/";
const AUD: &str = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/:aud";
const TENANT: &str = "0b1f6471-1bf0-4dda-aec3-111122223333";
const SUBJECT: &str = "c0ffee00-1bf0-4dda-aec3-111122223333";
const EXTERNAL_ID: &str = "e0000000-1bf0-4dda-aec3-111122223333";

fn trusted() -> Trusted {
    Trusted {
        account: "123456789012".parse().unwrap(),
        partition: "aws".parse().unwrap(),
        tenant: TENANT.parse().unwrap(),
        ciem_subject: Some(SUBJECT.parse().unwrap()),
        ciem_oidc_role: RoleArn::seen("arn:aws:iam::123456789012:role/Oidc"),
        external_id: Some(EXTERNAL_ID.parse().unwrap()),
    }
}

fn of(key: RoleKey, trust: Value) -> Option<Defect> {
    let tags = BTreeMap::new();
    trusted().defect(&SeenRole { trust, tags }, key)
}

fn microsofts(audience: &str) -> Value {
    json!({"Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": ARN},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {
            AUD: audience,
            "sts:RoleSessionName": session_name(&TENANT.parse().unwrap()),
        }},
    }]})
}

fn found(change: impl FnOnce(&mut Value)) -> Option<Defect> {
    let mut trust = microsofts(crate::provider::AUDIENCE_CSPM);
    change(&mut trust);
    of(RoleKey::CspmMonitor, trust)
}

#[test]
fn microsofts_own_trust_has_no_defect_in_any_spelling() {
    assert_eq!(found(|_| {}), None);
    assert_eq!(found(|t| t["Statement"] = t["Statement"][0].take()), None);
    assert_eq!(
        found(|t| {
            let condition = t["Statement"][0]["Condition"]["StringLike"].take();
            t["Statement"][0]["Condition"] = json!({"StringEquals": {
                AUD: [condition[AUD]],
                "STS:rolesessionname": [condition["sts:RoleSessionName"]],
            }});
        }),
        None
    );
}

#[test]
fn each_defect_is_named() {
    let audience =
        |t: &mut Value| t["Statement"][0]["Condition"]["StringLike"][AUD] = json!("api://x");
    assert!(matches!(found(audience), Some(Defect::Audience(_))));
    let session = |t: &mut Value| {
        t["Statement"][0]["Condition"]["StringLike"]["sts:RoleSessionName"] = json!("*");
    };
    assert!(matches!(found(session), Some(Defect::SessionName(_))));
    let action = |t: &mut Value| t["Statement"][0]["Action"] = json!("sts:AssumeRole");
    assert!(matches!(found(action), Some(Defect::Provider(_))));
    let slash = |t: &mut Value| {
        t["Statement"][0]["Principal"]["Federated"] = json!(&ARN[..ARN.len() - 1]);
    };
    assert!(matches!(found(slash), Some(Defect::Provider(_))));
    assert!(matches!(
        found(|t| *t = json!("nonsense")),
        Some(Defect::Provider(_))
    ));
    let denied = |t: &mut Value| t["Statement"][0]["Effect"] = json!("Deny");
    assert!(matches!(found(denied), Some(Defect::Provider(_))));
}

#[test]
fn conditions_of_two_statements_do_not_add_up() {
    let split = |t: &mut Value| {
        let mut other = t["Statement"][0].clone();
        t["Statement"][0]["Condition"]["StringLike"][AUD] = json!("api://x");
        other["Condition"]["StringLike"]["sts:RoleSessionName"] = json!("other");
        t["Statement"].as_array_mut().unwrap().push(other);
    };
    assert!(matches!(found(split), Some(Defect::SessionName(_))));
}

#[test]
fn every_role_that_defender_signs_in_to_has_its_own_audience() {
    for row in crate::roles::ROLES {
        let RoleTrust::Defender(audience) = row.trust else {
            continue;
        };
        assert_eq!(of(row.key, microsofts(audience)), None, "{:?}", row.key);
        let other = of(row.key, microsofts("api://other"));
        assert_eq!(other, Some(Defect::Audience(audience.to_owned())));
    }
}

#[test]
fn an_audience_that_is_not_published_may_be_any_of_defenders() {
    let role = RoleKey::DataThreatProtectionDb;
    for audience in AUDIENCES {
        assert_eq!(of(role, microsofts(audience)), None);
    }
    let defect = of(role, microsofts("api://other"));
    assert!(matches!(defect, Some(Defect::Audience(_))));
}

#[test]
fn a_service_needs_its_statement_and_the_accounts_external_id() {
    let trust = |service: &str, id: Value| {
        let condition = json!({"StringEquals": {"sts:ExternalId": id}});
        json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
               "Principal": {"Service": service}, "Condition": condition}})
    };
    let firehose =
        |service: &str, id: Value| of(RoleKey::ContainersKinesisToS3, trust(service, id));
    assert_eq!(
        firehose("firehose.amazonaws.com", json!("123456789012")),
        None
    );
    assert!(matches!(
        firehose("firehose.amazonaws.com", json!("999999999999")),
        Some(Defect::ExternalId(_))
    ));
    assert!(matches!(
        firehose("logs.amazonaws.com", json!("123456789012")),
        Some(Defect::Principal(_))
    ));
    let logs = trust("logs.amazonaws.com", json!(null));
    assert_eq!(of(RoleKey::ContainersCloudWatchToKinesis, logs), None);
}

#[test]
fn ciem_is_a_chain_of_application_and_role() {
    let host_path = format!("sts.windows.net/{TENANT}/");
    let oidc = |subject: &str| {
        json!({"Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": format!("arn:aws:iam::123456789012:oidc-provider/{host_path}")},
            "Condition": {"StringEquals": {
                format!("{host_path}:aud"): AUDIENCE_CIEM,
                format!("{host_path}:sub"): subject,
            }},
        }]})
    };
    assert_eq!(of(RoleKey::CiemOidc, oidc(SUBJECT)), None);
    assert_eq!(
        of(RoleKey::CiemOidc, oidc("other")),
        Some(Defect::Subject(SUBJECT.into()))
    );
    let by = |role: &str| {
        let arn = format!("arn:aws:iam::123456789012:role/{role}");
        json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arn}}]})
    };
    assert_eq!(of(RoleKey::Ciem, by("Oidc")), None);
    assert!(matches!(
        of(RoleKey::Ciem, by("Other")),
        Some(Defect::Principal(_))
    ));
}

#[test]
fn the_external_id_of_data_collection_is_read_back_and_compared() {
    let key = RoleKey::ContainersDataCollection;
    let trust = |id: Option<&str>| {
        let mut trust = microsofts(crate::provider::AUDIENCE_CONTAINERS_DATA);
        if let Some(id) = id {
            let user = "arn:aws:iam::197857026523:user/azuredefender-eks";
            let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"AWS": user},
                "Condition": {"StringEquals": {"sts:ExternalId": id}}});
            trust["Statement"].as_array_mut().unwrap().push(statement);
        }
        trust
    };
    assert_eq!(of(key, trust(Some(EXTERNAL_ID))), None);
    assert_eq!(of(key, trust(None)), None);
    let other = "f0000000-1bf0-4dda-aec3-111122223333";
    assert_eq!(
        of(key, trust(Some(other))),
        Some(Defect::ExternalId(EXTERNAL_ID.into()))
    );
    let read = |trust: Value| {
        let tags = BTreeMap::new();
        SeenRole { trust, tags }.external_id().map(String::from)
    };
    assert_eq!(read(trust(Some(EXTERNAL_ID))).as_deref(), Some(EXTERNAL_ID));
    assert_eq!(read(trust(Some("guess"))), None);
    assert_eq!(read(trust(None)), None);
}
