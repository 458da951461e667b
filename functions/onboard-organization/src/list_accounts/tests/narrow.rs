//! What an update takes out, and what a delete does.

use super::*;

fn put_asked(world: &World, intent: &str, wanted: &Value, before: Option<&Value>) {
    let mut asked = json!({"Intent": intent, "Wanted": wanted});
    if let Some(before) = before {
        asked["Before"] = before.clone();
    }
    world.aws.bucket.put("runs/r/asked.json", asked.to_string());
}

async fn listed(world: &World, intent: &str) -> Value {
    let event =
        json!({"Operation": "ListAccounts", "RunId": "r", "RequestId": "r", "Intent": intent});
    world.event(&event).await.unwrap()
}

fn marks(world: &World) -> Vec<String> {
    let keys = world.keys().into_iter();
    keys.filter(|key| key.starts_with("leaving/")).collect()
}

#[tokio::test(start_paused = true)]
async fn accounts_that_an_update_loses_go_with_the_tags_that_they_had() {
    let world = world();
    let mut after = without_tags(OUT);
    after["Organization"]["MaxConcurrentAccounts"] = json!("3");
    put_asked(&world, "Narrow", &after, Some(&wanted(IN)));
    world.azure.write(&account_id(1));
    world.azure.write(&account_id(4));
    assert_eq!(listed(&world, "Narrow").await["MaxConcurrency"], 3);
    assert_eq!(
        entries(&world),
        [
            entry(1, "Offboard", "Offboard"),
            entry(2, "Offboard", "Offboard"),
            entry(3, "Offboard", "Offboard"),
            entry(4, "RemoveConnector", "None"),
        ]
    );
    let expected: Vec<String> = (1..=4)
        .map(|n| format!("leaving/{}", account_id(n)))
        .collect();
    assert_eq!(marks(&world), expected);
    let kept = world.object("runs/r/wanted-state.json");
    assert_eq!(kept["Arc"]["ConnectorTagValue"], "true");
}

#[tokio::test(start_paused = true)]
async fn tags_that_are_off_are_taken_away_in_every_account_that_stays() {
    let world = world();
    put_asked(&world, "Narrow", &without_tags(IN), Some(&wanted(IN)));
    listed(&world, "Narrow").await;
    let off = |account| entry(account, "Onboard", "Offboard");
    assert_eq!(entries(&world), [off(1), off(2), off(3)]);
    let entries = world.object("runs/r/accounts.json");
    assert!(
        entries
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["AsWanted"] == true)
    );
    assert_eq!(
        skipped(&world),
        [
            (4, "Suspended".to_owned()),
            (9, "NotNarrowed".to_owned()),
            (111_122_223_333, "ManagementAccount".to_owned())
        ]
    );
    assert!(marks(&world).is_empty(), "one mark stands for all of these");
}

#[tokio::test(start_paused = true)]
async fn an_update_that_takes_nothing_away_looks_at_nobody() {
    let world = world();
    for before in [Some(without_tags(IN)), None] {
        put_asked(&world, "Narrow", &wanted(IN), before.as_ref());
        assert_eq!(listed(&world, "Narrow").await["Count"], 0);
    }
    let actions = world.aws.take_actions();
    assert_eq!(actions.get("ListAccounts"), None);
}

#[tokio::test(start_paused = true)]
async fn a_delete_is_over_all_accounts_and_one_mark_stands_for_them() {
    let world = world();
    put_asked(&world, "Offboard", &wanted(IN), None);
    world.aws.bucket.put("leaving/all", "{}");
    world.azure.write(&account_id(4));
    world.azure.write(&account_id(9));
    listed(&world, "Offboard").await;
    assert_eq!(
        entries(&world),
        [
            entry(1, "Offboard", "Offboard"),
            entry(2, "Offboard", "Offboard"),
            entry(3, "Offboard", "Offboard"),
            entry(4, "RemoveConnector", "None"),
            entry(9, "Offboard", "Offboard"),
        ]
    );
    assert_eq!(marks(&world), ["leaving/all"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_leaves_the_stacks_own_account_to_its_own_resources() {
    let world = world();
    put_asked(&world, "Onboard", &wanted(IN), None);
    listed(&world, "Onboard").await;
    let own = 111_122_223_333;
    assert!(entries(&world).iter().all(|(account, ..)| *account != own));
    assert!(skipped(&world).contains(&(own, "ManagementAccount".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn what_an_older_run_writes_before_the_mark_is_there_is_found() {
    let world = world();
    put_asked(&world, "Narrow", &wanted(OUT), Some(&wanted(IN)));
    world.azure.state().late = Some(account_id(2));
    listed(&world, "Narrow").await;
    assert_eq!(world.azure.state().lists, 2);
    let entries = world.object("runs/r/accounts.json");
    let mut entries = entries.as_array().unwrap().iter();
    let late = entries.find(|one| one["AccountId"] == account_id(2).as_str());
    let late = late.unwrap();
    assert_eq!(late["Connectors"].as_array().unwrap().len(), 1);
    assert_eq!(late["AsWanted"], false);

    listed(&world, "Narrow").await;
    assert_eq!(world.azure.state().lists, 3, "all are marked by now");
}
