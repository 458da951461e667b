use custom_resource::parse_properties;
use lambda_support::{Boot, Environment};
use serde_json::json;

use super::*;
use crate::world::wanted::wanted;
use crate::world::{ENVIRONMENT, MACHINE};

fn settings() -> Settings {
    let boot = Boot::of(ENVIRONMENT.into_iter().collect::<Environment>());
    boot.organization_settings().unwrap().shared
}

fn state(change: impl FnOnce(&mut Value)) -> Result<WantedState, String> {
    let mut state = wanted("");
    change(&mut state);
    let raw = json!({"WantedState": state.to_string(), "StateMachineArn": MACHINE});
    let properties: RunProperties = parse_properties(&raw).unwrap();
    let read = properties.state(&settings());
    read.map_err(|failure| failure.reason().to_owned())
}

#[test]
fn a_wanted_state_within_the_environments_limits_is_taken() {
    assert!(state(|_| {}).is_ok());
    assert!(state(|state| state["Connector"]["ResourceGroup"] = json!("RG-MDC")).is_ok());
}

#[test]
fn what_the_environment_does_not_allow_is_named_by_its_path() {
    let other = "0b1f6471-1bf0-4dda-aec3-444455556666";
    for (pointer, value, path) in [
        (
            "/Connector/SubscriptionId",
            json!(other),
            "Connector.SubscriptionId: this function is limited to",
        ),
        (
            "/Connector/ResourceGroup",
            json!("rg-other"),
            "Connector.ResourceGroup: this function is limited to",
        ),
        (
            "/Connector/SubscriptionId",
            json!(""),
            "Connector.SubscriptionId: ",
        ),
        (
            "/Organization/ManagementAccountId",
            json!("444455556666"),
            "Organization.ManagementAccountId: this function is limited to account 111122223333",
        ),
        (
            "/Organization/ExcludedAccountIds",
            json!("1"),
            "the wanted state is malformed at Organization.ExcludedAccountIds: item 1",
        ),
        (
            "/Scope",
            json!("Account"),
            "expected one with Scope=Organization",
        ),
    ] {
        let reason = state(|state| *state.pointer_mut(pointer).unwrap() = value).unwrap_err();
        let expected = format!("ResourceProperties.WantedState: {path}");
        assert!(reason.starts_with(&expected), "{reason}");
    }
}

#[test]
fn unknown_properties_are_refused() {
    for raw in [
        json!({"WantedState": "{}", "StateMachineArn": MACHINE, "Colour": "blue"}),
        json!({"WantedState": "{}", "StateMachineArn": "arn:aws:lambda:x"}),
        json!({"StateMachineArn": MACHINE}),
    ] {
        assert!(parse_properties::<RunProperties>(&raw).is_err(), "{raw}");
    }
    for raw in [
        json!({"OrganizationalUnitIds": "ou-a1b2-11112222,x"}),
        json!({"ExcludedAccountIds": "1"}),
        json!({"Regions": "everywhere"}),
        json!({"StackSetNamePrefix": "a_b"}),
        json!({"Colour": "blue"}),
    ] {
        assert!(
            parse_properties::<DeploymentScopeProperties>(&raw).is_err(),
            "{raw}"
        );
    }
}

#[test]
fn empty_texts_choose_nothing() {
    let raw = json!({"OrganizationalUnitIds": "", "ExcludedAccountIds": "", "Regions": "",
        "StackSetNamePrefix": "Mine"});
    let read: DeploymentScopeProperties = parse_properties(&raw).unwrap();
    assert!(read.targets().is_empty() && read.regions.is_empty());
    let twice = json!({"OrganizationalUnitIds": "ou-a1b2-11112222, ou-a1b2-11112222"});
    let read: DeploymentScopeProperties = parse_properties(&twice).unwrap();
    assert_eq!(read.targets().len(), 1);
}

#[test]
fn for_the_way_out_what_cannot_be_read_is_the_whole_organization() {
    assert_eq!(state_in(&json!({"WantedState": "{"})), None);
    assert_eq!(state_in(&json!({"WantedState": r#"{"Arc":{}}"#})), None);
    assert_eq!(state_in(&json!({})), None);
    assert!(state_in(&json!({"WantedState": wanted("").to_string()})).is_some());
    let all = WantedState::of_value(everything(&"111122223333".parse().unwrap())).unwrap();
    assert!(
        all.organization()
            .unwrap()
            .organizational_unit_ids
            .is_empty()
    );
    assert_eq!(machine_in(&json!({"StateMachineArn": 7})), None);
    assert_eq!(
        machine_in(&json!({"StateMachineArn": MACHINE}))
            .unwrap()
            .as_str(),
        MACHINE
    );
}

#[test]
fn every_sample_request_is_understood() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let mut kinds = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        if !name.starts_with("onboard-organization-") || event.get("RequestType").is_none() {
            continue;
        }
        let mut properties = event["ResourceProperties"].clone();
        for of_the_protocol in ["ServiceToken", "ServiceTimeout"] {
            properties.as_object_mut().unwrap().remove(of_the_protocol);
        }
        let kind = event["ResourceType"].as_str().unwrap().to_owned();
        if kind == "Custom::DeploymentScope" {
            parse_properties::<DeploymentScopeProperties>(&properties).unwrap();
        } else {
            let read: RunProperties = parse_properties(&properties).unwrap();
            let state = WantedState::read(&read.wanted_state).unwrap();
            assert!(state.organization().is_some(), "{name}");
            assert!(state_in(&properties).is_some() && machine_in(&properties).is_some());
        }
        *kinds.entry(kind).or_insert(0) += 1;
    }
    assert!(kinds.values().eq(&[3, 3, 3]), "{kinds:?}");
}
