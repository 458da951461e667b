use std::collections::BTreeMap;

use onboarding::arc::Batch;
use onboarding::arc::ports::StartError;
use uuid::Uuid;

use super::*;

const TOKEN: Uuid = Uuid::from_u128(7);

fn batch() -> Batch {
    Batch {
        runbook: Runbook::ApplyTags,
        parameters: BTreeMap::from([("CloudTagValue", "AWS".to_owned())]),
        instances: ["i-0123456789abcdef0", "i-0123456789abcdef1"]
            .map(|id| id.parse().unwrap())
            .into(),
        at_once: 4,
        earlier_tries: 0,
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_call_with_a_map_for_each_instance() {
    let wire = account(|_, _| body(&json!({"AutomationExecutionId": "e-1"})));
    let id = manager(&wire).start(&batch(), TOKEN).await.unwrap();
    assert_eq!(id.as_str(), "e-1");
    let [asked] = &asked(&wire)[..] else { panic!() };
    assert_eq!(
        asked.json(),
        json!({
            "DocumentName": "DefenderConnector-ApplyArcTags",
            "Parameters": {"CloudTagValue": ["AWS"]},
            "ClientToken": "00000000-0000-0000-0000-000000000007",
            "TargetMaps": [
                {"InstanceId": ["i-0123456789abcdef0"]},
                {"InstanceId": ["i-0123456789abcdef1"]},
            ],
            "MaxConcurrency": "4",
            "MaxErrors": "100%",
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_with_the_same_token() {
    let wire = account(|_, _| Answer::Unreachable);
    let error = manager(&wire).start(&batch(), TOKEN).await.unwrap_err();
    assert!(
        matches!(error, StartError::Region(RegionError::Port(_))),
        "{error}"
    );
    let tokens: Vec<Value> = asked(&wire)
        .iter()
        .map(|asked| asked.json()["ClientToken"].clone())
        .collect();
    assert_eq!(tokens, vec![json!(TOKEN.to_string()); 5]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_and_a_missing_runbook_are_told_apart_and_not_sent_again() {
    let refused = |code: &'static str| account(move |_, _| refused_in_json(400, code, "why"));
    let wire = refused("AutomationExecutionLimitExceededException");
    let error = manager(&wire).start(&batch(), TOKEN).await.unwrap_err();
    assert!(matches!(error, StartError::QueueFull(_)), "{error}");
    assert_eq!(asked(&wire).len(), 1);
    let wire = refused("AutomationDefinitionNotFoundException");
    let error = manager(&wire).start(&batch(), TOKEN).await.unwrap_err();
    let StartError::NoRunbook(error) = error else {
        panic!("{error}")
    };
    assert!(error.reason.contains("StackSet"), "{}", error.reason);
    let wire = refused("InvalidAutomationExecutionParametersException");
    let error = manager(&wire).start(&batch(), TOKEN).await.unwrap_err();
    assert!(matches!(error, StartError::Region(_)), "{error}");
}
