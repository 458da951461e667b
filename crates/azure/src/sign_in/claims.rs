//! Whom an assertion says it is from, for an error message.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use onboarding::inert::inert;

/// The three claims that a federated credential is compared with. None of them is secret.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    iss: Value,
    #[serde(default)]
    sub: Value,
    #[serde(default)]
    aud: Value,
}

/// Reads the claims without verifying anything; Entra does that.
pub(crate) fn claims(assertion: &str) -> Option<Claims> {
    let payload = assertion.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let Payload { iss, sub, aud } = serde_json::from_slice(&payload).ok()?;
    let text = |claim: Value| match claim {
        Value::String(text) => inert(&text, 600),
        Value::Array(several) => {
            let several: Vec<&str> = several.iter().filter_map(Value::as_str).collect();
            inert(&several.join(", "), 600)
        }
        _ => String::new(),
    };
    Some(Claims {
        issuer: text(iss),
        subject: text(sub),
        audience: text(aud),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn assertion(payload: &Value) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload.to_string()))
    }

    #[test]
    fn issuer_subject_and_audience_are_read() {
        let one = assertion(&json!({"iss": "https://i", "sub": "arn:aws:iam::1:role/x",
            "aud": "api://AzureADTokenExchange", "jti": "x"}));
        let expected = Claims {
            issuer: "https://i".into(),
            subject: "arn:aws:iam::1:role/x".into(),
            audience: "api://AzureADTokenExchange".into(),
        };
        assert_eq!(claims(&one), Some(expected));
        let list = assertion(&json!({"iss": 7, "aud": ["a", "b"]}));
        assert_eq!(claims(&list).unwrap().audience, "a, b");
    }

    #[test]
    fn what_is_no_token_has_no_claims() {
        for text in ["", "a.b.c", "a", "..", "e30.e", "e30.MQ.x"] {
            assert_eq!(claims(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[A-Za-z0-9_.=-]{0,60}", raw in ".*") {
            let _ = claims(&text);
            let _ = claims(&format!("x.{}.y", URL_SAFE_NO_PAD.encode(raw)));
        }
    }
}
