//! What came of single accounts, as Step Functions writes it down.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Shown;
use crate::AccountId;
use crate::arc::Counts;

/// What came of an account. The names are the state machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountOutcome {
    /// Its connector was made or changed.
    Connected,
    /// Its connector was as wanted.
    AlreadyConnected,
    /// What we put into it was taken out.
    Offboarded,
    /// Its connector was removed, and nothing else could be done.
    Removed,
    /// It is not as wanted.
    Failed,
    /// There was nothing to do after all.
    Skipped,
}

/// What came of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountResult {
    /// Which.
    pub account_id: AccountId,
    /// What came of it.
    pub outcome: AccountOutcome,
    /// Why.
    #[serde(
        default,
        deserialize_with = "cause",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<Shown>,
    /// The name of the error.
    #[serde(
        default,
        deserialize_with = "name",
        skip_serializing_if = "Option::is_none"
    )]
    pub error_type: Option<Shown>,
    /// The ARM id of its connector.
    #[serde(
        default,
        deserialize_with = "reason",
        skip_serializing_if = "Option::is_none"
    )]
    pub connector: Option<Shown>,
    /// How many of its instances came to what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<Counts>,
    /// How long the write took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_milliseconds: Option<u32>,
    /// How long the account took from its turn to its end.
    #[serde(
        default,
        rename = "Milliseconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub account_milliseconds: Option<u32>,
}

impl AccountResult {
    /// An account that failed.
    pub fn failed(account_id: AccountId, reason: &str) -> Self {
        Self {
            account_id,
            outcome: AccountOutcome::Failed,
            reason: Some(Shown::reason(reason)),
            error_type: None,
            connector: None,
            instances: None,
            put_milliseconds: None,
            account_milliseconds: None,
        }
    }

    /// Reads what an execution put out; or, of one that failed as a whole, which account it was
    /// for and why.
    fn of_execution(written: Value) -> Option<Self> {
        if written.get("AccountId").is_some() {
            return serde_json::from_value(written).ok();
        }
        let input = match written.get("Input")? {
            Value::String(text) => serde_json::from_str(text).ok()?,
            input => input.clone(),
        };
        // The state machine may put more beside the item.
        let account = input.pointer("/Item/AccountId").or(input.get("AccountId"));
        let account = account?.as_str()?.parse().ok()?;
        let text = |name: &str| written[name].as_str().unwrap_or_default();
        let error = match text("Error") {
            "" => text("Status"),
            error => error,
        };
        let reason = format!(
            "the run of this account ended with {error} {}",
            in_own_words(text("Cause"))
        );
        Some(Self {
            error_type: Some(Shown::name(error)),
            ..Self::failed(account, &reason)
        })
    }
}

/// Of an error that left a function Step Functions hands on the whole as JSON.
fn in_own_words(cause: &str) -> Cow<'_, str> {
    let error = serde_json::from_str::<Value>(cause).ok();
    let message = error
        .as_ref()
        .and_then(|error| error["errorMessage"].as_str());
    if let Some(message) = message {
        return message.to_owned().into();
    }
    // It may have been cut.
    let cut = cause
        .split_once(r#""errorMessage":""#)
        .map(|(_, message)| message);
    cut.filter(|_| cause.starts_with('{'))
        .unwrap_or(cause)
        .into()
}

fn cause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Shown>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| Shown::reason(&in_own_words(&text))))
}

fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Shown>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| Shown::reason(&text)))
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Shown>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| Shown::name(&text)))
}

/// Reads a file of results, one after another: it may hold ten thousand. Says how many of them
/// could not be made sense of.
pub fn read_results(
    file: &[u8],
    each: &mut dyn FnMut(AccountResult),
) -> Result<usize, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(file);
    let unreadable = reader.deserialize_seq(Results { each })?;
    reader.end()?;
    Ok(unreadable)
}

struct Results<'a> {
    each: &'a mut dyn FnMut(AccountResult),
}

impl<'de> Visitor<'de> for Results<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of results")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<usize, A::Error> {
        let mut unreadable = 0;
        while let Some(written) = items.next_element::<Value>()? {
            match AccountResult::of_execution(written) {
                Some(result) => (self.each)(result),
                None => unreadable += 1,
            }
        }
        Ok(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(file: &Value) -> (Vec<AccountResult>, usize) {
        let mut found = Vec::new();
        let file = file.to_string();
        let unreadable = read_results(file.as_bytes(), &mut |result| found.push(result)).unwrap();
        (found, unreadable)
    }

    #[test]
    fn results_are_read_as_executions_put_them_out() {
        let connected = json!({
            "AccountId": "111122223333", "Outcome": "Connected", "Connector": "/subscriptions/x",
            "Instances": {"InstancesSeen": 3, "InstancesTagged": 2}, "PutMilliseconds": 900,
        });
        let failed = json!({
            "AccountId": "111122223334", "Outcome": "Failed", "ErrorType": "Denied",
            "Reason": "<b>no\u{1b}[0m", "Connector": null, "New": 1,
        });
        let (found, unreadable) = read(&json!([connected, failed]));
        assert_eq!(unreadable, 0);
        assert_eq!(found[0].instances.unwrap().instances_tagged, 2);
        assert_eq!(found[0].put_milliseconds, Some(900));
        assert_eq!(
            found[1].reason.as_ref().unwrap().as_str(),
            "\\u{3c}b\\u{3e}no\\u{1b}[0m"
        );
        let again = serde_json::to_value(&found[1]).unwrap();
        let expected = json!({
            "AccountId": "111122223334", "Outcome": "Failed", "ErrorType": "Denied",
            "Reason": "\\u{3c}b\\u{3e}no\\u{1b}[0m",
        });
        assert_eq!(again, expected);
    }

    #[test]
    fn an_execution_that_failed_as_a_whole_names_its_account() {
        let input = json!({"AccountId": "111122223333"});
        let error = json!({
            "ExecutionArn": "arn", "Input": input.to_string(), "Status": "FAILED",
            "Error": "States.Runtime", "Cause": "no such field",
        });
        let aborted = json!({"Input": input, "Status": "ABORTED"});
        let (found, _) = read(&json!([error, aborted]));
        let reasons: Vec<&str> = found
            .iter()
            .map(|one| one.reason.as_ref().unwrap().as_str())
            .collect();
        assert_eq!(
            reasons,
            [
                "the run of this account ended with States.Runtime no such field",
                "the run of this account ended with ABORTED"
            ]
        );
        assert!(
            found
                .iter()
                .all(|one| one.outcome == AccountOutcome::Failed)
        );
    }

    #[test]
    fn a_functions_error_is_told_in_its_own_words() {
        let cause =
            json!({"errorType": "Denied", "errorMessage": "no \"right\"", "stackTrace": []});
        let cut = r#"{"errorType":"Denied","errorMessage":"no right to"#;
        let of = |reason: &str| json!({"AccountId": "111122223333", "Outcome": "Failed", "Reason": reason});
        let input = json!({"Item": {"AccountId": "111122223333"}, "RunId": "r"});
        let whole =
            json!({"Input": input.to_string(), "Error": "Denied", "Cause": cause.to_string()});
        let (found, _) = read(&json!([
            of(&cause.to_string()),
            of(cut),
            of("{plain"),
            whole
        ]));
        let reasons = found
            .iter()
            .map(|one| one.reason.as_ref().unwrap().as_str());
        let reasons: Vec<&str> = reasons.collect();
        assert_eq!(
            reasons,
            [
                "no \\u{22}right\\u{22}",
                "no right to",
                "{plain",
                "the run of this account ended with Denied no \\u{22}right\\u{22}"
            ]
        );
    }

    #[test]
    fn what_makes_no_sense_is_counted_and_the_rest_is_read() {
        let good = json!({"AccountId": "111122223333", "Outcome": "Removed"});
        let bad = [
            json!(null),
            json!(7),
            json!({"AccountId": "1", "Outcome": "Removed"}),
            json!({"AccountId": "111122223333", "Outcome": "Exploded"}),
            json!({"Input": "{"}),
        ];
        let mut file = bad.to_vec();
        file.push(good);
        let (found, unreadable) = read(&json!(file));
        assert_eq!((found.len(), unreadable), (1, bad.len()));
    }

    #[test]
    fn a_file_that_breaks_off_gives_what_it_has() {
        let file = br#"[{"AccountId":"111122223333","Outcome":"Removed"},{"Acc"#;
        let mut found = 0;
        assert!(read_results(file, &mut |_| found += 1).is_err());
        assert_eq!(found, 1);
        for other in ["[] []", "null", "{}", ""] {
            assert!(
                read_results(other.as_bytes(), &mut |_| {}).is_err(),
                "{other}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reading_panic(file in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = read_results(&file, &mut |_| {});
        }
    }
}
