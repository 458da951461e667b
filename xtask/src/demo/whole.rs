//! The demo's steps over the whole organization: onboarded by an update of the stack, followed,
//! healed, narrowed.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use serde_json::json;

use super::fleet::KEYS;
use super::organization::{
    BROKEN, EXCLUDED, FOREIGN, JOINS, LEAVES, MOVES, Organization, SCOPE, SUSPENDED, followed,
};
use super::shown::members::{Member, table};
use super::{ACCOUNT, Demo, STACK};
use crate::azure::Connector;
use crate::summary::Summary;
use crate::{http, output};

/// The name that somebody gave to a connector in the portal.
const PORTAL: &str = "AWS-production";

/// The organization, and what it looked like before.
pub struct Whole<'a> {
    demo: &'a Demo<'a>,
    organization: Organization<'a>,
    before: BTreeSet<String>,
}

impl Demo<'_> {
    /// Onboards it, and shows that accounts are followed and failures healed.
    pub fn whole_organization(&self, summary: &mut Summary) -> Result<Whole<'_>> {
        let whole = summary.step("Prepare an organization", || Whole::prepare(self))?;
        summary.step_with_note("Onboard the organization", || whole.onboard())?;
        summary.step_with_note("Follow accounts", || whole.follow())?;
        summary.step_with_note("Heal what failed", || whole.heal())?;
        Ok(whole)
    }
}

impl<'a> Whole<'a> {
    fn prepare(demo: &'a Demo<'a>) -> Result<Self> {
        let organization = Organization::make(demo.viewer())?;
        let whole = Self {
            before: organization.look()?,
            demo,
            organization,
        };
        whole.connect_in_portal()?;
        let members = whole.organization.seen()?.accounts.len() - 1;
        output::line(format!(
            "   {ACCOUNT} manages an organization of {members} members"
        ));
        output::line(format!(
            "   {SUSPENDED} is suspended, {EXCLUDED} is to be left out,"
        ));
        output::line(format!(
            "   {FOREIGN} was connected in the portal by somebody else,"
        ));
        output::line(format!(
            "   {BROKEN} has a role under a name that ours needs"
        ));
        Ok(whole)
    }

    /// The connector that is not ours.
    fn connect_in_portal(&self) -> Result<()> {
        let role = format!("arn:aws:iam::{FOREIGN}:role/CspmMonitorAws");
        let document = json!({
            "id": self.portal_id(),
            "name": PORTAL,
            "type": "Microsoft.Security/securityConnectors",
            "location": "East US",
            "properties": {
                "hierarchyIdentifier": FOREIGN,
                "environmentName": "AWS",
                "environmentData": {"environmentType": "AwsAccount", "scanInterval": 12},
                "offerings": [{
                    "offeringType": "CspmMonitorAws",
                    "nativeCloudConnection": {"cloudRoleArn": role},
                }],
            },
        });
        let url = format!(
            "{}/_double/raw{}",
            self.demo.cloud.azure_url(),
            self.portal_id()
        );
        http::put(&url, &document).map(drop)
    }

    fn portal_id(&self) -> String {
        let directory = &self.demo.directory;
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Security/securityConnectors/{PORTAL}",
            directory.subscription, directory.resource_group
        )
    }

    fn onboard(&self) -> Result<((), String)> {
        self.deploy("sam deploy organization", &SCOPE, "On")?;
        let members = self.show("Accounts of the organization")?;
        let failed = members.iter().filter(|one| one.outcome == "Failed");
        let failed: BTreeSet<&str> = failed.map(|one| one.id.as_str()).collect();
        if failed != BTreeSet::from([FOREIGN, BROKEN]) {
            bail!("these accounts failed: {failed:?}");
        }
        let expected = self.expected(&[BROKEN])?;
        self.check(&expected)?;
        self.check_tagged()?;
        Ok(((), format!("{} connected, 2 failed", expected.len() - 1)))
    }

    fn follow(&self) -> Result<((), String)> {
        self.organization.change()?;
        output::line(format!(
            "   {JOINS} joins, {LEAVES} leaves, {MOVES} moves out of scope"
        ));
        let expected = self.expected(&[BROKEN, LEAVES, MOVES])?;
        let took = followed(|| self.connected(), &expected)?;
        let took = output::seconds(took);
        output::line(format!("   followed after {took}, without any command"));
        Ok(((), format!("followed after {took}")))
    }

    fn heal(&self) -> Result<((), String)> {
        output::line(format!("   {BROKEN} has given its role another name:"));
        self.organization.heal(STACK)?;
        self.show("Accounts after all that")?;
        self.check(&self.expected(&[LEAVES, MOVES])?)?;
        Ok(((), "1 account healed".to_owned()))
    }

    /// A plan and a unit less: both leave while the roles are still there.
    pub fn narrow(&self) -> Result<((), String)> {
        let units = ["Security", "Workloads"];
        self.deploy("sam deploy narrower", &units, "Off")?;
        let members = self.show("Accounts without Containers, and without the unit Sandbox")?;
        // Once its stacks are gone, a run that their events begin finds an account out already.
        let is_out = |one: &&Member| ["Offboarded", "Removed"].contains(&one.outcome.as_str());
        let out = members.iter().filter(is_out).map(|one| one.id.as_str());
        let out: Vec<&str> = out.filter(|id| ![LEAVES, MOVES].contains(id)).collect();
        let connectors = self.connectors()?;
        let offers = |one: &&Connector| {
            let mut kinds = one.properties.offerings.iter();
            kinds.any(|kind| kind["offeringType"] == "DefenderForContainersAws")
        };
        if let Some(connector) = connectors.iter().find(offers) {
            bail!(
                "Defender for Containers is off and still in {}",
                connector.name
            );
        }
        let mut gone = vec![LEAVES, MOVES];
        gone.extend(&out);
        self.check(&self.expected(&gone)?)?;
        if out.len() != 2 {
            bail!("two accounts were to be offboarded, not {out:?}");
        }
        Ok(((), format!("{} offboarded", out.len())))
    }

    /// What is left in members and in Azure.
    pub fn left(&self) -> Result<Vec<String>> {
        let mut left: Vec<String> = self.left_in_members()?;
        let connectors = self.connectors()?;
        let (theirs, ours): (Vec<_>, Vec<_>) =
            connectors.iter().partition(|one| one.name == PORTAL);
        if theirs.len() != 1 {
            bail!("the connector that somebody made in the portal is gone");
        }
        left.extend(ours.iter().map(|one| format!("connector {}", one.id)));
        for (instance, tags) in self.organization.tagged()? {
            if tags > 0 {
                left.push(format!("tags of instance {instance}"));
            }
        }
        Ok(left)
    }

    /// What was in the way of one account was taken away by hand, and whoever leaves is left with
    /// the commands that the report has.
    fn left_in_members(&self) -> Result<Vec<String>> {
        let after = self.organization.look()?;
        let beyond = after.difference(&self.before);
        let cannot_act = [LEAVES, MOVES].map(|account| format!(" of account {account}"));
        let is_provider = |name: &&String| name.starts_with("provider ");
        let told = |name: &&String| {
            is_provider(name) && cannot_act.iter().any(|account| name.ends_with(account))
        };
        Ok(beyond.filter(|name| !told(name)).cloned().collect())
    }

    fn deploy(&self, log: &str, units: &[&str], containers: &str) -> Result<()> {
        let mut parameters = self.demo.parameters("12", "Off");
        parameters.retain(|(name, _)| *name != "ContainersPlan");
        parameters.extend([
            ("ContainersPlan", containers.to_owned()),
            ("Scope", "Organization".to_owned()),
            ("OrganizationalUnitIds", self.organization.units(units)?),
            ("ExcludedAccountIds", EXCLUDED.to_owned()),
        ]);
        self.demo.stack.deploy(log, &parameters)
    }

    fn connectors(&self) -> Result<Vec<Connector>> {
        self.demo.azure.connectors(&self.demo.directory)
    }

    fn connected(&self) -> Result<BTreeSet<String>> {
        let all = self.connectors()?.into_iter();
        Ok(all.map(|one| one.properties.hierarchy_identifier).collect())
    }

    /// The accounts that are to have a connector, theirs or ours.
    fn expected(&self, without: &[&str]) -> Result<BTreeSet<String>> {
        let accounts = self.organization.seen()?.accounts.into_iter();
        let in_scope = accounts.filter(|(id, account)| {
            let unit = account.unit.split('/').next().unwrap_or_default();
            let odd = [EXCLUDED, SUSPENDED].contains(&id.as_str());
            id == ACCOUNT || (SCOPE.contains(&unit) && !odd)
        });
        let ids = in_scope.map(|(id, _)| id);
        Ok(ids.filter(|id| !without.contains(&id.as_str())).collect())
    }

    fn check(&self, expected: &BTreeSet<String>) -> Result<()> {
        let connected = self.connected()?;
        let differ: Vec<&String> = connected.symmetric_difference(expected).collect();
        if !differ.is_empty() {
            bail!("these accounts are not connected as they should be: {differ:?}");
        }
        Ok(())
    }

    fn check_tagged(&self) -> Result<()> {
        for (instance, tags) in self.organization.tagged()? {
            if tags != KEYS.len() {
                bail!("instance {instance} has {tags} of the tags");
            }
        }
        Ok(())
    }

    fn show(&self, title: &str) -> Result<Vec<Member>> {
        let members = self.organization.members(STACK, &self.connectors()?)?;
        output::line(table(title, &members));
        Ok(members)
    }
}
