//! What an update of the stack takes away, while the members still have the roles for it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{MemberRegistration, Scope, WantedState};

/// The plans that a connector's properties name.
const PLANS: [&str; 4] = ["Cspm", "Servers", "Containers", "Databases"];
/// Values of a plan's members that stand for more than the other one does.
const HIGHER: [(&str, &str); 2] = [("Tier", "Defender"), ("SubPlan", "P2")];

/// What an update takes away.
#[derive(Debug, Clone, PartialEq)]
pub struct Narrowing {
    /// The accounts before it; `None` where the stack was for its own account alone.
    pub before: Option<Scope>,
    /// The accounts after it.
    pub after: Option<Scope>,
    /// Whether a plan, or a part of one, is no longer wanted.
    pub loses_plans: bool,
    /// Whether Arc auto-provisioning is no longer wanted.
    pub loses_arc: bool,
    /// Whether we made the members' connectors, and Defender is to make them now.
    pub leaves_direct: bool,
    state: WantedState,
}

impl Narrowing {
    /// Compares the wanted state before an update with the one after it.
    pub fn between(before: &WantedState, after: &WantedState) -> Self {
        let registered = |state: &WantedState| {
            let organization = state.organization();
            organization.map(|settings| settings.member_registration)
        };
        let scope = |state: &WantedState| state.organization().map(Scope::of);
        let nothing = Value::Null;
        let old = before.connector().unwrap_or(&nothing);
        let new = after.connector().unwrap_or(&nothing);
        Self {
            before: scope(before),
            after: scope(after),
            loses_plans: PLANS.iter().any(|plan| loses(old, new, plan)),
            loses_arc: before.arc().is_some() && after.arc().is_none(),
            leaves_direct: registered(before) == Some(MemberRegistration::Direct)
                && registered(after) == Some(MemberRegistration::Discovery),
            state: match after.connector() {
                Some(new) => after.clone().with_connector(without_gains(old, new)),
                None => after.clone(),
            },
        }
    }

    /// What is wanted while the narrowing lasts: the state after the update, without what it adds.
    /// The roles of that are laid by the stack sets, whose turn is next. A plan that loses one part
    /// and gains another stays as it was.
    pub fn state(&self) -> &WantedState {
        &self.state
    }
}

/// A plan that is on.
fn plan<'a>(connector: &'a Value, name: &str) -> Option<&'a Map<String, Value>> {
    connector["Plans"][name].as_object()
}

/// The parts of a plan that are on.
fn parts(plan: Option<&Map<String, Value>>) -> BTreeSet<&str> {
    let is_on = |name: &str, value: &Value| match value {
        Value::Bool(on) => *on,
        Value::String(text) => text == "true" || HIGHER.contains(&(name, text)),
        Value::Object(_) => true,
        _ => false,
    };
    let members = plan.into_iter().flatten();
    members
        .filter(|(name, value)| is_on(name, value))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn loses(before: &Value, after: &Value, name: &str) -> bool {
    let (before, after) = (plan(before, name), plan(after, name));
    // Without a word about it, a connector has the free tier of CSPM all the same.
    let is_gone = before.is_some() && after.is_none() && name != "Cspm";
    is_gone || !parts(before).is_subset(&parts(after))
}

/// The properties after the update, without what they add to those before it.
fn without_gains(before: &Value, after: &Value) -> Value {
    let mut plans = Map::new();
    for name in PLANS {
        let (Some(old), Some(new)) = (plan(before, name), plan(after, name)) else {
            continue;
        };
        let gains = !parts(Some(new)).is_subset(&parts(Some(old)));
        let kept = if gains { old } else { new };
        plans.insert(name.to_owned(), Value::Object(kept.clone()));
    }
    let mut connector = after.clone();
    connector["Plans"] = Value::Object(plans);
    // Roles still have the names that they had.
    match (&before["RoleNames"], &mut connector) {
        (Value::Null, Value::Object(members)) => {
            members.remove("RoleNames");
        }
        (names, connector) => connector["RoleNames"] = names.clone(),
    }
    connector
}

#[cfg(test)]
mod tests;
