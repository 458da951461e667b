//! What the function makes of its environment, and of an Azure that it cannot sign in to.

use lambda_support::Environment;

use super::*;
use crate::simulation::ENVIRONMENT;

/// What a sweep fails with where these variables are otherwise.
async fn refusal(changes: &[(&'static str, &'static str)]) -> Diagnostic {
    let variables = ENVIRONMENT.iter().chain(changes).copied();
    let boot = Boot::of(variables.collect::<Environment>());
    let app = ProvisionArc::new(&boot);
    let invocation = Invocation::ending_at(Instant::now() + Duration::from_mins(15));
    let sweep = json!({"Operation": "Onboard", "AccountId": ACCOUNT, "RunId": "r"});
    Box::pin(app.serve(&sweep, &invocation)).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_function_that_could_not_start_says_which_variables_are_wrong() {
    for (name, bad) in [
        ("WANTED_STATE_PARAMETER", "a b"),
        ("AZURE_SUBSCRIPTION_ID", "mine"),
        ("AZURE_AUTHORITY_HOST", "ftp://x"),
    ] {
        let failed = refusal(&[(name, bad)]).await;
        assert_eq!(failed.error_type, "Invalid");
        let told = failed.error_message;
        assert!(told.starts_with("the function could not start: "), "{told}");
        assert!(told.contains(name), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_azure_that_cannot_be_signed_in_to_is_a_note_in_the_report() {
    let simulation = account(2);
    let started = Instant::now();
    let sweep = json!({"Operation": "Onboard", "AccountId": ACCOUNT, "RunId": "r"});
    let outcome = simulation.event(&sweep).await.unwrap();
    assert_eq!(
        (&outcome["Done"], &outcome["InstancesTagged"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(outcome.get("MachinesSeen"), None);
    assert!(started.elapsed() < Duration::from_mins(1), "not waited for");
    let asked = simulation.aws.take_actions();
    assert_eq!(asked["GetWebIdentityToken"], 1);
    let objects = simulation.aws.bucket.objects();
    let report: Value =
        serde_json::from_str(&objects[&format!("runs/r/{ACCOUNT}/arc-report.json")]).unwrap();
    let note = report["MachinesNotCompared"].as_str().unwrap();
    assert!(
        note.contains("Outbound identity federation is off"),
        "{note}"
    );
}
