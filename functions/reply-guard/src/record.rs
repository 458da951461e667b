//! What Lambda says about an asynchronous invocation that failed.

use serde_json::Value;

/// The record of a failed invocation. Nothing but the request has to be there: whatever Lambda
/// leaves out, the stack that waits is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    /// What the function was invoked with.
    pub(crate) request: &'a Value,
    whole: &'a Value,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It never began.
    NeverRan,
    /// Lambda's own time limit ended it.
    OutOfTime,
    /// The process was killed, which Lambda does when it is out of memory.
    Killed,
    /// The process ended by itself, at its start or later.
    Crashed,
    /// The function reported an error.
    Failed,
}

impl<'a> Record<'a> {
    /// Reads an event; `None` if it is no record of a failure, so that there is no request that
    /// still waits for an answer.
    pub(crate) fn of(event: &'a Value) -> Option<Self> {
        let request = event
            .get("requestPayload")
            .filter(|request| request.is_object())?;
        let condition = event["requestContext"]["condition"].as_str();
        (condition != Some("Success")).then_some(Self {
            request,
            whole: event,
        })
    }

    /// The name of the function that failed.
    pub(crate) fn function(&self) -> Option<&'a str> {
        let arn = self.whole["requestContext"]["functionArn"].as_str()?;
        arn.split(':').nth(6).filter(|name| !name.is_empty())
    }

    /// The id of its invocation.
    pub(crate) fn invocation_id(&self) -> Option<&'a str> {
        self.whole["requestContext"]["requestId"]
            .as_str()
            .filter(|id| !id.is_empty())
    }

    /// The error's type.
    pub(crate) fn error_type(&self) -> &'a str {
        self.whole["responsePayload"]["errorType"]
            .as_str()
            .unwrap_or_default()
    }

    /// The error's text.
    pub(crate) fn error_message(&self) -> &'a str {
        self.whole["responsePayload"]["errorMessage"]
            .as_str()
            .unwrap_or_default()
    }

    /// Whether the function may have done something before it ended. In doubt it may have.
    pub(crate) fn may_have_written(&self) -> bool {
        let context = &self.whole["requestContext"];
        let failed = self.whole["responseContext"]["functionError"].is_string();
        let tried = context["approximateInvokeCount"].as_u64() != Some(0);
        failed || (tried && context["condition"] != "EventAgeExceeded")
    }

    /// How the invocation ended. Lambda has said the same in different words over the years.
    pub(crate) fn end(&self) -> End {
        let (kind, message) = (self.error_type(), self.error_message());
        if !self.may_have_written() {
            End::NeverRan
        } else if kind.contains("Timedout") || message.contains("Task timed out after") {
            End::OutOfTime
        } else if kind.contains("OutOfMemory") || message.contains("signal: killed") {
            End::Killed
        } else if kind.starts_with("Runtime.") || kind.starts_with("Extension.") {
            End::Crashed
        } else {
            End::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::events::{Condition, failed_invocation};

    use super::*;

    fn end(condition: Condition, invocations: u32, error: Option<(&str, &str)>) -> End {
        let mut event = failed_invocation(
            &json!({}),
            condition,
            invocations,
            error.map(|(_, message)| message),
        );
        if let Some((kind, _)) = error {
            event["responsePayload"]["errorType"] = json!(kind);
        }
        Record::of(&event).unwrap().end()
    }

    #[test]
    fn lambdas_words_tell_the_ends_apart() {
        use Condition::{EventAgeExceeded, RetriesExhausted};

        let ran = |kind, message| end(RetriesExhausted, 1, Some((kind, message)));
        assert_eq!(
            ran("Sandbox.Timedout", "RequestId: 7d Error: timed out"),
            End::OutOfTime
        );
        assert_eq!(
            ran("", "2026-11-24 7d Task timed out after 300.00 seconds"),
            End::OutOfTime
        );
        assert_eq!(
            ran("Runtime.OutOfMemory", "RequestId: 7d Error: out of memory"),
            End::Killed
        );
        let killed = "RequestId: 7d Error: Runtime exited with error: signal: killed";
        assert_eq!(ran("Runtime.ExitError", killed), End::Killed);
        let exited = "RequestId: 7d Error: Runtime exited with error: exit status 101";
        assert_eq!(ran("Runtime.ExitError", exited), End::Crashed);
        assert_eq!(ran("Runtime.InvalidEntrypoint", ""), End::Crashed);
        assert_eq!(ran("Unanswered", "the answer was refused"), End::Failed);
        assert_eq!(end(RetriesExhausted, 1, None), End::Failed);
        assert_eq!(end(EventAgeExceeded, 0, None), End::NeverRan);
        assert_eq!(
            end(EventAgeExceeded, 2, None),
            End::NeverRan,
            "throttled twice"
        );
        assert_eq!(
            end(RetriesExhausted, 0, None),
            End::NeverRan,
            "no concurrency at all"
        );
        assert_eq!(
            end(EventAgeExceeded, 1, Some(("", killed))),
            End::Killed,
            "it did run"
        );
    }

    #[test]
    fn only_records_of_failures_hold_a_request_to_answer() {
        let record = failed_invocation(&json!({}), Condition::RetriesExhausted, 1, None);
        assert!(Record::of(&record).is_some());
        let mut success = record.clone();
        success["requestContext"]["condition"] = json!("Success");
        for other in [
            json!(null),
            json!({}),
            json!({"requestPayload": "x"}),
            success,
        ] {
            assert!(Record::of(&other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_record_may_lack_all_but_the_request() {
        let event = json!({"requestPayload": {}});
        let record = Record::of(&event).unwrap();
        assert_eq!((record.function(), record.invocation_id()), (None, None));
        assert_eq!(record.end(), End::Failed);
    }

    #[test]
    fn the_functions_name_is_read_from_its_arn() {
        let event = failed_invocation(&json!({}), Condition::RetriesExhausted, 1, None);
        assert_eq!(
            Record::of(&event).unwrap().function(),
            Some("RegisterAccount")
        );
    }
}
