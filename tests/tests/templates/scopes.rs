//! The two scopes, and the way from one to the other: an update changes what stays before it takes away what goes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::defender::AZURE;
use crate::document::{descend, template};
use crate::evaluation::Stack;

const MAIN: &str = "template.yaml";
const ORGANIZATION: (&str, &str) = ("Scope", "Organization");
/// What only an organization has, but for what it also needs where the account does without: see `NEEDED_ANYWAY`.
const OF_THE_ORGANIZATION: [&str; 24] = [
    "AccountsFailedAlarm",
    "ActInMembersPolicy",
    "DeploymentScope",
    "ForwardEventsRole",
    "MemberAccessStackSet",
    "MemberAccountStackSet",
    "MemberRegionStackSet",
    "OnboardLogGroup",
    "OnboardOrganizationFunction",
    "OnboardReplyGuardUnreachedAlarm",
    "OnboardRole",
    "OrganizationChangesRule",
    "OrganizationEventFailureQueue",
    "OrganizationEventMapping",
    "OrganizationEventQueue",
    "OrganizationEventQueuePolicy",
    "OrganizationEventsAdministrationRole",
    "OrganizationEventsExecutionRole",
    "OrganizationEventsLeftAlarm",
    "OrganizationEventsStackSet",
    "OrganizationNarrowing",
    "OrganizationOnboarding",
    "RunOrganizationPolicy",
    "StackSetInstanceRule",
];
/// What an account has for Arc alone, and an organization in any case.
const NEEDED_ANYWAY: [&str; 12] = [
    "ArcReplyGuardUnreachedAlarm",
    "DailySweep",
    "OnboardOrganization",
    "OnboardOrganizationLogGroup",
    "OnboardOrganizationRole",
    "ProvisionArcFunction",
    "ProvisionArcLogGroup",
    "ProvisionArcRole",
    "RunFailedAlarm",
    "RunTimedOutAlarm",
    "SweepRole",
    "WantedState",
];

fn made<'a>(main: &'a Value, chosen: &[(&str, &str)]) -> BTreeSet<&'a str> {
    Stack::new(main, chosen)
        .resources()
        .map(|(id, _)| id)
        .collect()
}

#[test]
fn an_account_has_nothing_of_an_organization() {
    let main = template(MAIN);
    let account = made(&main, &[]);
    let organization = made(&main, &[ORGANIZATION]);
    // Nothing goes when the scope widens.
    assert!(account.is_subset(&organization));
    let more: BTreeSet<&str> = organization.difference(&account).copied().collect();
    assert_eq!(more, OF_THE_ORGANIZATION.into());
}

#[test]
fn an_organization_takes_tags_away_without_arc() {
    let main = template(MAIN);
    let no_arc = ("ArcAutoProvisioning", "false");
    let account = made(&main, &[no_arc]);
    let organization = made(&main, &[ORGANIZATION, no_arc]);
    let more: BTreeSet<&str> = organization.difference(&account).copied().collect();
    let mut expected: BTreeSet<&str> = OF_THE_ORGANIZATION.into();
    expected.extend(NEEDED_ANYWAY);
    // The runbooks of members are there until the update that switches Arc off is through.
    expected.remove("MemberRegionStackSet");
    assert_eq!(more, expected);
}

#[test]
fn where_the_events_arise_nothing_forwards_them() {
    let main = template(MAIN);
    let made = |region| {
        let stack = Stack::new(&main, &[ORGANIZATION]).in_region(region);
        stack.resources().map(|(id, _)| id).collect::<BTreeSet<_>>()
    };
    let (there, elsewhere) = (made("us-east-1"), made("eu-west-1"));
    let more: Vec<&str> = elsewhere.difference(&there).copied().collect();
    let forwarding = [
        "ForwardEventsRole",
        "OrganizationEventsAdministrationRole",
        "OrganizationEventsExecutionRole",
        "OrganizationEventsStackSet",
    ];
    assert_eq!(more, forwarding);
}

/// The properties of what both scopes have that are not the same in both.
fn changed(main: &Value, chosen: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let chosen = [&AZURE[..], chosen].concat();
    let account = Stack::new(main, &chosen);
    let organization = [&chosen[..], &[ORGANIZATION]].concat();
    let organization = Stack::new(main, &organization);
    let mut changed = BTreeSet::new();
    for (id, resource) in account.resources() {
        for (name, property) in resource["Properties"].as_object().into_iter().flatten() {
            if account.value(property) != organization.value(property) {
                changed.insert((id.to_owned(), name.clone()));
            }
        }
    }
    changed
}

#[test]
fn what_stays_serves_what_goes() {
    // With fewer rights, or another definition, members could no longer be offboarded when the scope narrows.
    let main = template(MAIN);
    let pair = |(id, name): (&str, &str)| (id.to_owned(), name.to_owned());
    let expected = [
        ("DailySweep", "Target"),
        ("WantedState", "Tier"),
        ("WantedState", "Value"),
    ];
    assert_eq!(changed(&main, &[]), expected.map(pair).into());
    assert_eq!(
        changed(&main, &[("ArcAutoProvisioning", "false")]),
        BTreeSet::new()
    );
    let migrating = [
        ("MigrateMemberRegistration", "true"),
        ("MemberRegistration", "Discovery"),
    ];
    let mut with_discovery: BTreeSet<_> = expected.map(pair).into();
    with_discovery.extend(
        ["Organization", "MigrateMemberRegistration"].map(|name| pair(("SecurityConnector", name))),
    );
    assert_eq!(changed(&main, &migrating), with_discovery);
}

#[test]
fn rights_in_an_organization_are_policies_of_their_own() {
    let main = template(MAIN);
    for id in ["ActInMembersPolicy", "RunOrganizationPolicy"] {
        let policy = &main["Resources"][id];
        assert_eq!(policy["Type"], "AWS::IAM::Policy", "{id}");
        assert_eq!(policy["Condition"], "OnboardsOrganization", "{id}");
    }
    for (id, resource) in Stack::new(&main, &[]).resources() {
        if resource["Type"] == "AWS::IAM::Role" {
            descend(&resource["Properties"], &mut |value| {
                assert_ne!(value["Fn::If"][0], "OnboardsOrganization", "{id}");
            });
        }
    }
}

#[test]
fn the_organizations_connector_is_the_management_accounts() {
    let main = template(MAIN);
    let told = |chosen: &[(&str, &str)]| {
        let chosen = [&AZURE[..], &[ORGANIZATION], chosen].concat();
        let stack = Stack::new(&main, &chosen);
        let properties = stack.whole(&main["Resources"]["SecurityConnector"]["Properties"]);
        (
            properties["Organization"].clone(),
            properties["MigrateMemberRegistration"].clone(),
        )
    };
    assert_eq!(told(&[]), (Value::Null, Value::Null));
    let discovery = [
        ("MemberRegistration", "Discovery"),
        ("ExcludedAccountIds", "111122223333"),
    ];
    let organization = serde_json::json!({
        "StackSetName": "DefenderConnector-Members-Account",
        "ExcludedAccountIds": "111122223333",
    });
    assert_eq!(told(&discovery), (organization, Value::Null));
    assert_eq!(
        told(&[("MigrateMemberRegistration", "true")]),
        (Value::Null, "true".into())
    );
}
