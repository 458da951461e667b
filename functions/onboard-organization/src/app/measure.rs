//! What is measured of every invocation.

use custom_resource::{Answer, Status};
use lambda_support::metrics::{self, Metric};
use serde_json::Value;
use tokio::time::Instant;

/// Of a request of `CloudFormation`.
pub(super) fn request(event: &Value, answer: Option<&Answer>, started: Instant) {
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    let outcome = match answer {
        Some(Answer::Sent(Status::Success)) => "Success",
        Some(Answer::Sent(Status::Failed)) => "Failed",
        Some(Answer::Later) => "Later",
        None => "Unanswered",
    };
    metrics::emit(
        &[
            Metric::count("Answers", 1),
            Metric::duration("Duration", started.elapsed()),
        ],
        &[
            ("ResourceType", text("ResourceType")),
            ("RequestType", text("RequestType")),
            ("Outcome", outcome),
        ],
    );
}

/// Of a command of the state machine, or of a batch of events.
pub(super) fn invocation(event: &Value, result: Result<&Value, &'static str>, started: Instant) {
    let operation = event["Operation"].as_str().unwrap_or("Events");
    let outcome = match result {
        Ok(value) if value["Done"] == false => "Continues",
        Ok(_) => "Done",
        Err(name) => name,
    };
    metrics::emit(
        &[
            Metric::count("Passes", 1),
            Metric::duration("Duration", started.elapsed()),
        ],
        &[("Operation", operation), ("Outcome", outcome)],
    );
}
