//! Requests that are answered at once, with a failure; and what is no request at all.

use super::*;

async fn reply(world: &World, event: &Value) -> Value {
    world.event(event).await.unwrap();
    world.replies.all().pop().unwrap()
}

#[tokio::test(start_paused = true)]
async fn another_stacks_requests_are_refused_whatever_they_ask_for() {
    let world = world();
    world.want(&wanted(IN));
    let other = "arn:aws:cloudformation:eu-west-1:111122223333:stack/other/7d3a";
    let scope = CustomResourceEvent::create("Custom::DeploymentScope", URL);
    for event in [
        create("c"),
        delete("d"),
        update(ONBOARDING, "u", &wanted(IN), &wanted(OUT)),
        update(NARROWING, "n", &wanted(IN), &wanted(OUT)),
        scope.property("StackSetNamePrefix", "Mine").build(),
    ] {
        let mut event = event;
        event["StackId"] = json!(other);
        let reply = reply(&world, &event).await;
        assert_eq!(reply["Status"], "FAILED");
        let reason = reply["Reason"].as_str().unwrap();
        assert!(
            reason.starts_with(&format!("StackId: this function serves the stack {STACK}")),
            "{reason}"
        );
    }
    assert!(world.keys().is_empty() && world.aws.take_actions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_environment_does_not_allow_is_refused_before_any_call() {
    let world = world();
    let mut other = wanted(IN);
    other["Connector"]["SubscriptionId"] = json!("0b1f6471-1bf0-4dda-aec3-444455556666");
    for kind in [ONBOARDING, NARROWING] {
        let made = CustomResourceEvent::create(kind, URL);
        for event in [
            asked(made, "c", &other),
            update(kind, "u", &wanted(IN), &other),
        ] {
            let reply = reply(&world, &event).await;
            let reason = reply["Reason"].as_str().unwrap();
            assert!(
                reason.starts_with("ResourceProperties.WantedState: Connector.SubscriptionId: "),
                "{reason}"
            );
        }
    }
    assert!(world.keys().is_empty() && world.aws.take_actions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_handed_over_is_answered_at_once_and_forgotten() {
    for event in [create("c"), delete("d")] {
        let world = world();
        world.aws.state().started = None;
        let reply = reply(&world, &event).await;
        assert_eq!(
            (&reply["Status"], &reply["PhysicalResourceId"]),
            (&json!("FAILED"), &json!(ID))
        );
        let reason = reply["Reason"].as_str().unwrap();
        assert!(
            reason.contains("states:StartExecution") && reason.contains("[Denied]"),
            "{reason}"
        );
        assert!(!world.keys().iter().any(|key| key.starts_with("pending/")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_had_fails_the_request() {
    let world = world();
    world.want(&wanted(IN));
    world.aws.state().refused = Some(("ListAccounts", "AccessDeniedException"));
    let reply = world.request(&create("c")).await;
    assert_eq!(
        (&reply["Status"], &reply["PhysicalResourceId"]),
        (&json!("FAILED"), &json!(ID))
    );
    let reason = reply["Reason"].as_str().unwrap();
    assert!(
        reason.contains("must be allowed organizations:ListAccounts"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_that_could_not_start_says_which_variables_are_wrong() {
    for (name, bad) in [
        ("STATE_MACHINE_ARN", "x"),
        ("WANTED_STATE_PARAMETER", "a b"),
        ("AZURE_SUBSCRIPTION_ID", "mine"),
    ] {
        let variables = ENVIRONMENT.into_iter().chain([(name, bad)]);
        let boot = Boot::of(variables.collect::<lambda_support::Environment>());
        let app = OnboardOrganization::new(&boot);
        let invocation = Invocation::ending_at(Instant::now() + Duration::from_mins(5));
        for event in [
            json!({"Operation": "Progress", "RunId": "r"}),
            json!({"Records": []}),
        ] {
            let failed = Box::pin(app.serve(&event, &invocation)).await.unwrap_err();
            assert_eq!(failed.error_type, "Invalid");
            let told = failed.error_message;
            assert!(told.starts_with("the function could not start: "), "{told}");
            assert!(told.contains(name), "{told}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_event_of_ours_is_refused() {
    let world = world();
    for event in [
        json!({}),
        json!({"Operation": "Reset"}),
        json!([]),
        json!("x"),
    ] {
        assert_eq!(
            world.event(&event).await.unwrap_err().error_type,
            "Invalid",
            "{event}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_to_another_subscription_is_refused_until_the_members_are_out() {
    let world = world();
    world.want(&wanted(IN));
    let kept = "runs/subscription.json";
    let other = json!("0b1f6471-1bf0-4dda-aec3-444455556666");
    world.aws.bucket.put(kept, other.to_string());
    let narrowing = update(NARROWING, "n", &wanted(IN), &wanted(IN));
    let refused = reply(&world, &narrowing).await;
    assert_eq!(refused["Status"], "FAILED");
    let reason = refused["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with("AzureSubscriptionId: ") && reason.contains(other.as_str().unwrap()),
        "{reason}"
    );
    assert_eq!(world.request(&delete("d")).await["Status"], "SUCCESS");
    assert!(!world.keys().contains(&kept.to_owned()));
}
