//! How long writes take and how many there may be, and what is on record of it.

use serde_json::{Value, json};
use testkit::azure_double::AwsView;

use crate::support::{
    ACCOUNT, Azure, SUBSCRIPTION, connector, foundational, json_of, subscription,
};

async fn on_record(azure: &Azure) -> Vec<Value> {
    let base = azure.double.base_url();
    let url = format!("{base}/_double/requests?subscription={SUBSCRIPTION}");
    let all = json_of(azure.http.get(url).send().await.unwrap()).await;
    all.as_array().unwrap().clone()
}

fn took(one: &Value) -> u64 {
    one["tookMilliseconds"].as_u64().unwrap()
}

#[tokio::test]
async fn a_write_takes_the_time_that_is_set() {
    let azure = Azure::start().await;
    azure
        .double
        .switch(None, json!({ "putSeconds": 1 }))
        .unwrap();
    assert_eq!(
        azure.put("aws-1", &foundational(ACCOUNT)).await.status(),
        201
    );
    // Resource Manager's own refusals do not wait for Defender.
    let mut wrong = foundational(ACCOUNT);
    wrong["location"] = json!("global");
    assert_eq!(azure.put("aws-2", &wrong).await.status(), 400);
    azure.get(&connector("aws-1")).await;
    let all = on_record(&azure).await;
    assert!(took(&all[0]) >= 1000, "{all:?}");
    assert!(took(&all[1]) < 1000 && took(&all[2]) < 1000, "{all:?}");
    for wrong in [json!({ "putSeconds": -1 }), json!({ "putSeconds": "1" })] {
        assert!(azure.double.switch(None, wrong).is_err());
    }
}

#[tokio::test]
async fn of_two_writes_at_once_for_one_account_one_is_refused() {
    let azure = Azure::start().await;
    azure
        .double
        .switch(None, json!({ "putSeconds": 0.2 }))
        .unwrap();
    let body = foundational(ACCOUNT);
    let both = tokio::join!(azure.put("aws-1", &body), azure.put("aws-2", &body));
    let mut statuses = [both.0.status().as_u16(), both.1.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400]);
    assert_eq!(azure.double.counters(SUBSCRIPTION).connectors_written, 1);
}

#[tokio::test]
async fn what_is_throttled_is_on_record() {
    let mut setup = subscription();
    assert_eq!(
        (setup.throttle.write_burst, setup.throttle.read_burst),
        (200, 250)
    );
    setup.throttle.write_burst = 1;
    setup.throttle.writes_per_second = 0.1;
    let azure = Azure::start_with(AwsView::NotLookedAt, setup).await;
    for expected in [201, 429] {
        let answer = azure.put("aws-1", &foundational(ACCOUNT)).await;
        assert_eq!(answer.status(), expected);
    }
    let all = on_record(&azure).await;
    assert_eq!(all[1]["status"], 429);
    assert_eq!(all[1]["note"], "the bucket of writes is empty");
    assert_eq!(azure.double.counters(SUBSCRIPTION).throttled, 1);
}
