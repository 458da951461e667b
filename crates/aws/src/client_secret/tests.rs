use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::rig::{Answer, Wire, in_five_minutes};

const ARN: &str = "arn:aws:secretsmanager:us-east-2:111122223333:secret:azure-AbCdEf";
const SECRET: &str = "hidden~42.x";

fn wire(status: u16, body: Value) -> Wire {
    Wire::new(move |_, _| Answer::Body(status, body.to_string()))
}

#[tokio::test(start_paused = true)]
async fn the_secret_is_read_each_time_in_its_own_region() {
    let wire = wire(200, json!({"SecretString": format!("{SECRET}\n")}));
    let stored = StoredClientSecret::new(&wire.sdk(), ARN);
    for _ in 0..2 {
        let secret = stored.fetch(in_five_minutes()).await.unwrap();
        assert_eq!(secret.expose_secret(), SECRET);
        assert!(!format!("{stored:?} {secret:?}").contains(SECRET));
    }
    let asked = wire.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].method, "POST");
    assert!(
        asked[0]
            .uri
            .contains("secretsmanager.us-east-2.amazonaws.com"),
        "{}",
        asked[0].uri
    );
    assert!(asked[0].body.contains(ARN));
}

#[test]
fn plain_text_or_an_object_with_the_key_is_accepted() {
    for text in [
        SECRET,
        " hidden~42.x ",
        r#"{"clientSecret":"hidden~42.x","other":1}"#,
    ] {
        assert_eq!(client_secret(text), Ok(SECRET.to_owned()), "{text}");
    }
    // A secret may look like other JSON.
    assert_eq!(client_secret("12345"), Ok("12345".to_owned()));
    assert_eq!(client_secret("{x"), Ok("{x".to_owned()));
    for text in [
        "",
        "\n",
        "{}",
        r#"{"clientSecret":1}"#,
        r#"{"clientSecret":" "}"#,
    ] {
        assert!(client_secret(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn the_complaint_never_holds_the_value(text in "\\PC{0,40}") {
        let marked = format!(r#"{{"other":"§§{}"}}"#, text.replace(['"', '\\'], ""));
        prop_assert!(!client_secret(&marked).unwrap_err().contains("§§"));
    }
}

#[tokio::test(start_paused = true)]
async fn each_failure_names_the_parameter_and_never_the_value() {
    let refusal = |code: &str| json!({"__type": code, "Message": "why"});
    for (status, body, kind, said) in [
        (
            400,
            refusal("ResourceNotFoundException"),
            FailureKind::NotFound,
            "Set AzureClientSecretArn",
        ),
        (
            400,
            refusal("AccessDeniedException"),
            FailureKind::Denied,
            "kms:Decrypt",
        ),
        (
            400,
            refusal("DecryptionFailure"),
            FailureKind::Invalid,
            "DecryptionFailure",
        ),
        (
            200,
            json!({"SecretBinary": "aGlkZGVufjQyLng="}),
            FailureKind::Invalid,
            "binary",
        ),
        (
            200,
            json!({"SecretString": json!({"secret": SECRET}).to_string()}),
            FailureKind::Invalid,
            "clientSecret",
        ),
    ] {
        let wire = wire(status, body);
        let error = StoredClientSecret::new(&wire.sdk(), ARN)
            .fetch(in_five_minutes())
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind, kind, "{}", error.reason);
        assert!(
            error.reason.contains(said) && error.reason.contains(PARAMETER),
            "{}",
            error.reason
        );
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
    }
}
