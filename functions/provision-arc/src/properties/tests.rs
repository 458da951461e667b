use proptest::prelude::*;

use super::*;

fn minimal() -> Value {
    json!({"AccountId": "111122223333"})
}

fn read(properties: &Value) -> Result<ArcProperties, String> {
    parse_properties(properties).map_err(|error| error.to_string())
}

fn task(properties: &ArcProperties, errand: Errand) -> Task {
    let circumstances = Circumstances {
        partition: "aws".parse().unwrap(),
        run: "r".parse().unwrap(),
        reach: Reach::OwnAccount,
        until: Instant::now(),
    };
    properties.task(errand, circumstances)
}

#[test]
fn the_least_that_a_stack_can_say_is_enough() {
    let task = task(&read(&minimal()).unwrap(), Errand::Onboard);
    let Goal::Apply(tags, exclusion) = task.goal else {
        panic!()
    };
    assert_eq!(
        (tags.cloud.as_str(), tags.connector.as_str()),
        ("AWS", "true")
    );
    assert_eq!(tags.account.as_str(), "111122223333");
    assert_eq!(exclusion, ExclusionTags::default());
    assert!(task.chosen.is_empty());
    assert_eq!((task.at_once, task.largest_batch), (25, 300));
    assert_eq!(task.host_management, HostManagement::None);
}

#[test]
fn everything_may_arrive_as_a_string() {
    let properties = read(&json!({
        "AccountId": "111122223333",
        "Regions": "eu-west-1, us-east-1",
        "ConnectorTagValue": "mine",
        "CloudTagValue": "Amazon",
        "HostManagement": "DefaultHostManagement",
        "ExclusionTags": "Arc=off,Team=lab",
        "MaxConcurrentAutomations": "7",
        "RepairArcMachineTags": "true",
        "StateMachineArn": "arn:aws:states:eu-west-1:111122223333:stateMachine:Onboard",
    }))
    .unwrap();
    assert!(properties.repair_arc_machine_tags);
    assert!(properties.state_machine().is_ok());
    let task = task(&properties, Errand::Offboard);
    assert_eq!(task.chosen.len(), 2);
    assert_eq!(
        (task.at_once, task.host_management),
        (7, HostManagement::DefaultHostManagement)
    );
    let Goal::Remove(tags) = task.goal else {
        panic!()
    };
    assert_eq!(
        (tags.cloud.as_str(), tags.connector.as_str()),
        ("Amazon", "mine")
    );
    // As a run keeps them.
    let kept = serde_json::to_value(&properties).unwrap();
    assert_eq!(read(&kept), Ok(properties));
}

/// That a property of this value is refused by its path.
fn refused(key: &str, value: Value, path: &str, says: &str) {
    let mut properties = minimal();
    properties[key] = value;
    let reason = read(&properties).unwrap_err();
    let path = format!("ResourceProperties.{path}: ");
    assert!(
        reason.starts_with(&path) && reason.contains(says),
        "{reason}"
    );
}

#[test]
fn each_wrong_property_is_named_by_its_path() {
    refused("AccountId", json!("12345678901"), "AccountId", "12 digits");
    refused("Regions", json!("eu-west-1,Ireland"), "Regions", "item 2");
    refused(
        "Regions",
        json!(["eu-west-1", "x"]),
        "Regions[1]",
        "AWS Region",
    );
    refused(
        "HostManagement",
        json!("Automatic"),
        "HostManagement",
        "InstanceProfile",
    );
    refused("ExclusionTags", json!("Arc"), "ExclusionTags", "Key=Value");
    refused(
        "RepairArcMachineTags",
        json!("yes"),
        "RepairArcMachineTags",
        "true or false",
    );
    refused(
        "StateMachineArn",
        json!("arn:aws:states:x"),
        "StateMachineArn",
        "state machine",
    );
    refused("Colour", json!("blue"), "Colour", "unknown field");
    for tag in ["ConnectorTagValue", "CloudTagValue"] {
        refused(tag, json!("x".repeat(257)), tag, "256");
        refused(tag, json!(""), tag, "1 to 256");
        refused(tag, json!("aws:x"), tag, "aws:");
        refused(tag, json!(["AWS"]), tag, "string");
    }
    let at_once = "MaxConcurrentAutomations";
    for (value, says) in [("0", "100"), ("101", "100"), ("many", "whole number")] {
        refused(at_once, json!(value), at_once, says);
    }
    let reason = read(&json!({})).unwrap_err();
    assert!(reason.contains("missing field `AccountId`"), "{reason}");
}

#[test]
fn the_way_out_reads_what_it_can() {
    let account: AccountId = "111122223333".parse().unwrap();
    let read = ArcProperties::lenient(
        &json!({"AccountId": 5, "ConnectorTagValue": "mine", "Regions": "nowhere",
                "CloudTagValue": ["x"], "Colour": "blue", "MaxConcurrentAutomations": "9"}),
        &account,
    );
    assert_eq!(read.account_id, account);
    assert_eq!(read.connector_tag_value.as_str(), "mine");
    assert_eq!(read.cloud_tag_value.as_str(), "AWS");
    assert!(read.regions.is_empty());
    assert_eq!(read.max_concurrent_automations, AtOnce(9));
    for odd in [json!(null), json!([]), json!("x")] {
        assert_eq!(ArcProperties::lenient(&odd, &account).account_id, account);
        assert_eq!(account_in(&odd), None);
    }
}

proptest! {
    #[test]
    fn no_value_makes_reading_panic_and_no_reason_holds_a_control_character(
        key in prop_oneof!["AccountId", "Regions", "CloudTagValue", "ExclusionTags", "[A-Z]{1,8}"],
        text in any::<String>(),
        nested in any::<bool>(),
    ) {
        let mut properties = minimal();
        properties[&key] = if nested { json!({ text.clone(): text }) } else { json!(text) };
        if let Err(reason) = read(&properties) {
            prop_assert!(!reason.contains(char::is_control), "{:?}", reason);
            prop_assert!(reason.starts_with("ResourceProperties"), "{}", reason);
        }
        ArcProperties::lenient(&properties, &"111122223333".parse().unwrap());
    }
}
