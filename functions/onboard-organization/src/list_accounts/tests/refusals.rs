//! Runs that must not be, and runs that do nothing.

use super::*;

async fn refusal(world: &World, event: &Value) -> String {
    let mut event = event.clone();
    event["Operation"] = json!("ListAccounts");
    event["RunId"] = json!("r");
    let refused = world.event(&event).await.unwrap_err();
    let keys = world.keys();
    assert!(
        !keys.contains(&"runs/r/accounts.json".to_owned()),
        "{keys:?}"
    );
    refused.error_type
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_out_without_a_delete_or_an_update() {
    let world = world();
    let asked = json!({"Intent": "Offboard", "Wanted": wanted(IN)});
    world.aws.bucket.put("runs/r/asked.json", asked.to_string());
    for event in [
        json!({"Intent": "Offboard"}),
        json!({"Intent": "Offboard", "AccountIds": [id(1)]}),
        json!({"Intent": "Offboard", "RequestId": "r"}),
        json!({"Intent": "Narrow"}),
        // The request asked for something else.
        json!({"Intent": "Narrow", "RequestId": "r"}),
        json!({"Intent": "Onboard", "RequestId": "r"}),
        json!({"Intent": "Onboard", "RequestId": "r", "AccountIds": [id(1)]}),
        json!({"Intent": "Onboard", "Redrive": "unknown"}),
    ] {
        assert_eq!(refusal(&world, &event).await, "Invalid", "{event}");
    }
    let actions = world.aws.take_actions();
    assert_eq!(actions.get("ListAccounts"), None);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_put_in_while_a_delete_takes_everything_out_or_after_a_refusal() {
    let asked = json!({"Intent": "Onboard", "Wanted": wanted(IN)});
    let event = json!({"Intent": "Onboard", "RequestId": "r"});
    let refused = json!({"RequestId": "r", "Status": "FAILED"}).to_string();
    for (key, body) in [("leaving/all", "{}"), ("answered/r", refused.as_str())] {
        let world = world();
        world.aws.bucket.put("runs/r/asked.json", asked.to_string());
        world.aws.bucket.put(key, body);
        assert_eq!(refusal(&world, &event).await, "Conflict", "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn triggers_do_nothing_where_nothing_is_wanted_or_all_goes() {
    for change in [
        (|world: &World| world.aws.state().wanted = None) as fn(&World),
        |world| world.aws.state().wanted = Some(r#"{"Arc": {}}"#.to_owned()),
        |world| world.aws.bucket.put("leaving/all", "{}"),
    ] {
        let world = world();
        change(&world);
        let kept = world.keys();
        let outcome = world.sweep("r").await;
        assert_eq!(
            (&outcome["AccountsInScope"], &outcome["Done"]),
            (&json!(0), &json!(true))
        );
        assert_eq!(
            world.keys(),
            kept,
            "nothing is left in a bucket that may go"
        );
        let actions = world.aws.take_actions();
        assert_eq!(actions.get("ListAccounts"), None);
        assert_eq!(world.azure.state().lists, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_had_is_a_failure_with_a_stable_name() {
    for (action, code, name) in [
        ("ListAccounts", "AccessDeniedException", "Denied"),
        ("GetParameter", "AccessDeniedException", "Denied"),
        ("ListAccounts", "TooManyRequestsException", "Throttled"),
        (
            "ListAccounts",
            "AWSOrganizationsNotInUseException",
            "Invalid",
        ),
    ] {
        let world = world();
        world.aws.state().refused = Some((action, code));
        let event = json!({"Intent": "Onboard"});
        assert_eq!(refusal(&world, &event).await, name, "{action} {code}");
    }
    let world = world();
    world.aws.state().wanted = Some(r#"{"Scope": "Organization"}"#.to_owned());
    assert_eq!(
        refusal(&world, &json!({"Intent": "Onboard"})).await,
        "Invalid"
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_is_registered_one_by_one_beside_a_connector_that_stands_for_all() {
    let world = world();
    let own = crate::world::OWN.parse().unwrap();
    for deployment in ["of-the-portal", crate::world::DEPLOYMENT] {
        world.azure.put_for_all(&own, deployment);
        let event = json!({"Operation": "ListAccounts", "RunId": "r", "Intent": "Onboard"});
        let refused = world.event(&event).await.unwrap_err();
        assert_eq!(refused.error_type, "Conflict");
        let told = refused.error_message;
        assert!(told.contains("stands for a whole organization"), "{told}");
        assert!(
            told.contains("securityConnectors/aws-111122223333"),
            "{told}"
        );
    }
    assert!(!world.keys().contains(&"runs/r/accounts.json".to_owned()));

    let mut discovery = wanted(IN);
    discovery["Organization"]["MemberRegistration"] = json!("Discovery");
    world.aws.state().wanted = Some(discovery.to_string());
    assert_eq!(list(&world, &json!({})).await["Count"], 4);
}

#[tokio::test(start_paused = true)]
async fn members_are_not_registered_in_a_second_subscription() {
    let world = world();
    let kept = "runs/subscription.json";
    list(&world, &json!({})).await;
    assert_eq!(world.object(kept), json!(crate::world::GUID));
    let other = json!("0b1f6471-1bf0-4dda-aec3-444455556666");
    world.aws.bucket.put(kept, other.to_string());
    world.aws.bucket.remove("runs/r/accounts.json");
    let event = json!({"Intent": "Onboard"});
    assert_eq!(refusal(&world, &event).await, "Conflict");
    assert_eq!(world.object(kept), other);
}
