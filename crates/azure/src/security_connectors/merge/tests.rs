use onboarding::RoleArn;
use onboarding::connector::{Offering as Domain, ScanInterval};
use onboarding::diff::differences;
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

const ID: &str = "/subscriptions/cccccccc-0000-4000-8000-000000000003/resourceGroups/rg-mdc/providers/Microsoft.Security/securityConnectors/aws-123456789012";
const ROLE: &str = "arn:aws:iam::123456789012:role/CspmMonitorAws";

fn wanted() -> WantedConnector {
    let tags = [
        ("ManagedBy", "defender-connector-aws"),
        ("DeploymentId", "prod"),
    ];
    WantedConnector {
        id: ID.parse().unwrap(),
        account: "123456789012".parse().unwrap(),
        location: "eastus".parse().unwrap(),
        scan_interval: ScanInterval::from_hours(12).unwrap(),
        regions: BTreeSet::new(),
        offerings: vec![Domain::CspmMonitorAws {
            cloud_role_arn: Some(RoleArn::seen(ROLE)),
        }],
        tags: tags
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        withdrawn_tags: BTreeSet::new(),
    }
}

/// As the portal makes one, with what we do not know in every place that can hold it.
fn portal() -> Value {
    json!({
        "id": ID.to_lowercase(), "name": "aws-123456789012", "kind": "", "etag": "\"7\"",
        "type": "microsoft.security/securityconnectors", "systemData": {"createdBy": "somebody"},
        "location": "East US", "identity": {"type": "None"},
        "tags": {"CostCentre": "7", "managedby": "portal"},
        "properties": {
            "hierarchyIdentifier": "123456789012",
            "hierarchyIdentifierTrialEndDate": "2026-12-01T00:00:00Z",
            "environmentName": "AWS", "newProperty": [1, {"a": null}],
            "environmentData": {
                "environmentType": "AwsAccount", "regions": ["us-west-2", "eu-west-1"],
                "scanInterval": 4, "accountName": "production",
                "organizationalData": {"organizationMembershipType": "Member", "parentHierarchyId": "1"},
            },
            "offerings": [
                {"offeringType": "DefenderForServersAws", "description": "servers", "subPlan": "P1",
                 "defenderForServers": {"cloudRoleArn": "arn:x"}},
                {"offeringType": "CspmMonitorAws", "description": "cspm", "newSwitch": true,
                 "nativeCloudConnection": {"cloudRoleArn": "arn:old", "newDetail": 1}},
                {"offeringType": "FromTheFuture", "x": {"y": 1}},
            ],
        },
    })
}

#[test]
fn a_new_connector_is_written_in_full() {
    insta::assert_json_snapshot!(body(&wanted(), None).unwrap(), @r#"
    {
      "location": "eastus",
      "properties": {
        "environmentData": {
          "environmentType": "AwsAccount",
          "regions": [],
          "scanInterval": 12
        },
        "environmentName": "AWS",
        "hierarchyIdentifier": "123456789012",
        "offerings": [
          {
            "nativeCloudConnection": {
              "cloudRoleArn": "arn:aws:iam::123456789012:role/CspmMonitorAws"
            },
            "offeringType": "CspmMonitorAws"
          }
        ]
      },
      "tags": {
        "DeploymentId": "prod",
        "ManagedBy": "defender-connector-aws"
      }
    }
    "#);
}

#[test]
fn a_connector_of_the_portal_keeps_what_is_not_ours() {
    let seen = read(portal()).unwrap();
    insta::assert_json_snapshot!(body(&wanted(), Some(&seen)).unwrap(), @r#"
    {
      "etag": "\"7\"",
      "identity": {
        "type": "None"
      },
      "kind": "",
      "location": "East US",
      "properties": {
        "environmentData": {
          "environmentType": "AwsAccount",
          "organizationalData": {
            "organizationMembershipType": "Member",
            "parentHierarchyId": "1"
          },
          "regions": [],
          "scanInterval": 12
        },
        "environmentName": "AWS",
        "hierarchyIdentifier": "123456789012",
        "newProperty": [
          1,
          {
            "a": null
          }
        ],
        "offerings": [
          {
            "defenderForServers": {
              "cloudRoleArn": "arn:x"
            },
            "offeringType": "DefenderForServersAws",
            "subPlan": "P1"
          },
          {
            "nativeCloudConnection": {
              "cloudRoleArn": "arn:aws:iam::123456789012:role/CspmMonitorAws",
              "newDetail": 1
            },
            "newSwitch": true,
            "offeringType": "CspmMonitorAws"
          },
          {
            "offeringType": "FromTheFuture",
            "x": {
              "y": 1
            }
          }
        ]
      },
      "tags": {
        "CostCentre": "7",
        "DeploymentId": "prod",
        "ManagedBy": "defender-connector-aws"
      }
    }
    "#);
}

#[test]
fn a_connector_is_read_as_the_domain_compares_it() {
    let seen = read(portal()).unwrap();
    assert_eq!(seen.id, ID.parse().unwrap());
    assert!(seen.connects(&"123456789012".parse().unwrap()));
    assert_eq!(
        (seen.location.as_str(), seen.scan_interval_hours),
        ("East US", Some(4))
    );
    assert_eq!(
        seen.regions,
        BTreeSet::from(["eu-west-1".to_owned(), "us-west-2".to_owned()])
    );
    let types: Vec<&str> = seen.offerings.iter().map(Domain::offering_type).collect();
    assert_eq!(
        types,
        ["DefenderForServersAws", "CspmMonitorAws", "FromTheFuture"]
    );
    assert_eq!(
        seen.offerings[1].roles().next().map(RoleArn::as_str),
        Some("arn:old")
    );
    assert_eq!(seen.body, portal());
}

#[test]
fn regions_keep_their_order_where_the_set_is_the_same() {
    let seen = read(portal()).unwrap();
    let mut wanted = wanted();
    wanted.regions = BTreeSet::from(["eu-west-1".to_owned(), "us-west-2".to_owned()]);
    let written = body(&wanted, Some(&seen)).unwrap();
    let regions = written.pointer("/properties/environmentData/regions");
    assert_eq!(regions, Some(&json!(["us-west-2", "eu-west-1"])));
    wanted.regions.remove("us-west-2");
    let written = body(&wanted, Some(&seen)).unwrap();
    assert_eq!(
        written.pointer("/properties/environmentData/regions"),
        Some(&json!(["eu-west-1"]))
    );
}

#[test]
fn withdrawn_tags_go_and_those_of_others_stay() {
    let seen = read(portal()).unwrap();
    let mut wanted = wanted();
    wanted.withdrawn_tags.insert("costcentre".to_owned());
    let written = body(&wanted, Some(&seen)).unwrap();
    assert_eq!(
        written["tags"],
        json!({"DeploymentId": "prod", "ManagedBy": "defender-connector-aws"})
    );
}

#[test]
fn an_offering_that_stands_there_twice_is_written_once() {
    let mut twice = portal();
    let offerings = twice
        .pointer_mut("/properties/offerings")
        .unwrap()
        .as_array_mut()
        .unwrap();
    offerings.push(json!({"offeringType": "cspmmonitoraws"}));
    let written = body(&wanted(), read(twice).as_ref()).unwrap();
    let types: Vec<&str> = written["properties"]["offerings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|offering| offering["offeringType"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        ["DefenderForServersAws", "CspmMonitorAws", "FromTheFuture"]
    );
}

#[test]
fn the_environment_of_another_cloud_is_left_as_it_is() {
    let data = json!({"environmentType": "GcpProject", "projectDetails": {"projectId": "p"}, "scanInterval": "x"});
    let model: EnvironmentData = serde_json::from_value(data.clone()).unwrap();
    assert_eq!(model, EnvironmentData::Other(data.clone()));
    assert_eq!(Value::from(model), data);
}

#[test]
fn a_body_that_does_not_fit_is_seen_but_never_written_over() {
    let mut odd = portal();
    odd["properties"]["environmentData"]["scanInterval"] = json!("often");
    let seen = read(odd).unwrap();
    assert!(seen.connects(&"123456789012".parse().unwrap()));
    assert_eq!(seen.tags["CostCentre"], "7");
    assert_eq!(seen.scan_interval_hours, None);
    assert!(
        body(&wanted(), Some(&seen))
            .unwrap_err()
            .to_string()
            .contains("often")
    );
}

#[test]
fn a_connector_under_any_name_counts() {
    let mut odd = portal();
    odd["id"] = json!(ID.replace("aws-123456789012", "My connector (ä)"));
    let seen = read(odd).unwrap();
    assert!(seen.connects(&"123456789012".parse().unwrap()));
    assert_eq!(seen.name().as_str(), "My connector (ä)");
}

#[test]
fn what_has_no_connectors_id_is_passed_over() {
    for item in [
        json!({}),
        json!(null),
        json!({"id": 7}),
        json!({"id": "/subscriptions/x"}),
    ] {
        assert!(read(item).is_none());
    }
}

#[test]
fn model_and_body_are_the_same_thing() {
    let model: SecurityConnector = serde_json::from_value(portal()).unwrap();
    assert_eq!(model.body(), portal());
}

fn unknown() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from)
    ];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("x-[a-z]{1,6}", value, 0..4)
        .prop_map(|map| map.into_iter().collect())
}

/// The objects of a body in which unknown fields may stand.
const PLACES: [&str; 6] = [
    "",
    "/properties",
    "/properties/environmentData",
    "/properties/offerings/0",
    "/properties/offerings/1",
    "/properties/offerings/1/nativeCloudConnection",
];

proptest! {
    #[test]
    fn unknown_fields_survive_everywhere(extras in prop::array::uniform6(unknown())) {
        let mut before = portal();
        for (place, extra) in PLACES.iter().zip(&extras) {
            before.pointer_mut(place).unwrap().as_object_mut().unwrap().extend(extra.clone());
        }
        let seen = read(before).unwrap();
        let after = body(&wanted(), Some(&seen)).unwrap();
        for (place, extra) in PLACES.iter().zip(&extras) {
            for (key, value) in extra {
                prop_assert_eq!(after.pointer(place).unwrap().get(key), Some(value), "{} {}", place, key);
            }
        }
        prop_assert_eq!(&after["properties"]["offerings"][2], &portal()["properties"]["offerings"][2]);
    }

    #[test]
    fn what_was_written_shows_no_difference(extra in unknown(), hours in prop::sample::select(vec![4, 6, 12, 24])) {
        let mut wanted = wanted();
        wanted.scan_interval = ScanInterval::from_hours(hours).unwrap();
        let mut before = portal();
        before["properties"].as_object_mut().unwrap().extend(extra);
        let mut after = body(&wanted, read(before).as_ref()).unwrap();
        after["id"] = json!(ID);
        let again = read(after.clone()).unwrap();
        prop_assert_eq!(differences(&wanted, &again), vec![]);
        let mut twice = body(&wanted, Some(&again)).unwrap();
        twice["id"] = json!(ID);
        prop_assert_eq!(twice, after);
    }

    #[test]
    fn no_item_of_a_list_panics(fields in unknown(), tags in unknown()) {
        let _ = read(json!({"id": ID, "tags": tags, "properties": fields}));
        let _ = read(json!({"id": ID, "properties": {"environmentData": tags, "offerings": [fields]}}));
    }
}
