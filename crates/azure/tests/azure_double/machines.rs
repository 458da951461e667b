//! Arc machines, from Defender's own doing to what is added to their tags.

use std::collections::BTreeSet;

use azure::HybridMachines;
use onboarding::arc::machine::{
    ArcMachines, MachineCounts, MachineOutcome, MachineReport, Repair, look_after,
};
use onboarding::arc::{InstanceId, WantedTags};
use serde_json::Value;
use testkit::azure_double::{AwsAccount, AwsAccounts, AwsInstance, AwsView};

use super::*;

const ACCOUNT: &str = "123456789012";
const READ: &str = "Microsoft.HybridCompute/machines/read";
const WRITE: &str = "Microsoft.HybridCompute/machines/write";

fn machines(arm: &Arm) -> HybridMachines<'_, FederatedCredential<Issued>> {
    let deadline = Deadline::after(Duration::from_secs(20));
    HybridMachines::new(arm, SUBSCRIPTION.parse().unwrap(), deadline)
}

fn instance(number: usize) -> String {
    format!("i-{number:08x}")
}

fn instances(count: usize) -> BTreeSet<InstanceId> {
    (0..count)
        .map(|one| instance(one).parse().unwrap())
        .collect()
}

/// An account with so many managed instances, connected with Servers, where Defender has been.
async fn provisioned(count: usize, switches: Value) -> (AzureDouble, Arm) {
    let (double, arm) = start(SUBJECT, 0).await;
    double.switch(None, switches).unwrap();
    let ready = AwsAccount::onboarded_for_all_plans(ACCOUNT, TENANT);
    let account = (0..count).fold(ready, |account, one| {
        account.with_instance("eu-west-1", AwsInstance::managed(instance(one)))
    });
    let accounts = AwsAccounts::default();
    accounts.set(ACCOUNT, account);
    double.set_aws_view(AwsView::Accounts(accounts));
    double.seed_connector(SUBSCRIPTION, "rg-mdc", "aws", json!({
        "location": "eastus", "properties": {
            "hierarchyIdentifier": ACCOUNT, "environmentName": "AWS",
            "environmentData": {"environmentType": "AwsAccount", "regions": []},
            "offerings": [{"offeringType": "DefenderForServersAws", "arcAutoProvisioning": {
                "enabled": true,
                "cloudRoleArn":
                    format!("arn:aws:iam::{ACCOUNT}:role/DefenderForCloud-ArcAutoProvisioning")}}]},
    }));
    let step = double.provision_arc(SUBSCRIPTION).await.unwrap();
    assert_eq!(step.made.len(), count, "{step:?}");
    (double, arm)
}

fn wanted(connector: &str) -> WantedTags {
    WantedTags {
        account: ACCOUNT.parse().unwrap(),
        cloud: "AWS".parse().unwrap(),
        connector: connector.parse().unwrap(),
    }
}

async fn looked_after(
    arm: &Arm,
    wanted: &WantedTags,
    count: usize,
    repair: Repair,
) -> Result<Vec<MachineReport>, PortError> {
    let reports = look_after(&machines(arm), wanted, &instances(count), repair).await?;
    assert!(reports.values().all(|reports| reports.len() == 1));
    Ok(reports.into_values().flatten().collect())
}

fn tags(double: &AzureDouble, number: usize) -> Value {
    let id = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mdc/providers/Microsoft.HybridCompute/machines/{}",
        instance(number)
    );
    let raw = double.raw(&id).unwrap();
    serde_json::from_slice::<Value>(&raw).unwrap()["tags"].take()
}

fn rights(double: &AzureDouble, actions: &[&str]) {
    let mut setup = SubscriptionSetup::new(SUBSCRIPTION, TENANT, "rg-mdc", CLIENT);
    setup.rights = vec![Right::of(CLIENT, actions)];
    double.add_subscription(setup);
}

#[tokio::test]
async fn what_defender_wrote_is_right_or_differs_and_is_never_changed() {
    let paged = json!({"pageSize": 2, "emptyFirstPage": true});
    let (double, arm) = provisioned(5, paged).await;
    let reports = looked_after(&arm, &wanted("true"), 6, Repair::On)
        .await
        .unwrap();
    assert_eq!(reports.len(), 5, "one of the six has no machine");
    let outcome = |report: &MachineReport| report.outcome;
    assert!(
        reports
            .iter()
            .map(outcome)
            .all(|one| one == MachineOutcome::AsWanted)
    );

    let reports = looked_after(&arm, &wanted("connector-7"), 5, Repair::On)
        .await
        .unwrap();
    for report in &reports {
        assert_eq!(report.outcome, MachineOutcome::Differing);
        assert_eq!(report.differing["MDFCSecurityConnector"], "true");
    }
    assert_eq!(MachineCounts::of(&reports).machines_differing, 5);
    assert_eq!(double.counters(SUBSCRIPTION).machines_written, 0);
}

#[tokio::test]
async fn what_defender_left_out_is_added_and_a_second_run_writes_nothing() {
    let arc = json!({"arc": {"tags": {"accountid": "${AccountId}", "Owner": "Defender"}}});
    let (double, arm) = provisioned(2, arc).await;
    let off = looked_after(&arm, &wanted("true"), 2, Repair::Off)
        .await
        .unwrap();
    assert_eq!(off[1].outcome, MachineOutcome::Incomplete);
    assert_eq!(double.counters(SUBSCRIPTION).writes, 0);
    for (outcome, written) in [(MachineOutcome::Repaired, 2), (MachineOutcome::AsWanted, 2)] {
        let reports = looked_after(&arm, &wanted("true"), 2, Repair::On)
            .await
            .unwrap();
        assert_eq!((reports[0].outcome, reports[1].outcome), (outcome, outcome));
        assert_eq!(double.counters(SUBSCRIPTION).machines_written, written);
    }
    let all = json!({"accountid": ACCOUNT, "Owner": "Defender", "Cloud": "AWS",
        "InstanceId": instance(1), "MDFCSecurityConnector": "true"});
    assert_eq!(tags(&double, 1), all);
}

#[tokio::test]
async fn a_write_that_was_cut_off_is_made_again() {
    let (double, arm) = provisioned(1, json!({"arc": {"tags": {}}})).await;
    double.fault(SUBSCRIPTION, Fault::closed().on("PATCH").after_applying());
    double.fault(
        SUBSCRIPTION,
        Fault::status(503).on("GET").at("machines").times(2),
    );
    let reports = looked_after(&arm, &wanted("true"), 1, Repair::On)
        .await
        .unwrap();
    assert_eq!(reports[0].outcome, MachineOutcome::Repaired);
    assert_eq!(tags(&double, 0).as_object().unwrap().len(), 4);
}

#[tokio::test]
async fn a_missing_right_is_named_with_the_setting_that_needs_it() {
    let (double, arm) = provisioned(3, json!({"arc": {"tags": {}}})).await;
    rights(&double, &[READ]);
    let reports = looked_after(&arm, &wanted("true"), 3, Repair::On)
        .await
        .unwrap();
    let failure = reports[0].failure.as_ref().unwrap();
    for part in [WRITE, "RepairArcMachineTags", "AzureClientId", &instance(0)] {
        assert!(failure.reason.contains(part), "{failure:?}");
    }
    let tried = |path: &str| {
        double
            .requests_of(SUBSCRIPTION)
            .iter()
            .any(|one| one.method == "PATCH" && one.path.contains(path))
    };
    assert!(tried(&instance(0)) && !tried(&instance(1)) && !tried(&instance(2)));

    rights(&double, &["Microsoft.Security/*"]);
    let error = looked_after(&arm, &wanted("true"), 3, Repair::Off)
        .await
        .unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    assert!(error.reason.contains(READ), "{error}");
}

#[tokio::test]
async fn a_provider_that_is_not_registered_is_named() {
    let (double, arm) = provisioned(1, json!({"arc": {"tags": {}}})).await;
    let mut setup = SubscriptionSetup::new(SUBSCRIPTION, TENANT, "rg-mdc", CLIENT);
    setup.hybrid_compute_registration_state = "NotRegistered".to_owned();
    double.add_subscription(setup);
    let reports = looked_after(&arm, &wanted("true"), 1, Repair::On)
        .await
        .unwrap();
    let reason = &reports[0].failure.as_ref().unwrap().reason;
    assert!(
        reason.contains("az provider register --namespace Microsoft.HybridCompute"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_machine_that_is_gone_is_none() {
    let (double, arm) = provisioned(1, json!({})).await;
    let port = machines(&arm);
    let account = ACCOUNT.parse().unwrap();
    let listed = port.of_account(&account).await.unwrap().remove(0);
    assert_eq!(
        port.machine(&listed.id).await.unwrap(),
        Some(listed.clone())
    );
    double.set_aws_view(AwsView::Accounts({
        let accounts = AwsAccounts::default();
        let ready = AwsAccount::onboarded_for_all_plans(ACCOUNT, TENANT);
        accounts.set(
            ACCOUNT,
            ready.with_instance("eu-west-1", AwsInstance::managed("i-0123abcd")),
        );
        accounts
    }));
    double.provision_arc(SUBSCRIPTION).await.unwrap();
    assert_eq!(port.machine(&listed.id).await.unwrap(), None);
}
