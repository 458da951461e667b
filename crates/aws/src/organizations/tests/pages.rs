//! The list of accounts, page by page.

use super::*;

#[tokio::test(start_paused = true)]
async fn every_account_of_every_page_is_shown_once_and_at_the_pace_of_the_service() {
    let wire = Wire::new(|_, asked| page(1_000, asked));
    let started = Instant::now();
    let found = accounts(&wire).await.unwrap();
    let ids: BTreeSet<_> = found.iter().map(|account| account.id.clone()).collect();
    assert_eq!(
        (found.len(), ids.len(), wire.asked().len()),
        (1_000, 1_000, 50)
    );
    assert_eq!(wire.asked()[0].json()["MaxResults"], 20);
    // 12 at once, then 8 a second.
    let least = Duration::from_secs(38) / 8;
    assert!(
        started.elapsed() >= least && started.elapsed() < least * 2,
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_is_not_the_last_and_an_account_that_comes_twice_counts_once() {
    let wire = Wire::new(|position, _| match position {
        0 => body(&json!({"Accounts": [account(1)], "NextToken": "a"})),
        1 => body(&json!({"Accounts": [], "NextToken": "b"})),
        2 => body(&json!({"NextToken": "c"})),
        3 => body(&json!({"Accounts": [account(1), account(2)], "NextToken": ""})),
        _ => panic!("an empty token ends the list"),
    });
    let ids: Vec<String> = accounts(&wire)
        .await
        .unwrap()
        .iter()
        .map(|one| one.id.to_string())
        .collect();
    assert_eq!(ids, ["000000000001", "000000000002"]);
}

#[tokio::test(start_paused = true)]
async fn pages_that_go_round_are_left() {
    let wire = Wire::new(|position, _| {
        let next = ["a", "b", "c"][position % 3];
        body(&json!({"Accounts": [account(position)], "NextToken": next}))
    });
    let error = accounts(&wire).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Transient);
    insta::assert_snapshot!(error.reason, @"organizations:ListAccounts in the organization: its pages go round in a circle");
    assert_eq!(wire.asked().len(), 4);
}

fn stale() -> Answer {
    let body = json!({
        "__type": "InvalidInputException", "Message": "You specified a NextToken that is no good",
        "Reason": "INVALID_NEXT_TOKEN",
    });
    Answer::Body(400, body.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_token_expires_is_begun_anew() {
    let wire = Wire::new(|position, asked| match position {
        2 => stale(),
        _ => page(60, asked),
    });
    assert_eq!(accounts(&wire).await.unwrap().len(), 60);
    let tokens: Vec<Value> = wire
        .asked()
        .iter()
        .map(|asked| asked.json()["NextToken"].clone())
        .collect();
    assert_eq!(json!(tokens), json!([null, "20", "40", null, "20", "40"]));
}

#[tokio::test(start_paused = true)]
async fn tokens_that_never_last_end_it() {
    let wire = Wire::new(|_, asked| match asked.json()["NextToken"].as_str() {
        None => page(60, asked),
        Some(_) => stale(),
    });
    let error = accounts(&wire).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Transient);
    assert_eq!(wire.asked().len(), 8);
    // Without a token the service can mean no token.
    let wire = Wire::new(|_, _| stale());
    assert!(accounts(&wire).await.is_err());
    assert_eq!(wire.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_stays_throttled_is_asked_for_again_and_not_the_whole_list() {
    let throttled = || refused_in_json(400, "TooManyRequestsException", "slow down");
    // The SDK gives a page five tries.
    let wire = Wire::new(move |position, asked| match position {
        1..=12 => throttled(),
        _ => page(40, asked),
    });
    assert_eq!(accounts(&wire).await.unwrap().len(), 40);
    let without_token = wire
        .asked()
        .iter()
        .filter(|asked| asked.json()["NextToken"].is_null())
        .count();
    assert_eq!(without_token, 1);

    let wire = Wire::new(move |_, _| throttled());
    let error = accounts(&wire).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Throttled { retry_after: None });
}

#[tokio::test(start_paused = true)]
async fn a_list_ends_by_the_deadline_of_its_request() {
    let wire = Wire::new(|position, _| {
        body(&json!({"Accounts": [account(position)], "NextToken": position.to_string()}))
    });
    let until = Instant::now() + Duration::from_secs(10);
    let directory = Organizations::new(&wire.sdk()).directory(until);
    let error = directory
        .accounts(&BTreeSet::new(), &mut |_| {})
        .await
        .unwrap_err();
    assert_eq!(error.kind, FailureKind::Transient);
    assert!(Instant::now() < until + Duration::from_secs(1));
}
