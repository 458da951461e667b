//! A whole organization, in more than one page of accounts, with everything that can be in the way:
//! deployed, looked at again, deleted.

use std::collections::BTreeSet;

use anyhow::Result;
use integration_tests::{
    Account, Fleet, Instance, Inventory, MicrosoftOnboarding, NewInstance, Organization, REGIONS,
    Tags, entry_of, on_organization, skipped_of,
};
use serde_json::{Value, json};

use crate::organization_roles::take_role_name;

const UNITS: [(&str, usize); 5] = [
    ("", 2),
    ("Security", 3),
    ("Workloads", 4),
    ("Workloads/Development", 6),
    ("Workloads/Production", 10),
];
/// The role that Servers has, and that one account has for another purpose.
const TAKEN: &str = "DefenderForCloud-DefenderForServers";

/// The accounts that are not like the others.
struct Odd<'m> {
    excluded: &'m Account,
    suspended: &'m Account,
    foreign: &'m Account,
    broken: &'m Account,
    connector: MicrosoftOnboarding,
}

impl<'m> Odd<'m> {
    async fn make(organization: &Organization<'_>, members: &'m [Account]) -> Result<Self> {
        let [excluded, suspended, foreign, broken] = [2, 9, 15, 16].map(|place| &members[place]);
        organization.suspend(suspended).await?;
        take_role_name(broken, TAKEN).await?;
        let connector = MicrosoftOnboarding::run(foreign).await?;
        Ok(Self {
            excluded,
            suspended,
            foreign,
            broken,
            connector,
        })
    }

    fn has(&self, account: &Account) -> bool {
        let all = [self.excluded, self.suspended, self.foreign, self.broken];
        all.iter().any(|one| one.id == account.id)
    }
}

#[test]
fn an_organization_is_connected_but_for_what_the_report_names_and_left_as_it_was() -> Result<()> {
    on_organization(&UNITS, async |organization, members| {
        let odd = Odd::make(organization, members).await?;
        let fleets = [
            Fleet::open(&members[5]).await?,
            Fleet::open(&members[20]).await?,
        ];
        let mut instances = Vec::new();
        for (fleet, region) in fleets.iter().zip(REGIONS) {
            instances.push((fleet, fleet.make(region, NewInstance::default()).await?));
        }
        let before = inventories(organization, members).await?;

        let stack = organization
            .stack()
            .with("ServersPlan", "P2")
            .with("ExcludedAccountIds", &odd.excluded.id);
        let made = stack.sam_deploy().await?.must_be("CREATE_COMPLETE")?;
        assert_connected(organization, members, &odd).await?;
        let [in_scope, failed] = [members.len() - 2, 2];
        assert_eq!(made.output("AccountsInScope"), in_scope.to_string());
        let connected = in_scope - failed;
        assert_eq!(made.output("AccountsConnected"), connected.to_string());
        assert_eq!(made.output("AccountsFailed"), failed.to_string());
        let uri = made.output("OrganizationReport");
        assert_report(
            &organization.report_of_deploy(&stack, uri).await?,
            members,
            &odd,
        );
        for (fleet, instance) in &instances {
            assert_eq!(fleet.tags(instance).await?, fleet.four_tags(instance));
        }
        organization.management.first_sweep().await?;

        stack.sam_delete().await?;
        assert_untagged(&instances).await?;
        odd.connector
            .assert_untouched_but_for_signature(odd.foreign)
            .await?;
        let foreign = BTreeSet::from([odd.foreign.id.clone()]);
        assert_eq!(organization.connected().await?, foreign);
        assert_eq!(inventories(organization, members).await?, before);
        Ok(())
    })
}

async fn inventories(
    organization: &Organization<'_>,
    members: &[Account],
) -> Result<Vec<Inventory>> {
    let mut all = vec![Inventory::of(organization.management).await?];
    for member in members {
        all.push(Inventory::of(member).await?);
    }
    Ok(all)
}

/// The account that Microsoft's onboarding has connected keeps its own connector.
async fn assert_connected(
    organization: &Organization<'_>,
    members: &[Account],
    odd: &Odd<'_>,
) -> Result<()> {
    let management = organization.management;
    let all = members.iter().filter(|one| !odd.has(one));
    let mut expected: BTreeSet<String> = all.map(|one| one.id.clone()).collect();
    expected.insert(management.id.clone());
    let azure = &management.azure;
    for id in &expected {
        let connector = azure.tenancy.connector_id(&format!("aws-{id}"));
        let connector = azure.connector(&connector).await?;
        let offerings = connector["properties"]["offerings"].as_array();
        let kinds: Vec<&Value> = offerings
            .into_iter()
            .flatten()
            .map(|one| &one["offeringType"])
            .collect();
        assert_eq!(kinds, ["CspmMonitorAws", "DefenderForServersAws"]);
        assert_eq!(connector["tags"]["ManagedBy"], "defender-connector-aws");
        let deployment = format!("{}-{}", management.stack_name(), management.id);
        assert_eq!(connector["tags"]["DeploymentId"], deployment.as_str());
    }
    expected.insert(odd.foreign.id.clone());
    assert_eq!(organization.connected().await?, expected);
    odd.connector
        .assert_untouched_but_for_signature(odd.foreign)
        .await
}

fn assert_report(report: &Value, members: &[Account], odd: &Odd<'_>) {
    for member in members.iter().filter(|one| !odd.has(one)) {
        let entry = entry_of(report, member);
        assert_eq!(entry["Outcome"], "Connected", "{entry:#}");
        let connector = entry["Connector"].as_str().unwrap_or_default();
        assert!(connector.ends_with(&member.id), "{entry:#}");
    }
    let seen = &entry_of(report, &members[5])["Instances"]["InstancesTagged"];
    assert_eq!(seen, &json!(1), "{report:#}");
    for (account, says) in [(odd.broken, TAKEN), (odd.foreign, "CspmMonitorAws")] {
        let entry = entry_of(report, account);
        assert_eq!(entry["Outcome"], "Failed", "{entry:#}");
        let reason = entry["Reason"].as_str().unwrap_or_default();
        assert!(reason.contains(says), "{entry:#}");
    }
    for (account, reason) in [(odd.suspended, "Suspended"), (odd.excluded, "Excluded")] {
        assert_eq!(skipped_of(report, account)["Reason"], reason, "{report:#}");
    }
}

async fn assert_untagged(instances: &[(&Fleet<'_>, Instance)]) -> Result<()> {
    for (fleet, instance) in instances {
        assert_eq!(fleet.tags(instance).await?, Tags::new(), "{instance:?}");
    }
    Ok(())
}
