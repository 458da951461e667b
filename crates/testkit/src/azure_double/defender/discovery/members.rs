//! The connector of an organization, and those of its members that are made after it.

use serde_json::{Value, json};

use super::super::super::aws_organization::{AwsMember, AwsOrganization};
use super::super::super::document;
use super::super::super::paths::{ArmPath, Target, connector_path};
use super::super::super::state::{Subscription, World};
use super::super::super::switches::{Discovery, ParentHierarchyId};
use super::{Discovered, DiscoveryStep, MeetsStandalone, membership};

/// Who signs what nobody asked Resource Manager for.
const DEFENDER: &str = "MicrosoftDefenderForCloud";

const DATA: &str = "/properties/environmentData/organizationalData";

/// A connector that stands for an organization.
pub(super) struct Organization {
    pub subscription: String,
    pub tenant_id: String,
    /// The management account.
    pub account: String,
    path: String,
    group: String,
    document: Value,
}

impl Organization {
    pub(super) fn read(world: &mut World, subscription: &str, path: &str) -> Option<Self> {
        Self::of(world.subscription(subscription)?, path)
    }

    /// `None` where the path has no such connector any more.
    pub(super) fn of(there: &Subscription, path: &str) -> Option<Self> {
        let Target::Connector { group, .. } = ArmPath::parse(path)?.target else {
            return None;
        };
        let document = there.resources.json(path)?;
        if membership(&document) != Some("Organization") {
            return None;
        }
        let account = document.pointer("/properties/hierarchyIdentifier")?;
        Some(Self {
            subscription: there.setup.subscription_id.clone(),
            tenant_id: there.setup.tenant_id.clone(),
            account: account.as_str()?.to_owned(),
            path: path.to_owned(),
            group: there.group(&group).unwrap_or(&group).to_owned(),
            document,
        })
    }

    pub(super) fn excludes(&self, account: &str) -> bool {
        let excluded = self.document.pointer(DATA);
        let excluded = excluded.and_then(|data| data["excludedAccountIds"].as_array());
        excluded.into_iter().flatten().any(|one| one == account)
    }

    /// What a member's connector says: the same plans, with the roles of the member's own account.
    pub(super) fn member_of(&self, account: &str, member: &AwsMember, how: &Discovery) -> Value {
        let mut properties = json!({
            "hierarchyIdentifier": account,
            "environmentName": self.document["properties"]["environmentName"],
            "environmentData": self.document["properties"]["environmentData"],
            "offerings": self.document["properties"]["offerings"],
        });
        let parent = match how.parent_hierarchy_id {
            ParentHierarchyId::ManagementAccount => &self.account,
            ParentHierarchyId::Unit => &member.parent,
        };
        let environment = &mut properties["environmentData"];
        environment["accountName"] = json!(member.name);
        environment["organizationalData"] =
            json!({ "organizationMembershipType": "Member", "parentHierarchyId": parent });
        let of = |account: &str| format!(":iam::{account}:role/");
        move_roles(
            &mut properties["offerings"],
            &of(&self.account),
            &of(account),
        );
        let mut document =
            json!({ "location": self.document["location"], "properties": properties });
        if how.copies_tags {
            document["tags"] = self.document["tags"].clone();
        }
        document
    }

    /// Whether Defender has made the account's connector, after this one.
    pub(super) fn has(&self, world: &mut World, account: &str) -> bool {
        let there = world.subscription(&self.subscription);
        there.is_some_and(|there| {
            let mut discovered = there.discovered.values();
            discovered.any(|one| one.organization == self.path && one.account == account)
        })
    }

    /// Takes notice of what changed about accounts, and removes the connectors of those that left.
    pub(super) fn refresh(
        &self,
        world: &mut World,
        seen: &AwsOrganization,
        step: &mut DiscoveryStep,
    ) {
        let Some(there) = world.subscription(&self.subscription) else {
            return;
        };
        let mut gone = Vec::new();
        for (path, one) in &mut there.discovered {
            if one.organization != self.path {
                continue;
            }
            match seen.accounts.get(&one.account) {
                Some(member) => one.member = member.clone(),
                None => gone.push(path.clone()),
            }
        }
        for path in gone {
            step.removed.extend(remove(there, &path));
        }
    }

    /// Refuses an account that is connected, unless it may be twice.
    pub(super) fn check_room(
        &self,
        world: &mut World,
        account: &str,
        meets: MeetsStandalone,
    ) -> Result<(), String> {
        let Some(there) = world.subscription(&self.subscription) else {
            return Err("the subscription is gone".to_owned());
        };
        match there.resources.connecting(account).next() {
            Some(other) if meets == MeetsStandalone::Skip => {
                Err(format!("it has a connector already: {other}"))
            }
            _ => Ok(()),
        }
    }

    /// Stores a member's connector, unless the organization's went away in the meantime.
    pub(super) fn make(
        &self,
        world: &mut World,
        account: &str,
        member: &AwsMember,
        carried: Value,
    ) -> Result<Option<String>, String> {
        let switches = world.switches_of(&self.subscription);
        let name = switches.discovery.member_names;
        let name = name.replace("${AccountId}", account);
        let id = connector_path(&self.subscription, &self.group, &name);
        let path = id.to_ascii_lowercase();
        let Some(there) = world.subscription(&self.subscription) else {
            return Err("the subscription is gone".to_owned());
        };
        if Self::of(there, &self.path).is_none() {
            return Err("its organization's connector is gone".to_owned());
        }
        if there.resources.contains(&path) {
            return Err(format!("its name is taken: {name}"));
        }
        let mut document = carried.clone();
        document::complete(&mut document, None, &id, &name, DEFENDER);
        let document = document.to_string().into_bytes();
        there.resources.insert(path.clone(), document);
        let discovered = Discovered {
            organization: self.path.clone(),
            account: account.to_owned(),
            member: member.clone(),
            carried,
        };
        there.discovered.insert(path, discovered);
        Ok(Some(id))
    }
}

/// Forgets a member's connector and removes it: its id, where it was still there.
pub(super) fn remove(there: &mut Subscription, path: &str) -> Option<String> {
    there.discovered.remove(path);
    let document = there.resources.json(path);
    there.resources.remove(path)?;
    Some(document?["id"].as_str()?.to_owned())
}

/// Writes a changed connector over a member's: its id.
pub(super) fn change(there: &mut Subscription, path: &str, carried: &Value) -> Option<String> {
    let stored = there.resources.json(path)?;
    let (id, name) = (stored["id"].as_str()?, stored["name"].as_str()?);
    let mut document = carried.clone();
    document::complete(&mut document, Some(&stored), id, name, DEFENDER);
    let document = document.to_string().into_bytes();
    there.resources.insert(path.to_owned(), document);
    Some(id.to_owned())
}

fn move_roles(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(arn) if key == "cloudRoleArn" => *arn = arn.replace(from, to),
                    value => move_roles(value, from, to),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| move_roles(item, from, to)),
        _ => {}
    }
}
