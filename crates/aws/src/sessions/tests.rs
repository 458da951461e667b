use super::*;
use crate::rig::{ACCOUNT, Answer, LATER, SESSION_SECRET, Wire, in_five_minutes, refused, session};

const DENIED: &str = "User: x is not authorized to perform: sts:AssumeRole on resource: y";

fn role() -> RoleArn {
    RoleArn::seen(format!(
        "arn:aws:iam::{ACCOUNT}:role/DefenderConnectorAccess"
    ))
}

fn name() -> SessionName {
    SessionName::for_request("0b1f6471-1bf0-4dda-aec3-111122223333")
}

#[tokio::test(start_paused = true)]
async fn a_session_is_asked_for_once_and_kept() {
    let wire = Wire::new(|_, _| session("SESSIONKEY", LATER));
    let sessions = RoleSessions::new(&wire.sdk());
    for _ in 0..2 {
        let credentials = sessions
            .credentials(&role(), &name(), in_five_minutes())
            .await
            .unwrap();
        assert_eq!(credentials.access_key_id(), "SESSIONKEY");
        assert_eq!(credentials.session_token(), Some("the-session-token"));
    }
    let [asked] = &wire.asked()[..] else {
        panic!("{:?}", wire.actions())
    };
    assert_eq!(asked.access_key, "OWNKEY");
    assert_eq!(asked.field("RoleArn").as_deref(), Some(role().as_str()));
    assert_eq!(
        asked.field("RoleSessionName").as_deref(),
        Some("DefenderConnector-0b1f6471-1bf0-4dda-aec3-111122223333")
    );
    assert!(
        asked.uri.starts_with("https://sts.eu-west-1.amazonaws.com"),
        "{}",
        asked.uri
    );
    sessions.forget(&role());
    sessions
        .credentials(&role(), &name(), in_five_minutes())
        .await
        .unwrap();
    assert_eq!(wire.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_soon_is_replaced() {
    let wire = Wire::new(|_, _| session("SESSIONKEY", "2020-01-01T00:00:00Z"));
    let sessions = RoleSessions::new(&wire.sdk());
    for _ in 0..2 {
        sessions
            .credentials(&role(), &name(), in_five_minutes())
            .await
            .unwrap();
    }
    assert_eq!(wire.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_role_made_seconds_ago_is_waited_for() {
    let wire = Wire::new(|position, _| match position {
        0..3 => refused(403, "AccessDenied", DENIED),
        _ => session("SESSIONKEY", LATER),
    });
    let started = Instant::now();
    let sessions = RoleSessions::new(&wire.sdk());
    sessions
        .credentials(&role(), &name(), in_five_minutes())
        .await
        .unwrap();
    assert_eq!((wire.asked().len(), started.elapsed().as_secs()), (4, 21));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_stays_closed_is_given_up_within_a_minute_and_few_calls() {
    let wire = Wire::new(|_, _| refused(403, "AccessDenied", DENIED));
    let started = Instant::now();
    let sessions = RoleSessions::new(&wire.sdk());
    let failure = sessions
        .credentials(&role(), &name(), in_five_minutes())
        .await
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Denied);
    assert!(
        started.elapsed() <= PATIENCE && wire.asked().len() <= 6,
        "{:?}",
        started.elapsed()
    );
    insta::assert_snapshot!(failure, @"sts:AssumeRole for role arn:aws:iam::111122223333:role/DefenderConnectorAccess: 403 AccessDenied: User: x is not authorized to perform: sts:AssumeRole on resource: y (gave up after 6 tries in 51 s; request id request-1)");
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_to_know_it_now_gets_a_new_session_or_one_refusal() {
    let wire = Wire::new(|position, _| match position {
        1 => refused(403, "AccessDenied", DENIED),
        _ => session("SESSIONKEY", LATER),
    });
    let sessions = RoleSessions::new(&wire.sdk());
    let started = Instant::now();
    let (role, name) = (role(), name());
    let held = sessions.credentials(&role, &name, in_five_minutes()).await;
    held.unwrap();
    let refusal = sessions
        .credentials_now(&role, &name, in_five_minutes())
        .await
        .unwrap_err();
    assert_eq!(refusal.kind(), FailureKind::Denied);
    assert_eq!((wire.asked().len(), started.elapsed().as_secs()), (2, 0));
    // The session that was held is worth nothing any more.
    for asked in [3, 3] {
        let held = sessions.credentials(&role, &name, in_five_minutes()).await;
        held.unwrap();
        assert_eq!(wire.asked().len(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_before_the_deadline_and_the_services_answer_is_kept() {
    let wire = Wire::new(|position, _| match position {
        0 => refused(403, "AccessDenied", DENIED),
        _ => Answer::Never,
    });
    let deadline = Instant::now() + Duration::from_secs(10);
    let failure = RoleSessions::new(&wire.sdk())
        .credentials(&role(), &name(), deadline)
        .await
        .unwrap_err();
    assert!(Instant::now() <= deadline + Duration::from_millis(5));
    assert_eq!(
        (failure.kind(), wire.asked().len()),
        (FailureKind::Denied, 2)
    );

    let wire = Wire::new(|_, _| refused(403, "AccessDenied", DENIED));
    let (started, deadline) = (Instant::now(), Instant::now() + Duration::from_secs(5));
    let sessions = RoleSessions::new(&wire.sdk());
    assert!(
        sessions
            .credentials(&role(), &name(), deadline)
            .await
            .is_err()
    );
    assert_eq!((wire.asked().len(), started.elapsed().as_secs()), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn an_explicit_denial_and_other_refusals_are_not_waited_out() {
    for (code, message) in [
        (
            "AccessDenied",
            "not authorized, with an explicit deny in a service control policy",
        ),
        ("InvalidClientTokenId", "the token is invalid"),
    ] {
        let wire = Wire::new(move |_, _| refused(403, code, message));
        let sessions = RoleSessions::new(&wire.sdk());
        let failure = sessions
            .credentials(&role(), &name(), in_five_minutes())
            .await
            .unwrap_err();
        assert_eq!(
            (failure.kind(), wire.asked().len()),
            (FailureKind::Denied, 1),
            "{code}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn patience_is_a_setting() {
    let wire = Wire::new(|_, _| refused(403, "AccessDenied", DENIED));
    let sessions = RoleSessions::new(&wire.sdk()).with_patience(Duration::ZERO);
    assert!(
        sessions
            .credentials(&role(), &name(), in_five_minutes())
            .await
            .is_err()
    );
    assert_eq!(wire.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn debug_shows_no_credentials() {
    let wire = Wire::new(|_, _| session("SESSIONKEY", LATER));
    let sessions = RoleSessions::new(&wire.sdk());
    sessions
        .credentials(&role(), &name(), in_five_minutes())
        .await
        .unwrap();
    let shown = format!("{sessions:?}");
    for hidden in [SESSION_SECRET, "SESSIONKEY", "the-session-token"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn session_names_hold_what_sts_accepts() {
    let name = SessionName::for_request(&format!("a b/ä\n{}", "x".repeat(99)));
    assert_eq!(name.as_str().len(), 64);
    assert!(name.as_str().starts_with("DefenderConnector-abxx"));
    assert_eq!(SessionName::for_request("").as_str(), "DefenderConnector-");
}
