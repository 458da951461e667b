use super::*;
use crate::rig::{Answer, Asked, Wire, in_five_minutes};

const KEY: &str = "pending/8d1e.json";

fn objects(wire: &Wire) -> RunObjects {
    RunBucket::new(&wire.sdk(), "defender-runs").objects(in_five_minutes())
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::Body(
        status,
        format!("<Error><Code>{code}</Code><Message>why</Message></Error>"),
    )
}

fn path(asked: &Asked) -> &str {
    asked.uri.split_once(".com").map_or("", |(_, path)| path)
}

#[tokio::test(start_paused = true)]
async fn an_object_is_written_encrypted_and_read_as_it_was() {
    let wire = Wire::new(|position, _| match position {
        0 => Answer::Body(200, String::new()),
        _ => Answer::Body(200, r#"{"a":1}"#.to_owned()),
    });
    let objects = objects(&wire);
    objects.put(KEY, b"{}".to_vec()).await.unwrap();
    assert_eq!(
        objects.get(KEY).await.unwrap().as_deref(),
        Some(&br#"{"a":1}"#[..])
    );
    let asked = wire.asked();
    assert_eq!(path(&asked[0]), "/pending/8d1e.json?x-id=PutObject");
    assert_eq!(
        asked[0].header("x-amz-server-side-encryption"),
        Some("AES256")
    );
    assert_eq!(asked[0].header("if-none-match"), None);
    assert_eq!(path(&asked[1]), "/pending/8d1e.json?x-id=GetObject");
    assert_eq!(objects.uri(KEY), "s3://defender-runs/pending/8d1e.json");
}

#[tokio::test(start_paused = true)]
async fn only_the_first_of_several_writers_creates_an_object() {
    let wire = Wire::new(|position, _| match position {
        0 => Answer::Body(200, String::new()),
        2..4 => refused(409, "ConditionalRequestConflict"),
        _ => refused(412, "PreconditionFailed"),
    });
    let objects = objects(&wire);
    assert!(objects.create(KEY, vec![]).await.unwrap());
    assert!(!objects.create(KEY, vec![]).await.unwrap());
    assert!(!objects.create(KEY, vec![]).await.unwrap());
    assert_eq!(wire.asked().len(), 5, "a collision is tried again");
    assert!(
        wire.asked()
            .iter()
            .all(|asked| asked.header("if-none-match") == Some("*"))
    );
}

#[tokio::test(start_paused = true)]
async fn collisions_without_end_are_a_failure() {
    let wire = Wire::new(|_, _| refused(409, "ConditionalRequestConflict"));
    let error = objects(&wire).create(KEY, vec![]).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_none_and_may_be_removed() {
    for code in ["NoSuchKey", "NoSuchBucket"] {
        let wire = Wire::new(move |_, _| refused(404, code));
        let objects = objects(&wire);
        assert_eq!(objects.get(KEY).await.unwrap(), None);
        objects.remove(KEY).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_forbidden_for_it_is_not_there_is_none_and_what_is_there_is_forbidden() {
    let listing = |keys: &'static str| {
        Wire::new(move |_, asked| {
            if asked.uri.contains("list-type=2") {
                Answer::Body(200, format!("<ListBucketResult>{keys}</ListBucketResult>"))
            } else {
                refused(403, "AccessDenied")
            }
        })
    };
    for keys in ["", "<Contents><Key>pending/8d1e.json.old</Key></Contents>"] {
        let wire = listing(keys);
        assert_eq!(objects(&wire).get(KEY).await.unwrap(), None);
        let asked = wire.asked();
        assert!(
            asked[1].uri.contains("prefix=pending%2F8d1e.json"),
            "{}",
            asked[1].uri
        );
    }
    let wire = listing("<Contents><Key>pending/8d1e.json</Key></Contents>");
    let error = objects(&wire).get(KEY).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_named() {
    let wire = Wire::new(|_, _| refused(403, "AccessDenied"));
    let objects = objects(&wire);
    for (result, action) in [
        (objects.get(KEY).await.map(drop), "s3:GetObject"),
        (objects.put(KEY, vec![]).await, "s3:PutObject"),
        (objects.create(KEY, vec![]).await.map(drop), "s3:PutObject"),
        (objects.remove(KEY).await, "s3:DeleteObject"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind, FailureKind::Denied);
        let expected = format!("must be allowed {action} on the stack's run bucket");
        assert!(error.reason.contains(&expected), "{}", error.reason);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_claimed_once_and_whoever_comes_later_gets_it() {
    let wire = Wire::new(|position, asked| match (position, asked.method.as_str()) {
        (0, _) => Answer::Body(200, String::new()),
        (_, "PUT") => refused(412, "PreconditionFailed"),
        _ => Answer::Body(200, "the first".to_owned()),
    });
    let objects = objects(&wire);
    let first = objects.claim_answer("8d1e", b"the first").await.unwrap();
    assert_eq!(first, None);
    let earlier = objects.claim_answer("8d1e", b"the second").await.unwrap();
    assert_eq!(earlier.as_deref(), Some(&b"the first"[..]));
    let asked = wire.asked();
    let asked: Vec<(&str, &str)> = asked
        .iter()
        .map(|one| (path(one), one.header("if-none-match").unwrap_or_default()))
        .collect();
    assert_eq!(
        asked,
        [
            ("/answered/8d1e?x-id=PutObject", "*"),
            ("/answered/8d1e?x-id=PutObject", "*"),
            ("/answered/8d1e?x-id=GetObject", ""),
        ]
    );
    assert_eq!(wire.asked()[0].body, "the first");
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_can_be_neither_made_nor_found_is_a_failure() {
    let wire = Wire::new(|_, asked| match asked.method.as_str() {
        "PUT" => refused(412, "PreconditionFailed"),
        _ => refused(404, "NoSuchKey"),
    });
    let error = objects(&wire).claim_answer("8d1e", b"x").await.unwrap_err();
    assert_eq!(error.reason, "an answer that was there is gone");
    let wire = Wire::new(|_, _| refused(403, "AccessDenied"));
    let error = objects(&wire).claim_answer("8d1e", b"x").await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_kept_where_it_is_found_and_forgotten() {
    let wire = Wire::new(|_, _| Answer::Body(200, "{}".to_owned()));
    let objects = objects(&wire);
    objects.keep_request("8d1e", b"{}".to_vec()).await.unwrap();
    let kept = objects.kept_request("8d1e").await.unwrap();
    assert_eq!(kept.as_deref(), Some(&b"{}"[..]));
    objects.forget_request("8d1e").await.unwrap();
    for (asked, method) in wire.asked().iter().zip(["PUT", "GET", "DELETE"]) {
        assert_eq!(asked.method, method);
        assert!(
            path(asked).starts_with("/pending/8d1e.json?"),
            "{}",
            asked.uri
        );
    }
}
