use secrecy::ExposeSecret;

use super::*;
use crate::rig::{Answer, LATER, Wire, answered, in_five_minutes, refused, session};

const ROLE: &str = "arn:aws:iam::111122223333:role/DefenderConnectorAzureSignIn";
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

fn tokens(wire: &Wire) -> WebIdentityToken {
    let sdk = wire.sdk();
    let sessions = Arc::new(RoleSessions::new(&sdk));
    WebIdentityToken::new(&sdk, sessions, RoleArn::seen(ROLE))
}

fn wire(answer: impl Fn() -> Answer + Send + Sync + 'static) -> Wire {
    Wire::new(move |_, asked| match asked.action().as_str() {
        "AssumeRole" => session("SIGNINKEY", LATER),
        _ => answer(),
    })
}

fn token() -> Answer {
    let token = format!("<WebIdentityToken>{TOKEN}</WebIdentityToken>");
    answered(
        "GetWebIdentityToken",
        &format!("{token}<Expiration>{LATER}</Expiration>"),
    )
}

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_for_anew_each_time_and_as_entra_needs_it() {
    let wire = wire(token);
    let tokens = tokens(&wire);
    for _ in 0..2 {
        let token = tokens.fetch(in_five_minutes()).await.unwrap();
        assert_eq!(token.expose_secret(), TOKEN);
        assert!(!format!("{tokens:?} {token:?}").contains(TOKEN));
    }
    assert_eq!(
        wire.actions(),
        ["AssumeRole", "GetWebIdentityToken", "GetWebIdentityToken"]
    );
    let asked = wire.asked();
    assert_eq!(asked[0].field("RoleArn").as_deref(), Some(ROLE));
    assert_eq!(
        asked[1].field("Audience.member.1").as_deref(),
        Some(AUDIENCE)
    );
    assert_eq!(asked[1].field("SigningAlgorithm").as_deref(), Some("RS256"));
    assert_eq!(asked[1].field("DurationSeconds").as_deref(), Some("300"));
    assert_eq!(asked[1].access_key, "SIGNINKEY");
    assert!(
        asked[1]
            .uri
            .starts_with("https://sts.eu-west-1.amazonaws.com"),
        "{}",
        asked[1].uri
    );
}

#[tokio::test(start_paused = true)]
async fn federation_that_is_off_says_how_to_switch_it_on() {
    let code = "OutboundWebIdentityFederationDisabledException";
    let wire = wire(move || refused(400, code, "Outbound web identity federation is disabled"));
    let error = tokens(&wire).fetch(in_five_minutes()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    insta::assert_snapshot!(error.reason, @"sts:GetWebIdentityToken as role arn:aws:iam::111122223333:role/DefenderConnectorAzureSignIn: 400 OutboundWebIdentityFederationDisabledException: Outbound web identity federation is disabled. Outbound identity federation is off in this account. Switch it on once with 'aws iam enable-outbound-web-identity-federation', give the issuer that it names to the federated credential in Azure, and deploy again (request id request-1)");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_waited_for_but_names_the_permission() {
    let wire = wire(|| refused(403, "AccessDenied", "not authorized"));
    let error = tokens(&wire).fetch(in_five_minutes()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    assert!(
        error
            .reason
            .contains("must be allowed sts:GetWebIdentityToken"),
        "{}",
        error.reason
    );
    assert_eq!(wire.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_role_that_cannot_be_assumed_is_named() {
    let wire = Wire::new(|_, _| refused(403, "AccessDenied", "with an explicit deny"));
    let error = tokens(&wire).fetch(in_five_minutes()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    let expected = format!("The role {ROLE} must exist and trust this function's role");
    assert!(error.reason.contains(&expected), "{}", error.reason);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_token_is_a_failure() {
    let wire = wire(|| {
        answered(
            "GetWebIdentityToken",
            "<WebIdentityToken></WebIdentityToken>",
        )
    });
    let error = tokens(&wire).fetch(in_five_minutes()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Transient);
}
