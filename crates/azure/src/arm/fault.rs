//! Error answers: both shapes of their bodies, and what each means.

use serde_json::Value;

use super::SERVICE;
use crate::answer::Answer;
use crate::retry::{Again, Setback};
use crate::{Error, Kind, Patience, advice};

/// Stands for a code where the body has none and is in no shape that Azure documents.
pub(super) const UNREADABLE: &str = "(unreadable body)";

/// What an error body says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: Option<String>,
    pub(super) message: String,
    pub(super) error_correlation: Option<String>,
    /// `{"statusCode","errorMessage","errorCorrelation"}`, the provider's own.
    pub(super) providers_own_shape: bool,
}

impl Fault {
    /// Reads Resource Manager's shape, the provider's own, or what there is of neither.
    pub(super) fn read(body: &[u8]) -> Self {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Self::default();
        }
        let parsed: Option<Value> = serde_json::from_slice(body).ok();
        parsed
            .as_ref()
            .and_then(Self::from_json)
            .unwrap_or_else(|| {
                let start: String = String::from_utf8_lossy(body).chars().take(200).collect();
                let message = format!("the answer has no form that Azure documents: {start}");
                Self {
                    code: Some(UNREADABLE.to_owned()),
                    message,
                    ..Self::default()
                }
            })
    }

    fn from_json(body: &Value) -> Option<Self> {
        if let Some(error) = body.get("error").filter(|error| error.is_object()) {
            return Some(Self::from_error(error));
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(message) = text("errorMessage") {
            let error_correlation = text("errorCorrelation");
            return Some(Self {
                code: None,
                message,
                error_correlation,
                providers_own_shape: true,
            });
        }
        // `{"code","message"}` without the envelope, as some front ends of Azure answer.
        (text("code").is_some() || text("message").is_some()).then(|| Self::from_error(body))
    }

    /// The code and the message, with those of the details: there the real cause stands.
    fn from_error(error: &Value) -> Self {
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut message = text(error, "message").unwrap_or_default();
        let details = error.get("details").and_then(Value::as_array);
        for detail in details.into_iter().flatten().take(3) {
            let inner = text(detail, "message").unwrap_or_default();
            if inner.is_empty() || message.contains(&inner) {
                continue;
            }
            let code = text(detail, "code").unwrap_or_default();
            message = format!("{message} [{code}: {inner}]");
        }
        let code = text(error, "code").filter(|code| !code.is_empty());
        Self {
            code,
            message,
            ..Self::default()
        }
    }

    pub(super) fn has_code(&self, codes: &[&str]) -> bool {
        let own = self.code.as_deref().unwrap_or_default();
        codes.iter().any(|code| code.eq_ignore_ascii_case(own))
    }
}

/// Makes of an error answer what to do next and what to say.
pub(super) fn setback(
    answer: &Answer,
    operation: &str,
    method: &str,
    path: &str,
    patience: &Patience,
) -> Setback {
    let status = answer.status.as_u16();
    let fault = Fault::read(&answer.body);
    let (kind, again) = verdict(status, &fault, answer, patience);
    let code = fault.code.as_deref();
    let advice = code
        .and_then(|code| advice::for_resource(path, code, &fault.message))
        .or(match kind {
            Kind::Throttled { retry_after } => Some(advice::throttled(retry_after)),
            _ => None,
        });
    let mut correlation = answer.correlation.clone();
    correlation.error_correlation = fault.error_correlation;
    let error = Error::new(kind, SERVICE, operation, &fault.message)
        .request(method, path)
        .answered(status, code)
        .in_providers_own_shape(fault.providers_own_shape)
        .correlated(correlation)
        .advised(advice.or_else(|| challenge(answer)));
    Setback { error, again }
}

fn verdict(status: u16, fault: &Fault, answer: &Answer, patience: &Patience) -> (Kind, Again) {
    let retry_after = answer.retry_after();
    let throttled = || {
        (
            Kind::Throttled { retry_after },
            Again::throttled(patience, retry_after),
        )
    };
    let unavailable = Again::within(patience.unavailable, patience, retry_after);
    match status {
        429 => throttled(),
        409 if fault.has_code(&["TooManyRequests"]) => throttled(),
        409 if fault.has_code(BUSY) => (
            Kind::Conflict,
            Again::within(patience.busy, patience, retry_after),
        ),
        409 if fault.has_code(SETTINGS) => (Kind::Invalid, Again::NEVER),
        409 if fault.has_code(&["ScopeLocked"]) => (Kind::Denied, Again::NEVER),
        409 => (Kind::Conflict, Again::NEVER),
        401 => (Kind::Unauthenticated, Again::NEVER),
        403 if fault.has_code(&["AuthorizationFailed", "LinkedAuthorizationFailed"]) => (
            Kind::Denied,
            Again::replicating(patience.authorization, patience),
        ),
        403 => (Kind::Denied, Again::NEVER),
        404 => (Kind::NotFound, Again::NEVER),
        412 => (Kind::PreconditionFailed, Again::NEVER),
        501 | 505 => (Kind::Invalid, Again::NEVER),
        408 | 500.. => (Kind::Transient, unavailable),
        _ => (Kind::Invalid, Again::NEVER),
    }
}

/// Another operation on the resource is under way.
const BUSY: &[&str] = &[
    "Conflict",
    "AnotherOperationInProgress",
    "OperationInProgress",
    "ConcurrentModification",
    "RetryableError",
];

/// Codes that come with 409 although a setting is wrong.
const SETTINGS: &[&str] = &[
    "MissingSubscriptionRegistration",
    "SubscriptionNotRegistered",
    "InvalidResourceLocation",
    "ReadOnlyDisabledSubscription",
    "ResourceGroupBeingDeleted",
];

/// A 401 may ask for more than a token can carry.
fn challenge(answer: &Answer) -> Option<String> {
    let asked = answer.header("www-authenticate")?;
    asked.contains("insufficient_claims").then(|| {
        "A Conditional Access policy asks for claims that an application cannot give: exempt the \
         identity of AzureClientId from it"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Fault {
        Fault::read(body.to_string().as_bytes())
    }

    #[test]
    fn resource_managers_shape_is_read_with_its_details() {
        let fault = read(&json!({"error": {"code": "Outer", "message": "It failed.",
            "target": null, "additionalInfo": [],
            "details": [{"code": "Inner", "message": "The role is missing."}, {"message": "It failed."}]}}));
        assert_eq!(fault.code.as_deref(), Some("Outer"));
        assert_eq!(fault.message, "It failed. [Inner: The role is missing.]");
        assert!(!fault.providers_own_shape);
    }

    #[test]
    fn the_providers_own_shape_is_read() {
        let fault = read(&json!({"statusCode": 400, "errorMessage": "error occured",
            "errorCorrelation": "11111111-2222-3333-4444-555555555555"}));
        let expected = Fault {
            code: None,
            message: "error occured".into(),
            error_correlation: Some("11111111-2222-3333-4444-555555555555".into()),
            providers_own_shape: true,
        };
        assert_eq!(fault, expected);
    }

    #[test]
    fn a_bare_code_and_message_are_read() {
        let fault = read(&json!({"code": "X", "message": "m"}));
        assert_eq!(
            (fault.code.as_deref(), fault.message.as_str()),
            (Some("X"), "m")
        );
    }

    #[test]
    fn a_body_of_no_known_shape_is_shown_in_part() {
        for body in [
            &b"<html>Bad Gateway</html>"[..],
            b"[]",
            b"{\"error\":\"x\"}",
            b"\xff\xfe",
            b"{",
        ] {
            let fault = Fault::read(body);
            assert!(fault.has_code(&[UNREADABLE]), "{body:?}");
        }
        assert_eq!(Fault::read(b" \r\n"), Fault::default());
    }

    #[test]
    fn wrong_types_inside_are_ignored() {
        let fault = read(&json!({"error": {"code": 7, "message": ["x"], "details": {"a": 1}}}));
        assert_eq!(fault, Fault::default());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        let key = prop_oneof![
            Just("error".to_owned()),
            Just("code".to_owned()),
            Just("message".to_owned()),
            Just("details".to_owned()),
            Just("errorMessage".to_owned()),
            Just("errorCorrelation".to_owned()),
            "[a-z]{1,4}",
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(key.clone(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_json_panics(body in any_json()) {
            let _ = read(&body);
        }

        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Fault::read(&body);
        }
    }
}
