//! What the person is told who looks at the stack's events.

use custom_resource::inert;
use serde_json::Value;

use crate::record::{End, Record};

/// The reason for a request whose function ended without an answer: which function, how it
/// ended, where its log is, and what to do.
pub(crate) fn reason(record: &Record<'_>) -> String {
    let function = record.function().unwrap_or("of this custom resource");
    let (happened, remedy) = match record.end() {
        End::NeverRan => (
            "never ran for this request: Lambda could not start it in time",
            "See that the account has concurrent executions left and that the function's reserved \
             concurrency is not 0",
        ),
        End::OutOfTime => (
            "was ended by Lambda's time limit while it worked on this request",
            "Read in its last log lines what it waited for",
        ),
        End::Killed => (
            "was killed while it worked on this request, most likely for lack of memory",
            "Give it more memory if the log's REPORT line shows all of it in use",
        ),
        End::Crashed => (
            "crashed, at its start or while it worked on this request",
            "Read why in its last log lines",
        ),
        End::Failed => (
            "ended without an answer to this request",
            "Read why in its last log lines",
        ),
    };
    format!(
        "The function {} {happened}{}. {remedy}, then {}.{}",
        inert(function, 140),
        said(record),
        again(record.request),
        log(record)
    )
}

/// What Lambda passed on of the function's own words.
fn said(record: &Record<'_>) -> String {
    let parts = [record.error_type(), record.error_message()];
    // Whoever has the address can answer in our place. Ours never says it; a library's might.
    let address = record.request["ResponseURL"].as_str().unwrap_or_default();
    let secret =
        |part: &&str| part.contains("X-Amz-") || (!address.is_empty() && part.contains(address));
    let told = parts
        .iter()
        .filter(|part| !part.trim().is_empty() && !secret(part));
    told.flat_map(|part| [": ".to_owned(), inert(part.trim(), 300)])
        .collect()
}

fn again(request: &Value) -> &'static str {
    match request["RequestType"].as_str() {
        Some("Delete") => "delete the stack again",
        _ => "deploy again",
    }
}

fn log(record: &Record<'_>) -> String {
    let group = log_group(record.request).map_or_else(
        || "the function's own".to_owned(),
        |name| format!("group {name}"),
    );
    let invocation = record
        .invocation_id()
        .map(|id| format!(", request id {}", inert(id, 64)));
    format!(" Log: {group}{}", invocation.unwrap_or_default())
}

/// The log group of the function that serves a type of resource, as template.yaml names it.
fn log_group(request: &Value) -> Option<String> {
    let function = match request["ResourceType"].as_str()? {
        "Custom::IdentityProvider" | "Custom::SecurityConnector" => "register-account",
        "Custom::ArcAutoProvisioning" | "Custom::ArcRegions" => "provision-arc",
        "Custom::DeploymentScope"
        | "Custom::OrganizationNarrowing"
        | "Custom::OrganizationOnboarding" => "onboard-organization",
        _ => return None,
    };
    let stack = request["StackId"].as_str()?.split('/').nth(1)?;
    Some(format!(
        "/defender-connector/{}/{function}",
        inert(stack, 128)
    ))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::json;
    use testkit::events::{Condition, CustomResourceEvent, failed_invocation};

    use super::*;

    fn told(request: &Value, condition: Condition, error: Option<(&str, &str)>) -> String {
        let message = error.map(|(_, message)| message);
        let count = u32::from(condition == Condition::RetriesExhausted);
        let mut event = failed_invocation(request, condition, count, message);
        event["requestContext"]["requestId"] = json!("7d1f");
        if let Some((kind, _)) = error {
            event["responsePayload"]["errorType"] = json!(kind);
        }
        reason(&Record::of(&event).unwrap())
    }

    fn killed(request: &Value, kind: &str, message: &str) -> String {
        told(request, Condition::RetriesExhausted, Some((kind, message)))
    }

    fn create() -> Value {
        CustomResourceEvent::create("Custom::SecurityConnector", "https://bucket/x?s3cr3t").build()
    }

    #[test]
    fn each_end_is_told_with_its_remedy() {
        assert_snapshot!(told(&create(), Condition::EventAgeExceeded, None), @r#"The function RegisterAccount never ran for this request: Lambda could not start it in time. See that the account has concurrent executions left and that the function's reserved concurrency is not 0, then deploy again. Log: group /defender-connector/defender/register-account, request id 7d1f"#);
        assert_snapshot!(
            killed(&create(), "", "2026-11-24T04:00:00Z 7d1f Task timed out after 300.00 seconds"),
            @r#"The function RegisterAccount was ended by Lambda's time limit while it worked on this request: 2026-11-24T04:00:00Z 7d1f Task timed out after 300.00 seconds. Read in its last log lines what it waited for, then deploy again. Log: group /defender-connector/defender/register-account, request id 7d1f"#
        );
        assert_snapshot!(
            killed(&create(), "Runtime.ExitError", "Runtime exited with error: signal: killed"),
            @r#"The function RegisterAccount was killed while it worked on this request, most likely for lack of memory: Runtime.ExitError: Runtime exited with error: signal: killed. Give it more memory if the log's REPORT line shows all of it in use, then deploy again. Log: group /defender-connector/defender/register-account, request id 7d1f"#
        );
        assert_snapshot!(
            killed(&create(), "Runtime.ExitError", "Runtime exited with error: exit status 1"),
            @r#"The function RegisterAccount crashed, at its start or while it worked on this request: Runtime.ExitError: Runtime exited with error: exit status 1. Read why in its last log lines, then deploy again. Log: group /defender-connector/defender/register-account, request id 7d1f"#
        );
        assert_snapshot!(killed(&create(), "", ""), @r#"The function RegisterAccount ended without an answer to this request. Read why in its last log lines, then deploy again. Log: group /defender-connector/defender/register-account, request id 7d1f"#);
    }

    #[test]
    fn a_delete_is_to_be_repeated_as_one() {
        let delete = CustomResourceEvent::delete("Custom::Other", "u", "id").build();
        assert_snapshot!(told(&delete, Condition::EventAgeExceeded, None), @r#"The function RegisterAccount never ran for this request: Lambda could not start it in time. See that the account has concurrent executions left and that the function's reserved concurrency is not 0, then delete the stack again. Log: the function's own, request id 7d1f"#);
    }

    #[test]
    fn the_address_is_not_repeated() {
        for message in [
            "PUT https://bucket/x?s3cr3t failed",
            "…/y?X-Amz-Signature=s3cr3t",
        ] {
            let told = killed(&create(), "Error", message);
            assert!(
                !told.contains("s3cr3t") && told.contains("request: Error."),
                "{told}"
            );
        }
    }

    #[test]
    fn the_log_groups_are_the_templates() {
        let template = include_str!("../../../template.yaml");
        for (resource_type, function) in [
            ("Custom::SecurityConnector", "register-account"),
            ("Custom::ArcAutoProvisioning", "provision-arc"),
            ("Custom::ArcRegions", "provision-arc"),
            ("Custom::DeploymentScope", "onboard-organization"),
            ("Custom::OrganizationNarrowing", "onboard-organization"),
            ("Custom::OrganizationOnboarding", "onboard-organization"),
        ] {
            let request = CustomResourceEvent::create(resource_type, "u").build();
            let name = log_group(&request).unwrap();
            assert_eq!(name, format!("/defender-connector/defender/{function}"));
            let name = name.replace("/defender/", "/${AWS::StackName}/");
            assert!(
                template.contains(&format!("LogGroupName: !Sub {name}\n")),
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_the_function_said_is_inert_and_short(kind in any::<String>(), message in "\\PC{0,2000}|(?s:.{0,999})") {
            let told = killed(&create(), &kind, &message);
            prop_assert!(!told.contains(char::is_control));
            prop_assert!(told.contains("request id 7d1f"), "{told}");
            prop_assert!(told.chars().count() < 7000);
        }
    }
}
