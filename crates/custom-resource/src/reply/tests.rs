mod bucket;

use std::cell::Cell;

use self::bucket::{Behaviour, Bucket};
use super::*;
use crate::ResponseOrigins;

const PATH: &str =
    "/arn%3Aaws%3Acfn/mdc%7CThing%7C8d1e?X-Amz-Signature=s3cr3t%2F&X-Amz-Expires=7200";

#[expect(
    clippy::disallowed_methods,
    reason = "stands in for the one HTTP client of the function"
)]
fn sender() -> HttpReplySender {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    HttpReplySender::new(client.build().unwrap())
}

async fn send_to(bucket: &Bucket, body: &str, time: Duration) -> Result<(), ReplyError> {
    let origins = ResponseOrigins::new("us-east-1", Some(bucket.base().parse().unwrap()));
    let url = origins.accept(&format!("{}{PATH}", bucket.base())).unwrap();
    sender()
        .send(&url, body.as_bytes().to_vec(), Instant::now() + time)
        .await
}

const TEN_SECONDS: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_put_has_an_empty_type_its_length_in_bytes_and_the_address_untouched() {
    let bucket = Bucket::start(&[]).await;
    let body = "{\"Reason\":\"Zürich 東京 🦀\"}";
    send_to(&bucket, body, TEN_SECONDS).await.unwrap();
    let puts = bucket.puts();
    assert_eq!(puts.len(), 1);
    assert_eq!(
        puts[0].head.lines().next(),
        Some(format!("PUT {PATH} HTTP/1.1").as_str())
    );
    assert_eq!(puts[0].header("content-type"), Some(""));
    assert_eq!(
        puts[0].header("content-length"),
        Some(body.len().to_string().as_str())
    );
    assert_eq!(puts[0].header("transfer-encoding"), None);
    assert_eq!(puts[0].body, body.as_bytes());
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    use Behaviour::{Reset, Status, StopHalfWay};

    for trouble in [
        Status(503),
        Status(500),
        Status(429),
        Status(408),
        Reset,
        StopHalfWay,
    ] {
        let bucket = Bucket::start(&[trouble.clone(), trouble.clone()]).await;
        let sent = send_to(&bucket, "{}", TEN_SECONDS).await;
        assert_eq!(sent, Ok(()), "{trouble:?}");
        assert_eq!(bucket.puts().len(), 3, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_bucket_that_falls_silent_gets_another_attempt_and_a_slow_one_does_not() {
    let silent = Bucket::start(&[Behaviour::Silence]).await;
    assert_eq!(send_to(&silent, "{}", TEN_SECONDS).await, Ok(()));
    assert_eq!(silent.puts().len(), 2);
    let slow = Bucket::start(&[Behaviour::Late(Duration::from_millis(700))]).await;
    assert_eq!(send_to(&slow, "{}", TEN_SECONDS).await, Ok(()));
    assert_eq!(slow.puts().len(), 1);
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again() {
    for (status, error) in [
        (403, ReplyError::Forbidden),
        (400, ReplyError::Refused(400)),
        (404, ReplyError::Refused(404)),
        (304, ReplyError::Refused(304)),
    ] {
        let bucket = Bucket::start(&[Behaviour::Status(status)]).await;
        assert_eq!(send_to(&bucket, "{}", TEN_SECONDS).await, Err(error));
        assert_eq!(bucket.puts().len(), 1);
    }
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let elsewhere = Bucket::start(&[]).await;
    let bucket = Bucket::start(&[Behaviour::Redirect(elsewhere.base())]).await;
    let sent = send_to(&bucket, "{}", TEN_SECONDS).await;
    assert_eq!(sent, Err(ReplyError::Refused(307)));
    assert_eq!(elsewhere.puts().len(), 0);
}

#[tokio::test]
async fn an_error_says_what_happened_last_and_not_where() {
    let bucket = Bucket::start(&vec![Behaviour::Reset; 50]).await;
    let error = send_to(&bucket, "{}", Duration::from_millis(300))
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(matches!(error, ReplyError::OutOfTime { .. }), "{shown}");
    assert!(
        !shown.contains("s3cr3t") && !shown.contains("8d1e"),
        "{shown}"
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_until_time_is_up_and_never_in_a_storm() {
    let start = Instant::now();
    let count = Cell::new(0_u32);
    let result = persist(start + Duration::from_mins(1), || {
        count.set(count.get() + 1);
        async { Err(Attempt::Again("HTTP status 503".to_owned())) }
    })
    .await;
    let attempts = count.get();
    assert_eq!(
        result,
        Err(ReplyError::OutOfTime {
            attempts,
            last: "HTTP status 503".into()
        })
    );
    assert!((10..200).contains(&attempts), "{attempts} attempts");
    let taken = start.elapsed();
    assert!(
        taken > Duration::from_secs(50) && taken <= Duration::from_mins(1),
        "{taken:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn even_when_time_is_up_there_is_one_attempt() {
    let count = Cell::new(0);
    let result = persist(Instant::now(), || {
        count.set(count.get() + 1);
        async { Ok(()) }
    });
    assert_eq!(result.await, Ok(()));
    assert_eq!(count.get(), 1);
}

#[test]
fn pauses_grow_to_a_limit() {
    for attempts in [1, 2, 10, u32::MAX] {
        let ceiling = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts - 1));
        assert!((0..100).all(|_| pause_after(attempts) <= ceiling.min(LONGEST_PAUSE)));
    }
}
