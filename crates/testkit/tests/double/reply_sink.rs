use std::time::Duration;

use testkit::reply_sink::{Behaviour, ReplySink};

use crate::support::http_client;

#[tokio::test]
async fn a_put_in_order_is_stored_as_it_came() {
    let sink = ReplySink::start().await.unwrap();
    let url = sink.response_url();
    let answer = http_client()
        .put(&url)
        .header("content-type", "")
        .body("{\"a\":\"ä\"}")
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), 200);
    let stored = sink.stored();
    assert_eq!(stored.len(), 1);
    assert_eq!(
        format!("{}{}", sink.base_url(), stored[0].path_and_query),
        url
    );
    assert_eq!(stored[0].header("Content-Length"), Some("10"));
    assert_eq!(stored[0].json()["a"], "ä");
}

#[tokio::test]
async fn a_content_type_breaks_the_signature() {
    let sink = ReplySink::start().await.unwrap();
    let request = http_client().put(sink.response_url());
    let answer = request
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), 403);
    assert_eq!((sink.puts().len(), sink.stored().len()), (1, 0));
}

#[tokio::test]
async fn misbehaviour_follows_the_script() {
    let sink = ReplySink::start().await.unwrap();
    sink.script([
        Behaviour::Status(503),
        Behaviour::Reset,
        Behaviour::ResetAfterTaking,
        Behaviour::Slow(Duration::from_millis(50)),
    ]);
    sink.always(Behaviour::Hang);
    let client = http_client();
    let put = || {
        client
            .put(sink.response_url())
            .body("x")
            .timeout(Duration::from_millis(500))
            .send()
    };
    assert_eq!(put().await.unwrap().status(), 503);
    assert!(put().await.is_err());
    assert!(put().await.is_err());
    assert_eq!(put().await.unwrap().status(), 200);
    assert!(put().await.unwrap_err().is_timeout());
    let outcome: Vec<_> = sink
        .puts()
        .iter()
        .map(|put| (put.status, put.stored))
        .collect();
    let expected = [
        (Some(503), false),
        (None, false),
        (None, true),
        (Some(200), true),
        (None, false),
    ];
    assert_eq!(outcome, expected);
}
