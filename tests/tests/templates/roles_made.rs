//! Which of Defender's roles there are: made, announced, and needed by the plans.

use std::collections::BTreeSet;

use onboarding::roles::{ROLES, RoleFacts};
use serde_json::{Value, json};

use crate::combinations::Combinations;
use crate::document::{resources, template};
use crate::evaluation::{Stack, deciding};
use crate::parameters::passed;
use crate::plan_tables::PlanTables;

const ACCOUNT: &str = "templates/account.yaml";

/// Logical id and resource of the role that a `…RoleName` parameter names.
pub fn role_named_by<'a>(account: &'a Value, parameter: &str) -> (&'a str, &'a Value) {
    let (id, _, role) = resources(account)
        .find(|(_, _, role)| role["Properties"]["RoleName"] == json!({"Ref": parameter}))
        .unwrap_or_else(|| panic!("no role is named by {parameter}"));
    (id, role)
}

/// What a custom resource of `template.yaml` is told of a role's name.
fn told<'a>(main: &'a Value, resource: &str, facts: &RoleFacts) -> &'a Value {
    let names = &main["Resources"][resource]["Properties"]["RoleNames"];
    &names[format!("{:?}", facts.key)]
}

/// The parameters that decide whether the account has a role.
fn parameters_of<'a>(account: &'a Value, facts: &RoleFacts) -> BTreeSet<&'a str> {
    let (_, role) = role_named_by(account, facts.parameter);
    match role["Condition"].as_str() {
        Some(condition) => deciding(account, &account["Conditions"][condition]),
        None => BTreeSet::new(),
    }
}

/// The parameters with a list of values that decide whether a role is made or announced.
fn deciding_parameters<'a>(main: &'a Value, account: &'a Value) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for facts in ROLES {
        found.extend(parameters_of(account, facts));
        found.extend(deciding(main, told(main, "IdentityProvider", facts)));
    }
    found.retain(|name| main["Parameters"][name]["AllowedValues"].is_array());
    found
}

#[test]
fn the_roles_that_are_made_are_announced_and_needed_under_all_parameters() {
    let (main, account) = (template("template.yaml"), template(ACCOUNT));
    let parameters = deciding_parameters(&main, &account);
    let combinations = Combinations::of(&main, &parameters);
    // Four plans and fourteen features: fewer would mean that conditions are not read to the end.
    assert_eq!(combinations.count(), (2 * 3 * 2 * 2) << 14);

    let made = ROLES.iter().map(|facts| {
        let (id, _) = role_named_by(&account, facts.parameter);
        combinations.table(&parameters_of(&account, facts), |chosen| {
            Stack::new(&account, chosen)
                .resources()
                .any(|(other, _)| other == id)
        })
    });
    let announced = ROLES.iter().map(|facts| {
        let name = told(&main, "IdentityProvider", facts);
        combinations.table(&deciding(&main, name), |chosen| {
            Stack::new(&main, chosen).value(name).is_some()
        })
    });
    let roles: Vec<_> = ROLES.iter().zip(made.zip(announced)).collect();
    let plans = PlanTables::of(&main, &combinations);
    combinations.each(|combination| {
        let needed = plans.at(combination).roles();
        for (facts, (made, announced)) in &roles {
            let there = (*made.at(combination), *announced.at(combination));
            let wanted = needed.contains(&facts.key);
            assert_eq!(
                there,
                (wanted, wanted),
                "{:?} under {:?}",
                facts.key,
                combinations.named(combination)
            );
        }
    });
}

#[test]
fn both_templates_mean_the_same_by_a_condition() {
    let (main, account) = (template("template.yaml"), template(ACCOUNT));
    let mut shared = 0;
    for (name, condition) in account["Conditions"].as_object().unwrap() {
        let other = &main["Conditions"][name];
        if !other.is_null() {
            assert_eq!(other, condition, "{name}");
            shared += 1;
        }
    }
    let conditional = resources(&account)
        .filter_map(|(_, _, role)| role["Condition"].as_str())
        .collect::<BTreeSet<_>>();
    assert!(shared >= conditional.len());
    for name in conditional {
        assert!(main["Conditions"][name].is_object(), "{name} is not shared");
    }
}

#[test]
fn a_role_has_one_name_everywhere() {
    let (main, account) = (template("template.yaml"), template(ACCOUNT));
    for facts in ROLES {
        let name = json!({"Ref": facts.parameter});
        assert_eq!(told(&main, "SecurityConnector", facts), &name);
        let announced = told(&main, "IdentityProvider", facts);
        let announced = announced["Fn::If"].get(1).unwrap_or(announced);
        assert_eq!(announced, &name);
        for stack in [
            "AccessStack",
            "AccountStack",
            "MemberAccessStackSet",
            "MemberAccountStackSet",
        ] {
            let passed = passed(&main["Resources"][stack]);
            assert_eq!(passed[facts.parameter], name, "{stack}");
        }
        for path in ["template.yaml", ACCOUNT, "templates/access.yaml"] {
            let parameter = &template(path)["Parameters"][facts.parameter];
            assert_eq!(parameter["Default"], facts.default_name, "{path}");
            let pattern = parameter["AllowedPattern"].as_str().unwrap();
            let prefixed = !facts.key.accepts(&"Ours".parse().unwrap());
            assert_eq!(pattern.starts_with("^MDC"), prefixed, "{path} {pattern}");
        }
    }
    let told = &main["Resources"]["IdentityProvider"]["Properties"]["RoleNames"];
    assert_eq!(told.as_object().unwrap().len(), ROLES.len());
    assert_eq!(resources(&account).count(), ROLES.len());
}
