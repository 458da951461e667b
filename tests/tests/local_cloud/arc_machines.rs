//! Azure Arc machines: their tags are compared, and repaired only where that is asked for, never
//! over a value that stands there.

use anyhow::Result;
use integration_tests::{
    Account, ApiRequest, Fleet, Instance, NewInstance, REGIONS, instance_of, on_local_cloud,
};
use serde_json::{Value, json};

/// Two instances whose machines Defender made; then somebody takes tags off one, and changes
/// values on the other.
async fn spoiled(account: &Account, fleet: &Fleet<'_>) -> Result<(Instance, Instance)> {
    let [near, far] = REGIONS;
    let incomplete = fleet.make(near, NewInstance::default()).await?;
    let differing = fleet.make(far, NewInstance::default()).await?;
    account.azure.provision_arc().await?;
    let all = json!(fleet.four_tags(&incomplete));
    assert_eq!(account.azure.machine_tags(&incomplete).await?, all);
    let left = json!({"cloud": "AWS", "CostCenter": "4711", "AccountId": account.id});
    account.azure.set_machine_tags(&incomplete, &left).await?;
    let mut changed = json!(fleet.four_tags(&differing));
    changed["MDFCSecurityConnector"] = json!("written by Defender");
    account.azure.set_machine_tags(&differing, &changed).await?;
    Ok((incomplete, differing))
}

async fn machine_writes(account: &Account) -> Result<Vec<ApiRequest>> {
    let mut requests = account.azure.requests().await?;
    requests.retain(|one| one.is_write() && one.path.contains("Microsoft.HybridCompute"));
    Ok(requests)
}

/// The first machine of an instance in the report.
fn machine_of<'r>(report: &'r Value, instance: &Instance) -> &'r Value {
    &instance_of(report, &instance.id)["Machines"][0]
}

#[test]
fn missing_tags_of_a_machine_are_added_and_values_of_others_stay() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        account.azure.grant_machines().await?;
        let stack = fleet.stack().with("RepairArcMachineTags", "true");
        fleet.deploy(&stack).await?;
        let (incomplete, differing) = spoiled(account, &fleet).await?;
        let report = account.successful_sweep(&stack).await?;
        let repaired = json!({
            "AccountId": account.id,
            "CostCenter": "4711",
            "cloud": "AWS",
            "InstanceId": incomplete.id,
            "MDFCSecurityConnector": "true",
        });
        assert_eq!(account.azure.machine_tags(&incomplete).await?, repaired);
        let told = machine_of(&report, &incomplete);
        assert_eq!(told["Outcome"], "Repaired", "{report:#}");
        let added = json!(["InstanceId", "MDFCSecurityConnector"]);
        assert_eq!(told["Added"], added, "{told:#}");

        let tags = account.azure.machine_tags(&differing).await?;
        assert_eq!(tags["MDFCSecurityConnector"], "written by Defender");
        let told = machine_of(&report, &differing);
        assert_eq!(told["Outcome"], "Differing", "{report:#}");
        assert_eq!(machine_writes(account).await?.len(), 1);

        account.successful_sweep(&stack).await?;
        assert_eq!(
            machine_writes(account).await?.len(),
            1,
            "nothing is left to add"
        );
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(account.azure.machine_tags(&incomplete).await?, repaired);
        Ok(())
    })
}

#[test]
fn without_being_asked_to_a_machine_is_compared_and_not_written() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        account.azure.grant_machines().await?;
        let stack = fleet.stack();
        fleet.deploy(&stack).await?;
        let (incomplete, _) = spoiled(account, &fleet).await?;
        let report = account.successful_sweep(&stack).await?;
        let told = machine_of(&report, &incomplete);
        assert_eq!(told["Outcome"], "Incomplete", "{report:#}");
        assert_eq!(
            told["Missing"],
            json!(["InstanceId", "MDFCSecurityConnector"])
        );
        assert!(machine_writes(account).await?.is_empty());
        Ok(())
    })
}

/// The right to connectors alone is enough for all the rest.
#[test]
fn without_the_right_to_machines_the_instances_are_tagged_and_the_report_says_so() -> Result<()> {
    on_local_cloud(async |account| {
        let fleet = Fleet::open(account).await?;
        let instance = fleet.make(REGIONS[0], NewInstance::default()).await?;
        let stack = fleet.stack().with("RepairArcMachineTags", "true");
        fleet.deploy(&stack).await?;
        assert_eq!(fleet.tags(&instance).await?, fleet.four_tags(&instance));
        let report = account.report_of_last_request(&stack).await?;
        let right = "Microsoft.HybridCompute/machines/read";
        assert!(report.to_string().contains(right), "{report:#}");
        Ok(())
    })
}
