//! Every plan, alone and with the others, in both access modes: deployed, changed, taken away.

use std::collections::BTreeSet;

use anyhow::Result;
use integration_tests::{Account, ApiRequest, Inventory, Stack, on_local_cloud};
use serde_json::{Value, json};

const CIEM_SUBJECT: &str = "c0ffee00-1bf0-4dda-aec3-111122223333";

/// The parameters that switch a plan on.
const DEFENDER_CSPM: [(&str, &str); 3] = [
    ("CspmPlan", "Defender"),
    ("CspmCiem", "true"),
    ("CiemSubject", CIEM_SUBJECT),
];
const SERVERS: [(&str, &str); 2] = [("ServersPlan", "P2"), ONE_REGION];
const CONTAINERS: [(&str, &str); 1] = [("ContainersPlan", "On")];
const DATABASES: [(&str, &str); 2] = [("DatabasesPlan", "On"), ONE_REGION];
/// Servers and Databases bring Arc auto-provisioning, whose runbooks go to every region of these.
const ONE_REGION: (&str, &str) = ("Regions", "eu-west-1");

fn with<'a>(mut stack: Stack<'a>, parameters: &[(&str, &str)]) -> Stack<'a> {
    for (name, value) in parameters {
        stack.set(name, value);
    }
    stack
}

async fn offerings(account: &Account) -> Result<Vec<String>> {
    let connector = account.azure.connector(&account.connector_id()).await?;
    let offerings = connector["properties"]["offerings"].as_array().cloned();
    let types = offerings.unwrap_or_default().into_iter();
    Ok(types
        .filter_map(|one| one["offeringType"].as_str().map(str::to_owned))
        .collect())
}

async fn offering(account: &Account, kind: &str) -> Result<Value> {
    let connector = account.azure.connector(&account.connector_id()).await?;
    let offerings = connector["properties"]["offerings"].as_array().cloned();
    let mut all = offerings.unwrap_or_default().into_iter();
    let found = all.find(|one| one["offeringType"] == kind);
    found.ok_or_else(|| anyhow::anyhow!("there is no {kind}"))
}

/// Defender's roles in the account, by name.
async fn roles(account: &Account) -> Result<BTreeSet<String>> {
    let listed = account.iam.list_roles().into_paginator().items().send();
    let listed = listed.collect::<Result<Vec<_>, _>>().await?;
    let names = listed.into_iter().map(|role| role.role_name);
    Ok(names
        .filter(|name| !name.starts_with("DefenderConnector"))
        .collect())
}

/// Deploys, deploys again without a change, and deletes.
fn lives_and_dies(mode: &str, parameters: &[(&str, &str)], kinds: &[&str]) -> Result<()> {
    on_local_cloud(async |account| {
        let before = Inventory::of(account).await?;
        let mut stack = with(account.stack(), parameters).with("AccessMode", mode);
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        assert_eq!(offerings(account).await?, kinds);
        assert_eq!(account.azure.writes().await?, 1);
        // A role named in the connector that Defender could not use would have been refused; what
        // is left to see is that none was made that it does not name.
        let connector = account.azure.connector(&account.connector_id()).await?;
        let connector = connector.to_string();
        for role in roles(account).await? {
            assert!(connector.contains(&format!(":role/{role}\"")), "{role}");
        }
        stack.set("ConnectorName", &format!("aws-{}", account.id));
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(account.azure.writes().await?, 1, "nothing changed");
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        assert_eq!(Inventory::of(account).await?, before);
        Ok(())
    })
}

const ALL_KINDS: [&str; 5] = [
    "CspmMonitorAws",
    "DefenderCspmAws",
    "DefenderForServersAws",
    "DefenderForContainersAws",
    "DefenderForDatabasesAws",
];

fn all_plans() -> Vec<(&'static str, &'static str)> {
    [&DEFENDER_CSPM[..], &SERVERS, &CONTAINERS, &DATABASES].concat()
}

#[test]
fn defender_cspm_in_default_access() -> Result<()> {
    lives_and_dies("Default", &DEFENDER_CSPM, &ALL_KINDS[..2])
}

#[test]
fn defender_cspm_with_least_privilege() -> Result<()> {
    lives_and_dies("LeastPrivilege", &DEFENDER_CSPM, &ALL_KINDS[..2])
}

#[test]
fn servers_in_default_access() -> Result<()> {
    lives_and_dies("Default", &SERVERS, &[ALL_KINDS[0], ALL_KINDS[2]])
}

#[test]
fn servers_with_least_privilege() -> Result<()> {
    lives_and_dies("LeastPrivilege", &SERVERS, &[ALL_KINDS[0], ALL_KINDS[2]])
}

#[test]
fn containers_in_default_access() -> Result<()> {
    lives_and_dies("Default", &CONTAINERS, &[ALL_KINDS[0], ALL_KINDS[3]])
}

#[test]
fn containers_with_least_privilege() -> Result<()> {
    lives_and_dies("LeastPrivilege", &CONTAINERS, &[ALL_KINDS[0], ALL_KINDS[3]])
}

#[test]
fn databases_in_default_access() -> Result<()> {
    lives_and_dies("Default", &DATABASES, &[ALL_KINDS[0], ALL_KINDS[4]])
}

#[test]
fn databases_with_least_privilege() -> Result<()> {
    lives_and_dies("LeastPrivilege", &DATABASES, &[ALL_KINDS[0], ALL_KINDS[4]])
}

#[test]
fn all_plans_in_default_access() -> Result<()> {
    lives_and_dies("Default", &all_plans(), &ALL_KINDS)
}

#[test]
fn all_plans_with_least_privilege() -> Result<()> {
    lives_and_dies("LeastPrivilege", &all_plans(), &ALL_KINDS)
}

/// Each update is one write, brings a plan's roles before its offering, and takes them after it.
#[test]
fn plans_are_switched_on_and_off_one_by_one() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = with(account.stack(), &[ONE_REGION]);
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let foundational = roles(account).await?;
        for (number, (parameter, on)) in [
            ("ServersPlan", "P1"),
            ("ContainersPlan", "On"),
            ("DatabasesPlan", "On"),
            ("CspmPlan", "Defender"),
        ]
        .into_iter()
        .enumerate()
        {
            stack.set(parameter, on);
            stack.update().await?.must_be("UPDATE_COMPLETE")?;
            assert_eq!(offerings(account).await?.len(), number + 2, "{parameter}");
            assert_eq!(account.azure.writes().await?, number + 2, "{parameter}");
        }
        // Agentless scanning came with Containers and Defender CSPM, so P2 needs no new role.
        stack.set("ServersPlan", "P2");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        let servers = offering(account, "DefenderForServersAws").await?;
        assert_eq!(servers["subPlan"], json!({"type": "P2"}));
        assert_eq!(servers["vmScanners"]["enabled"], true);

        let puts = |requests: &[ApiRequest]| requests.iter().filter(|r| r.is_write()).count();
        for (parameter, off) in [
            ("CspmPlan", "Foundational"),
            ("DatabasesPlan", "Off"),
            ("ContainersPlan", "Off"),
            ("ServersPlan", "Off"),
        ] {
            let before = puts(&account.azure.requests().await?);
            stack.set(parameter, off);
            stack.update().await?.must_be("UPDATE_COMPLETE")?;
            // The double looks into the account at each PUT: had a role gone before its offering,
            // the connector would have been refused or a role would be named that is not there.
            let connector = account.azure.connector(&account.connector_id()).await?;
            assert_eq!(
                puts(&account.azure.requests().await?),
                before + 1,
                "{parameter}"
            );
            for role in roles(account).await? {
                let named = format!(":role/{role}\"");
                assert!(
                    connector.to_string().contains(&named),
                    "{parameter}: {role}"
                );
            }
        }
        assert_eq!(offerings(account).await?, ["CspmMonitorAws"]);
        assert_eq!(roles(account).await?, foundational);
        stack.delete().await?.must_be("DELETE_COMPLETE")?;
        Ok(())
    })
}

/// The update that takes a plan away fails at the connector: its roles are still there.
#[test]
fn a_plan_that_could_not_be_switched_off_keeps_its_roles() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = with(account.stack(), &DATABASES);
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let before = (roles(account).await?, offerings(account).await?);
        let body = json!({"error": {"code": "BadRequest", "message": "Not today."}});
        let fault = json!({"method": "PUT", "times": 1, "status": 400, "body": body});
        account.azure.fault(fault).await?;
        stack.set("DatabasesPlan", "Off");
        stack.update().await?.must_be("UPDATE_ROLLBACK_COMPLETE")?;
        assert_eq!((roles(account).await?, offerings(account).await?), before);
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        assert_eq!(offerings(account).await?, ["CspmMonitorAws"]);
        Ok(())
    })
}

/// The external id is made up by the account stack and read back from the role.
#[test]
fn the_external_id_of_data_collection_is_the_account_stacks_own() -> Result<()> {
    on_local_cloud(async |account| {
        let mut stack = with(account.stack(), &CONTAINERS);
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let nested = stack.physical_id("AccountStack").await?;
        let containers = offering(account, "DefenderForContainersAws").await?;
        let external_id = containers["dataCollectionExternalId"].as_str();
        assert_eq!(external_id, nested.rsplit('/').next());
        assert_eq!(containers["kubeAuditRetentionTime"], 30);

        let own = "e0000000-1bf0-4dda-aec3-111122223333";
        stack.set("DataCollectionExternalId", own);
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        let containers = offering(account, "DefenderForContainersAws").await?;
        assert_eq!(containers["dataCollectionExternalId"], own);
        stack.set("ContainersAuditLogs", "false");
        stack.set("DataCollectionExternalId", "");
        stack.update().await?.must_be("UPDATE_COMPLETE")?;
        let roles = roles(account).await?;
        assert!(
            !roles.contains("MDCContainersK8sDataCollectionRole"),
            "{roles:?}"
        );
        assert!(roles.contains("MDCContainersK8sRole"), "{roles:?}");
        Ok(())
    })
}

/// The version of the API is the one that is set, and what it does not know is refused by its path.
#[test]
fn fields_of_a_newer_api_version_need_that_version() -> Result<()> {
    on_local_cloud(async |account| {
        let stack = with(account.stack(), &CONTAINERS)
            .with("ContainersInstallationMethod", "Helm")
            .with("AzureApiVersion", "Auto");
        let offered = |versions: Value| {
            account
                .azure
                .change_subscription(move |setup| setup["apiVersions"] = versions)
        };
        offered(json!(["2024-08-01-preview"])).await?;
        let ended = stack.create().await?.must_be("ROLLBACK_COMPLETE")?;
        let reason = ended.reason("SecurityConnector");
        let path = "ResourceProperties.Plans.Containers.InstallationMethod: ";
        assert!(reason.contains(path), "{reason}");
        assert_eq!(account.azure.writes().await?, 0);
        stack.delete().await?.must_be("DELETE_COMPLETE")?;

        offered(json!(["2024-08-01-preview", "2026-08-01-preview"])).await?;
        stack.create().await?.must_be("CREATE_COMPLETE")?;
        let containers = offering(account, "DefenderForContainersAws").await?;
        assert_eq!(containers["installationMethod"], "Helm");
        let requests = account.azure.requests().await?;
        let put = requests.iter().find(|request| request.method == "PUT");
        let version = put.and_then(|put| put.api_version.clone());
        assert_eq!(version.as_deref(), Some("2026-08-01-preview"));
        Ok(())
    })
}
