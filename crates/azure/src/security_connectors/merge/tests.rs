use onboarding::connector::ScanInterval;
use onboarding::diff::{Difference, differences};
use onboarding::{AccountId, Offering as Domain, Plans, RoleArn, RoleNames};
use serde_json::json;

use super::*;

mod all_plans;
mod meaning;
mod misfits;
mod no_features;
mod organization;
mod plans;
mod properties;

const ID: &str = "/subscriptions/cccccccc-0000-4000-8000-000000000003/resourceGroups/rg-mdc/providers/Microsoft.Security/securityConnectors/aws-123456789012";

/// Foundational CSPM.
fn wanted() -> WantedConnector {
    wanting(&Plans::default())
}

fn wanting(plans: &Plans) -> WantedConnector {
    let account: AccountId = "123456789012".parse().unwrap();
    let partition = "aws".parse().unwrap();
    let names = RoleNames::default();
    let role = |key| RoleArn::new(&partition, &account, &names.get(key));
    let offerings = plans.offerings(role);
    let tags = [
        ("ManagedBy", "defender-connector-aws"),
        ("DeploymentId", "prod"),
    ];
    WantedConnector {
        id: ID.parse().unwrap(),
        account,
        location: "eastus".parse().unwrap(),
        scan_interval: ScanInterval::from_hours(12).unwrap(),
        regions: BTreeSet::new(),
        organization: None,
        offerings,
        tags: tags
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        withdrawn_tags: BTreeSet::new(),
    }
}

fn body(wanted: &WantedConnector, seen: Option<&Connector>) -> Result<Value, serde_json::Error> {
    super::body(wanted, seen, SubPlanForm::Object)
}

/// What the service shows after a write.
fn answered(mut written: Value) -> Connector {
    written["id"] = json!(ID);
    read(written).unwrap()
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
                "newDetail": {"on": true},
            },
            "offerings": [
                {"offeringType": "InformationProtectionAws", "description": "old",
                 "informationProtection": {"cloudRoleArn": "arn:x"}},
                {"offeringType": "CspmMonitorAws", "description": "cspm", "newSwitch": true,
                 "nativeCloudConnection": {"cloudRoleArn": "arn:old", "newDetail": 1}},
                {"offeringType": "DefenderForServersAws", "description": "servers", "subPlan": "P1",
                 "defenderForServers": {"cloudRoleArn": "arn:x"}},
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
          "newDetail": {
            "on": true
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
            "informationProtection": {
              "cloudRoleArn": "arn:x"
            },
            "offeringType": "InformationProtectionAws"
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
        [
            "InformationProtectionAws",
            "CspmMonitorAws",
            "DefenderForServersAws",
            "FromTheFuture"
        ]
    );
    assert_eq!(seen.offerings[1].roles(), [&RoleArn::seen("arn:old")]);
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
fn a_plan_that_is_off_takes_its_offering_out_and_others_stay() {
    let seen = read(portal()).unwrap();
    let withdrawn = Difference::WithdrawnOffering("DefenderForServersAws".to_owned());
    assert!(differences(&wanted(), &seen).contains(&withdrawn));
    let after = answered(body(&wanted(), Some(&seen)).unwrap());
    assert_eq!(differences(&wanted(), &after), vec![]);
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
        [
            "InformationProtectionAws",
            "CspmMonitorAws",
            "FromTheFuture"
        ]
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
fn a_connector_under_any_name_counts() {
    let mut odd = portal();
    odd["id"] = json!(ID.replace("aws-123456789012", "My connector (ä)"));
    let seen = read(odd).unwrap();
    assert!(seen.connects(&"123456789012".parse().unwrap()));
    assert_eq!(seen.name().as_str(), "My connector (ä)");
}

#[test]
fn model_and_body_are_the_same_thing() {
    let model: SecurityConnector = serde_json::from_value(portal()).unwrap();
    assert_eq!(model.body(), portal());
}
