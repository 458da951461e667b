use proptest::prelude::*;

use super::*;
use crate::call::Call;
use crate::rig::{Answer, Wire, in_five_minutes, refused};

async fn failed(answer: impl Fn() -> Answer + Send + Sync + 'static) -> (Failure, usize) {
    let wire = Wire::new(move |_, _| answer());
    let client = aws_sdk_iam::Client::new(&wire.sdk());
    let call = Call {
        action: "iam:GetRole",
        place: "in account 111122223333",
        deadline: in_five_minutes(),
    };
    let failure = call
        .send(client.get_role().role_name("x").send())
        .await
        .unwrap_err();
    (failure, wire.asked().len())
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_action_place_status_code_message_and_request() {
    let message = "User: arn:aws:sts::111122223333:assumed-role/x/y is not authorized to perform: iam:GetRole on resource: role CspmMonitorAws with an explicit deny in a service control policy";
    let (failure, tries) = failed(move || refused(403, "AccessDenied", message)).await;
    assert!(failure.is_explicit_denial() && failure.refuses_session());
    assert_eq!((failure.kind(), tries), (FailureKind::Denied, 1));
    let advised = failure
        .denied_advice(|action| format!("Allow {action}"))
        .advised("not said twice");
    insta::assert_snapshot!(PortError::from(advised).reason, @"iam:GetRole in account 111122223333: 403 AccessDenied: User: arn:aws:sts::111122223333:assumed-role/x/y is not authorized to perform: iam:GetRole on resource: role CspmMonitorAws with an explicit deny in a service control policy. Allow iam:GetRole (request id request-1)");
}

#[tokio::test(start_paused = true)]
async fn each_code_has_its_kind_and_the_sdk_retries_what_passes() {
    let throttled = FailureKind::Throttled { retry_after: None };
    for (status, code, kind, tried) in [
        (400, "Throttling", throttled, 5),
        (400, "ThrottlingException", throttled, 5),
        (400, "RequestLimitExceeded", throttled, 5),
        (429, "Whatever", throttled, 1),
        (503, "ServiceUnavailable", FailureKind::Transient, 5),
        (500, "ServiceFailure", FailureKind::Transient, 5),
        (403, "ExpiredToken", FailureKind::Transient, 1),
        (403, "InvalidClientTokenId", FailureKind::Denied, 1),
        (400, "AccessDeniedException", FailureKind::Denied, 1),
        (404, "NoSuchEntity", FailureKind::NotFound, 1),
        (409, "EntityAlreadyExists", FailureKind::Conflict, 1),
        (409, "LimitExceeded", FailureKind::Invalid, 1),
        (400, "MalformedPolicyDocument", FailureKind::Invalid, 1),
    ] {
        let (failure, tries) = failed(move || refused(status, code, "why")).await;
        assert_eq!((failure.kind(), tries), (kind, tried), "{status} {code}");
        assert!(failure.to_string().contains(code), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_answers_ends_by_the_deadline_and_what_is_unreachable_says_why() {
    let (failure, _) = failed(|| Answer::Never).await;
    assert_eq!(failure.kind(), FailureKind::Transient);
    insta::assert_snapshot!(failure, @"iam:GetRole in account 111122223333: no answer before the time for this request was up");
    let (failure, tries) = failed(|| Answer::Unreachable).await;
    assert_eq!((failure.kind(), tries), (FailureKind::Transient, 5));
    assert!(!failure.was_answered());
    insta::assert_snapshot!(failure, @r"iam:GetRole in account 111122223333: could not be sent: connection refused\u{1b}[2J");
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_answer_is_not_repeated() {
    let (failure, _) = failed(|| Answer::Body(200, "<secret-thing".to_owned())).await;
    assert_eq!(failure.kind(), FailureKind::Transient);
    assert!(
        !format!("{failure} {failure:?}").contains("secret-thing"),
        "{failure:?}"
    );
}

proptest! {
    #[test]
    fn inert_text_is_one_short_line_without_control_characters(text in "\\PC{0,30}[\u{0}-\u{1f}\u{202a}-\u{202e}]{0,9}\\PC{0,30}", longest in 0_usize..80) {
        let line = inert(&text, longest);
        prop_assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{:?}", line);
        prop_assert!(line.chars().filter(|c| *c == '…').count() <= text.chars().filter(|c| *c == '…').count() + 1);
    }
}

#[test]
fn inert_text_keeps_quotes_and_is_cut() {
    assert_eq!(inert(" it's \"it\"\n\\ ", 99), "it's \"it\" \\");
    assert_eq!(inert("abcdef", 3), "abc…");
}
