//! Requests of `CloudFormation` over the real clients, for an organization in memory.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::events::CustomResourceEvent;

use crate::world::organization::account_id;
use crate::world::{DEPLOYMENT, OWN, STACK, World};

const URL: &str = "https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/x";
const KIND: &str = "Custom::DeploymentScope";
const UNIT: &str = "ou-a1b2-11112222";

fn world() -> World {
    let world = World::new();
    world
        .aws
        .state()
        .organization
        .join(&account_id(1), Some(UNIT));
    world
        .aws
        .state()
        .organization
        .join(&account_id(2), Some(UNIT));
    world
}

fn create(properties: &Value) -> Value {
    let event = CustomResourceEvent::create(KIND, URL).field("StackId", STACK);
    let prefix = json!({"StackSetNamePrefix": "Mine"});
    event
        .properties(prefix)
        .properties(properties.clone())
        .build()
}

async fn reply(world: &World, event: &Value) -> Value {
    world.event(event).await.unwrap();
    world.replies.all().pop().unwrap()
}

async fn reason(world: &World, properties: &Value) -> String {
    let reply = reply(world, &create(properties)).await;
    assert_eq!(reply["Status"], "FAILED", "{reply}");
    let id = reply["PhysicalResourceId"].as_str().unwrap();
    assert!(id.starts_with("not-created:"), "{id}");
    reply["Reason"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_stack_sets_are_told_root_and_regions() {
    let world = world();
    let reply = reply(&world, &create(&json!({}))).await;
    assert_eq!(reply["Status"], "SUCCESS", "{reply}");
    assert_eq!(reply["PhysicalResourceId"], "deployment-scope:mdc/6c2f");
    assert_eq!(
        reply["Data"],
        json!({"RootOrOuIds": "r-a1b2", "OrganizationId": "o-a1b2c3d4e5",
            "EnabledRegions": "eu-west-1,us-east-1"})
    );
    assert!(world.keys().is_empty(), "it only looks");
}

#[tokio::test(start_paused = true)]
async fn chosen_units_and_regions_are_kept_as_far_as_they_are_there() {
    let world = world();
    world
        .aws
        .state()
        .organization
        .join(&account_id(3), Some("ou-a1b2-33334444"));
    let units = "ou-a1b2-33334444,ou-a1b2-11112222";
    let chosen = json!({"OrganizationalUnitIds": units, "Regions": "us-east-1,me-south-1"});
    let reply = reply(&world, &create(&chosen)).await;
    assert_eq!(
        reply["Data"]["RootOrOuIds"],
        "ou-a1b2-11112222,ou-a1b2-33334444"
    );
    assert_eq!(reply["Data"]["EnabledRegions"], "us-east-1");
    for (chosen, why) in [
        (
            json!({"OrganizationalUnitIds": "ou-a1b2-99998888"}),
            "ou-a1b2-99998888 is not in this organization",
        ),
        (
            json!({"OrganizationalUnitIds": "r-b2c3"}),
            "r-b2c3 is not in this organization",
        ),
        (
            json!({"OrganizationalUnitIds": "r-a1b2,ou-a1b2-11112222"}),
            "the root r-a1b2 has every unit below it",
        ),
        (
            json!({"Regions": "me-south-1"}),
            "none of me-south-1 is enabled",
        ),
    ] {
        let reason = reason(&world, &chosen).await;
        assert!(reason.contains(why), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_stack_sets_cannot_reach_members_the_command_is_named() {
    for (change, why) in [
        (
            (|world: &World| world.aws.state().organization.management = "444455556666".to_owned())
                as fn(&World),
            "account 444455556666 does. Run 'sam deploy' with credentials of account 444455556666",
        ),
        (
            |world| world.aws.state().organization.features = "CONSOLIDATED_BILLING",
            "Run 'aws organizations enable-all-features'",
        ),
        (
            |world| world.aws.state().stack_sets.is_trusted = false,
            "Run 'aws cloudformation activate-organizations-access'",
        ),
        (
            |world| {
                let refused = ("DescribeOrganization", "AWSOrganizationsNotInUseException");
                world.aws.state().refused = Some(refused);
            },
            "set Scope=Account",
        ),
        (
            |world| world.aws.state().refused = Some(("ListRegions", "AccessDeniedException")),
            "must be allowed account:ListRegions",
        ),
    ] {
        let world = world();
        change(&world);
        let reason = reason(&world, &json!({})).await;
        assert!(reason.contains(why), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_set_of_another_deployment_is_not_taken_over() {
    let tags = |owner: &str| {
        let pairs = [
            ("ManagedBy", "defender-connector-aws"),
            ("DeploymentId", owner),
        ];
        BTreeMap::from(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())))
    };
    for (tags, why) in [
        (
            tags("older"),
            "a stack set Mine-Region of the deployment older",
        ),
        (BTreeMap::new(), "a stack set Mine-Region of somebody else"),
    ] {
        let world = world();
        let name = "Mine-Region".to_owned();
        world.aws.state().stack_sets.tags.insert(name, tags);
        let reason = reason(&world, &json!({})).await;
        assert!(reason.contains(why), "{reason}");
    }
    let world = world();
    let own = tags(DEPLOYMENT);
    world
        .aws
        .state()
        .stack_sets
        .tags
        .insert("Mine-Access".to_owned(), own);
    assert_eq!(
        reply(&world, &create(&json!({}))).await["Status"],
        "SUCCESS"
    );
}

#[tokio::test(start_paused = true)]
async fn another_deployment_that_has_the_account_or_the_organization_is_named() {
    let own = OWN.parse().unwrap();
    for (accounts, why) in [
        (
            vec![own],
            "the deployment older connects account 111122223333",
        ),
        (
            vec![account_id(1), account_id(2)],
            "connects 2 accounts, some of this organization",
        ),
    ] {
        let world = world();
        for account in &accounts {
            world.azure.put_others(account, "older");
        }
        let reason = reason(&world, &json!({})).await;
        assert!(
            reason.contains(why) && reason.contains("set DeploymentId=older"),
            "{reason}"
        );
    }
    let world = world();
    // One member's own stack, another organization's, and ours.
    world.azure.put_others(&account_id(1), "of-a-member");
    world.azure.put_others(&account_id(71), "elsewhere");
    world.azure.put_others(&account_id(72), "elsewhere");
    world.azure.write(&account_id(1));
    world.azure.write(&account_id(2));
    assert_eq!(
        reply(&world, &create(&json!({}))).await["Status"],
        "SUCCESS"
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_keeps_its_id_and_a_delete_asks_nobody() {
    let world = world();
    let update = CustomResourceEvent::update(KIND, URL, "scope", json!({})).field("StackId", STACK);
    let update = update.property("OrganizationalUnitIds", UNIT).build();
    let updated = reply(&world, &update).await;
    assert_eq!(updated["PhysicalResourceId"], "scope");
    assert_eq!(updated["Data"]["RootOrOuIds"], UNIT);
    world.aws.take_actions();
    let delete = CustomResourceEvent::delete(KIND, URL, "scope").field("StackId", STACK);
    assert_eq!(reply(&world, &delete.build()).await["Status"], "SUCCESS");
    assert!(world.aws.take_actions().is_empty());
}
