//! `cargo xtask demo`: one account onboarded and changed on the local cloud, then its whole
//! organization, and all of it offboarded.

use std::fs::File;
use std::io::Read as _;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::azure::{Azure, Directory, FederatedCredential};
use crate::boto::Viewer;
use crate::inventory::{self, Inventory};
use crate::local_cloud::LocalCloud;
use crate::project::Project;
use crate::sam::Stack;
use crate::summary::Summary;
use crate::{http, log_check, output, sam, setup};

mod fleet;
mod organization;
mod shown;
mod whole;

use fleet::Fleet;

const ACCOUNT: &str = "111111111111";
const STACK: &str = "defender-connector";
/// The role that only Defender for Databases has.
const DATABASES_ROLE: &str = "DefenderForCloud-DataThreatProtectionDB";
const SIGN_IN_ROLE: &str = "DefenderConnectorAzureSignIn";

/// Runs the demo. With `keep` it stops before `sam delete` and leaves the local cloud up.
pub fn run(project: &Project, keep: bool) -> Result<()> {
    let mut summary = Summary::start();
    let result = whole_way(project, keep, &mut summary);
    if result.is_err() || !keep {
        summary.show();
    }
    result
}

fn whole_way(project: &Project, keep: bool, summary: &mut Summary) -> Result<()> {
    summary.step("Set up", || setup::for_local_cloud(project))?;
    summary.step("Validate", || sam::validate(project))?;
    summary.step("Build", || sam::build(project))?;
    let cloud = summary.step("Start the local cloud", || LocalCloud::start(project))?;
    let demo = Demo {
        project,
        cloud: &cloud,
        azure: Azure::at(cloud.azure_url()),
        directory: directory()?,
        stack: Stack {
            project,
            cloud: &cloud,
            account: ACCOUNT,
            name: STACK,
        },
    };
    let (fleet, before) = summary.step("Prepare the two clouds", || demo.prepare())?;
    summary.step("Deploy", || demo.deploy(&fleet))?;
    summary.step_with_note("Launch an instance", || fleet.show_launch())?;
    summary.step_with_note("Take tags off by hand", || fleet.show_repair())?;
    summary.step("Update", || demo.update(&fleet))?;
    let whole = demo.whole_organization(summary)?;
    if keep {
        summary.show();
        demo.stay();
        return Ok(());
    }
    summary.step_with_note("Narrow the organization", || whole.narrow())?;
    summary.step("Delete", || demo.stack.delete())?;
    summary.step_with_note("Look for what is left", || {
        let mut left = demo.left(&fleet, &before)?;
        left.extend(whole.left()?);
        nothing(&left)
    })?;
    let secrets = vec![demo.directory.auditor_secret.clone()];
    summary.step_with_note("Look for secrets in the logs", || {
        let note = log_check::run(project, secrets)?;
        Ok(((), note))
    })
}

struct Demo<'a> {
    project: &'a Project,
    cloud: &'a LocalCloud,
    azure: Azure,
    directory: Directory,
    stack: Stack<'a>,
}

impl Demo<'_> {
    /// What a person does once per account before the first deploy, in the order it has to be
    /// done: switching federation on names the issuer that the Azure side has to trust.
    fn prepare(&self) -> Result<(Fleet<'_>, Inventory)> {
        // SAM looks every 30 seconds whether a stack is gone. An answer that waits for the end
        // spares whoever watches the pause.
        http::put(
            &format!("{}/_local_cloud/switches", self.cloud.emulator_url()),
            &json!({ "deleteWaitSeconds": 50 }),
        )?;
        let issuer = inventory::enable_outbound_federation(self.viewer())?;
        output::line(format!("   AWS account {ACCOUNT} signs tokens as {issuer}"));
        let subject = format!("arn:aws:iam::{ACCOUNT}:role/{SIGN_IN_ROLE}");
        let credential = FederatedCredential {
            issuer: &issuer,
            subject: &subject,
        };
        self.azure.prepare(&self.directory, &credential)?;
        output::line(format!(
            "   Azure application {} trusts {subject}",
            self.directory.client
        ));
        let fleet = Fleet::make(self.viewer())?;
        output::line(format!(
            "   {} EC2 instances are there",
            fleet.instances()?.len()
        ));
        Ok((fleet, self.look()?))
    }

    fn viewer(&self) -> Viewer<'_> {
        Viewer {
            project: self.project,
            cloud: self.cloud,
            account: ACCOUNT,
        }
    }

    fn look(&self) -> Result<Inventory> {
        Inventory::take(self.viewer(), &fleet::REGIONS)
    }

    fn deploy(&self, fleet: &Fleet<'_>) -> Result<()> {
        let started = Instant::now();
        self.stack
            .deploy("sam deploy", &self.parameters("4", "On"))?;
        let took = started.elapsed();
        let inventory = self.look()?;
        let connectors = self.azure.connectors(&self.directory)?;
        output::line(shown::stacks(&inventory));
        output::line(shown::roles(&inventory));
        output::line(shown::connectors(&connectors));
        fleet.show("EC2 instances and their tags", STACK)?;
        if connectors.len() != 1 {
            bail!("one connector was expected, there are {}", connectors.len());
        }
        fleet.check_tagged()?;
        let connected = output::seconds(took);
        output::line(format!(
            "\n   From sam deploy to connector and tags: {connected}"
        ));
        Ok(())
    }

    fn update(&self, fleet: &Fleet<'_>) -> Result<()> {
        let before = self.azure.writes(&self.directory)?;
        self.stack
            .deploy("sam deploy update", &self.parameters("12", "Off"))?;
        let writes = self.azure.writes(&self.directory)? - before;
        let connectors = self.azure.connectors(&self.directory)?;
        output::line(shown::connectors(&connectors));
        output::line(format!("\n   Writes to Azure for this update: {writes}"));
        match connectors.as_slice() {
            [connector] if shown::scan_interval(connector) == "12" => {}
            _ => bail!("the connector does not scan every 12 hours"),
        }
        let inventory = self.look()?;
        let offered = connectors.iter().flat_map(|one| &one.properties.offerings);
        let databases = |kind: &Value| kind == "DefenderForDatabasesAws";
        if offered.map(|one| &one["offeringType"]).any(databases)
            || inventory.roles.iter().any(|role| role == DATABASES_ROLE)
        {
            bail!("Defender for Databases is switched off and still there");
        }
        fleet.show("EC2 instances and their tags", STACK)?;
        fleet.check_tagged()
    }

    fn left(&self, fleet: &Fleet<'_>, before: &Inventory) -> Result<Vec<String>> {
        let mut left = self.look()?.beyond(before);
        left.extend(fleet.left_tagged()?);
        Ok(left)
    }

    /// Every plan, but for Defender for Databases by choice.
    fn parameters(&self, hours: &str, databases: &str) -> Vec<(&'static str, String)> {
        let directory = &self.directory;
        vec![
            ("AzureTenantId", directory.tenant.to_owned()),
            ("AzureSubscriptionId", directory.subscription.to_owned()),
            ("AzureResourceGroup", directory.resource_group.to_owned()),
            ("AzureLocation", directory.location.to_owned()),
            ("AzureClientId", directory.client.to_owned()),
            ("CspmPlan", "Defender".to_owned()),
            ("ServersPlan", "P2".to_owned()),
            ("ContainersPlan", "On".to_owned()),
            ("DatabasesPlan", databases.to_owned()),
            ("Regions", fleet::REGIONS.join(",")),
            ("ArcExclusionTags", fleet::EXCLUSION.to_owned()),
            ("ScanIntervalHours", hours.to_owned()),
        ]
    }

    /// Waits for Enter. Where nobody can press it, until the process is ended.
    fn stay(&self) {
        output::heading("The local cloud stays up, with the stack deployed");
        for (name, value) in self.cloud.client_environment(self.project, ACCOUNT) {
            output::line(format!("export {name}={value}"));
        }
        output::line(format!(
            "export PATH={}:$PATH",
            self.project.local("tools/bin").display()
        ));
        output::line("\nTry, in another terminal:");
        output::line(format!("  sam list resources --stack-name {STACK}"));
        output::line(format!("  sam delete --stack-name {STACK} --no-prompts"));
        output::line(format!(
            "  curl {}/_double/requests?subscription={}",
            self.cloud.azure_url(),
            self.directory.subscription
        ));
        output::line("\nEnter or Ctrl-C stops it.");
        let pressed = std::io::stdin().read_line(&mut String::new());
        while pressed.as_ref().is_ok_and(|read| *read == 0) {
            thread::park();
        }
    }
}

/// Fails where something is left.
fn nothing(left: &[String]) -> Result<((), String)> {
    for name in left {
        output::line(format!("   left behind: {}", output::inert(name, 200)));
    }
    if !left.is_empty() {
        bail!("{} things are left", left.len());
    }
    output::line("   nothing: no connector of ours, no tag, and all accounts are as they were");
    Ok(((), "nothing is left".to_owned()))
}

/// Made-up ids. The auditor's secret is new each time, so that finding it in a log proves a leak.
fn directory() -> Result<Directory> {
    let mut random = [0_u8; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .context("cannot read random numbers")?;
    Ok(Directory {
        tenant: "7e4a1c52-0d3b-4f6e-9a81-5c2b7d90e613",
        client: "b3f0d6a4-92c7-4e1d-8b5f-16a7c4e83d20",
        auditor: "c81d5e97-46fa-4b02-a3d9-720e5b9f1c48",
        auditor_secret: format!("{:032x}", u128::from_be_bytes(random)),
        subscription: "2f9c7b1e-83d4-4a65-b0ef-d417a6c25938",
        resource_group: "defender",
        location: "eastus",
    })
}

#[cfg(test)]
mod tests {
    use super::directory;

    /// What `--keep` leaves up can be deployed to with the set `local`.
    #[test]
    fn samconfig_names_the_demo_s_azure() {
        let (_, local) = include_str!("../../samconfig.toml")
            .split_once("[local.deploy.parameters.parameter_overrides]")
            .unwrap();
        let azure = directory().unwrap();
        for (parameter, value) in [
            ("AzureTenantId", azure.tenant),
            ("AzureSubscriptionId", azure.subscription),
            ("AzureResourceGroup", azure.resource_group),
            ("AzureLocation", azure.location),
            ("AzureClientId", azure.client),
        ] {
            assert!(
                local.contains(&format!("{parameter} = \"{value}\"")),
                "{parameter}"
            );
        }
    }
}
