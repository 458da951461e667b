use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::rig::{
    ASSERTION, CLIENT, SECRET, TENANT, TOKEN, client_secret, federation, granting, sign_ins, soon,
    source, token_path,
};

fn refusal(number: u32) -> ResponseTemplate {
    refusal_saying(number, "The text of the service.")
}

fn refusal_saying(number: u32, text: &str) -> ResponseTemplate {
    let description = format!(
        "AADSTS{number}: {text} Trace ID: 77777777-0000-4000-8000-000000000007\r\nCorrelation ID: x"
    );
    ResponseTemplate::new(if number > 7_000_000 { 401 } else { 400 }).set_body_json(json!({
        "error": "invalid_client", "error_description": description, "error_codes": [number],
        "correlation_id": "88888888-0000-4000-8000-000000000008",
    }))
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(token_path()))
        .respond_with(template)
        .mount(&server)
        .await;
    server
}

fn form(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_federated_sign_in_sends_the_assertion() {
    let server = MockServer::start().await;
    granting(3599).mount(&server).await;
    let token = source(&server.uri(), federation())
        .token(soon())
        .await
        .unwrap();
    assert_eq!(token.expose(), format!("{TOKEN}-1"));
    let expected = pairs(&[
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("scope", "https://management.azure.com/.default"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", ASSERTION),
    ]);
    assert_eq!(form(&sign_ins(&server).await[0]), expected);
}

#[tokio::test]
async fn a_sign_in_with_a_secret_sends_the_secret() {
    let server = MockServer::start().await;
    granting(3599).mount(&server).await;
    source(&server.uri(), client_secret())
        .sign_in(soon())
        .await
        .unwrap();
    let sent = sign_ins(&server).await;
    let expected = pairs(&[
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("scope", "https://management.azure.com/.default"),
        ("client_secret", SECRET),
    ]);
    assert_eq!(form(&sent[0]), expected);
    assert_eq!(
        sent[0].headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert!(sent[0].headers.contains_key("x-ms-client-request-id"));
}

#[tokio::test]
async fn a_token_is_kept_and_many_callers_share_one_flight() {
    let server = MockServer::start().await;
    granting(3599).mount(&server).await;
    let source = source(&server.uri(), client_secret());
    let (a, b, c) = tokio::join!(
        source.token(soon()),
        source.token(soon()),
        source.token(soon())
    );
    let again = source.token(soon()).await.unwrap();
    for token in [a.unwrap(), b.unwrap(), c.unwrap(), again] {
        assert_eq!(token.generation, 1);
    }
    assert_eq!(sign_ins(&server).await.len(), 1);
}

#[tokio::test]
async fn callers_who_waited_for_a_failed_flight_share_its_failure() {
    let server = answering(refusal(700_016).set_delay(Duration::from_millis(100))).await;
    let source = source(&server.uri(), client_secret());
    let (a, b) = tokio::join!(source.token(soon()), source.token(soon()));
    assert!(a.is_err() && b.is_err());
    assert_eq!(sign_ins(&server).await.len(), 1);
    assert!(source.token(soon()).await.is_err());
    assert_eq!(
        sign_ins(&server).await.len(),
        2,
        "a later caller asks again"
    );
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all_who_held_it() {
    let server = MockServer::start().await;
    granting(3599).mount(&server).await;
    let source = source(&server.uri(), client_secret());
    let old = source.token(soon()).await.unwrap();
    assert_eq!(source.another(&old, soon()).await.unwrap().generation, 2);
    assert_eq!(source.another(&old, soon()).await.unwrap().generation, 2);
    assert_eq!(sign_ins(&server).await.len(), 2);
}

#[tokio::test]
async fn a_token_near_its_end_is_refreshed_and_kept_when_that_fails() {
    let server = MockServer::start().await;
    granting(3).up_to_n_times(1).mount(&server).await;
    let source = source(&server.uri(), client_secret());
    source.token(soon()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1600)).await;
    // Past half of its life, with Entra answering 404 to everything.
    let token = source.token(soon()).await.unwrap();
    assert_eq!(token.generation, 1);
    assert_eq!(sign_ins(&server).await.len(), 2);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(source.token(soon()).await.is_err(), "it has ended");
}

#[test]
fn tokens_are_refreshed_well_before_their_end() {
    let early = |seconds| super::early(Duration::from_secs(seconds)).as_secs();
    assert_eq!(early(3600), 2880);
    assert_eq!(early(86_400), 69_120);
    assert_eq!(early(900), 600);
    assert_eq!(early(400), 200);
}

#[tokio::test]
async fn a_wrong_setting_costs_one_request_and_names_the_parameter() {
    for (number, parameter) in [
        (90_002, "AzureTenantId"),
        (900_023, "AzureTenantId"),
        (700_016, "AzureClientId"),
        (7_000_112, "AzureClientId"),
        (7_000_215, "AzureClientSecretArn"),
        (7_000_222, "AzureClientSecretArn"),
        (7_000_218, "AzureAuthentication"),
        (700_212, "AzureClientId"),
        (50_027, "AzureAuthentication"),
        (700_024, "AzureAuthentication"),
        (53_003, "AzureClientId"),
        (500_011, "AzureTenantId"),
    ] {
        let server = answering(refusal(number)).await;
        let error = source(&server.uri(), client_secret())
            .sign_in(soon())
            .await
            .unwrap_err();
        assert_eq!(sign_ins(&server).await.len(), 1, "{number}");
        assert_eq!(error.kind(), Kind::Unauthenticated, "{number}");
        assert_eq!(error.code(), Some(format!("AADSTS{number}").as_str()));
        assert!(
            error.advice().unwrap().contains(parameter),
            "{number}: {error}"
        );
    }
}

#[tokio::test]
async fn a_reason_carries_the_code_the_ids_and_the_way_out() {
    let server = answering(refusal(90_002)).await;
    let error = source(&server.uri(), client_secret())
        .sign_in(soon())
        .await
        .unwrap_err();
    let mut text = error.to_string();
    let id = error.correlation().client_request_id.clone().unwrap();
    text = text.replace(&id, "[uuid]");
    insta::assert_snapshot!(text, @"could not sign in to Azure: Microsoft Entra answered 400 AADSTS90002: AADSTS90002: The text of the service. Set AzureTenantId (now aaaaaaaa-0000-4000-8000-000000000001) to the id of the Microsoft Entra tenant that the subscription belongs to (POST /aaaaaaaa-0000-4000-8000-000000000001/oauth2/v2.0/token; correlation id 88888888-0000-4000-8000-000000000008; client request id [uuid])");
}

#[tokio::test]
async fn an_unknown_refusal_is_final_too() {
    for body in [
        json!({"error": "invalid_request"}),
        json!({"error_codes": [123]}),
        json!([]),
    ] {
        let server = answering(ResponseTemplate::new(400).set_body_json(body)).await;
        let error = source(&server.uri(), client_secret())
            .sign_in(soon())
            .await
            .unwrap_err();
        assert_eq!(sign_ins(&server).await.len(), 1);
        assert_eq!(error.kind(), Kind::Unauthenticated);
    }
}

#[tokio::test]
async fn a_replicating_credential_is_waited_for() {
    for number in [70_021, 700_211, 700_213] {
        let server = MockServer::start().await;
        let refused = Mock::given(method("POST"))
            .respond_with(refusal(number))
            .up_to_n_times(2);
        refused.mount(&server).await;
        granting(3599).mount(&server).await;
        source(&server.uri(), federation())
            .sign_in(soon())
            .await
            .unwrap();
        assert_eq!(sign_ins(&server).await.len(), 3);
    }
}

#[tokio::test]
async fn a_credential_that_never_matches_fails_in_bounded_time_with_what_the_token_said() {
    let server = answering(refusal(700_213)).await;
    let started = std::time::Instant::now();
    let error = source(&server.uri(), federation())
        .sign_in(soon())
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(15));
    let tries = sign_ins(&server).await.len();
    assert!((2..=5).contains(&tries), "{tries}");
    let text = error.to_string();
    for part in [
        "issuer 'https://issuer.test'",
        "subject 'arn:aws:iam::123456789012:role/sign-in'",
        "audience 'api://AzureADTokenExchange'",
        "AzureClientId",
        "AADSTS700213",
        &format!("gave up after {tries} tries"),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn entras_own_trouble_passes() {
    for template in [
        ResponseTemplate::new(429),
        ResponseTemplate::new(500),
        ResponseTemplate::new(503).set_body_string("<html>"),
        refusal(50_166),
        ResponseTemplate::new(400).set_body_json(json!({"error": "temporarily_unavailable"})),
        ResponseTemplate::new(200).set_body_string("{\"access_to"),
        ResponseTemplate::new(200).set_body_json(json!({"access_token": "", "expires_in": 3599})),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(template)
            .up_to_n_times(1)
            .mount(&server)
            .await;
        granting(3599).mount(&server).await;
        source(&server.uri(), client_secret())
            .sign_in(soon())
            .await
            .unwrap();
        assert_eq!(sign_ins(&server).await.len(), 2);
    }
}

#[tokio::test]
async fn the_lifetime_may_come_as_text() {
    let body: Value = json!({"access_token": "t", "expires_in": "3599"});
    let server = answering(ResponseTemplate::new(200).set_body_json(body)).await;
    assert!(
        source(&server.uri(), client_secret())
            .sign_in(soon())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_unreachable_entra_is_named_with_its_host() {
    let error = source("http://127.0.0.1:1", client_secret())
        .sign_in(soon())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Transient);
    assert!(error.advice().unwrap().contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn nothing_secret_shows_in_debug_or_errors() {
    for text in [ASSERTION, SECRET] {
        let server = answering(refusal_saying(700_016, &format!("You sent {text}."))).await;
        let errors = [
            source(&server.uri(), federation())
                .sign_in(soon())
                .await
                .unwrap_err(),
            source(&server.uri(), client_secret())
                .sign_in(soon())
                .await
                .unwrap_err(),
        ];
        let own = if text == SECRET {
            &errors[1]
        } else {
            &errors[0]
        };
        assert!(!format!("{own} {own:?}").contains(text), "{own:?}");
    }
    let server = MockServer::start().await;
    granting(3599).mount(&server).await;
    let source = source(
        &server.uri(),
        SignIn::<crate::rig::Given, _>::ClientSecret(client_secret()),
    );
    source.sign_in(soon()).await.unwrap();
    let shown = format!(
        "{source:?} {:?} {:?}",
        client_secret(),
        Proof::Secret(SECRET.into())
    );
    assert!(!shown.contains(SECRET) && !shown.contains(TOKEN), "{shown}");
    assert!(shown.contains(TENANT));
}
