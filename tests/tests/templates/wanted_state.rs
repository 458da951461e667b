//! The wanted state of an organization: JSON under all parameters, and of the connector what the custom resource is told.

use std::collections::BTreeSet;

use onboarding::organization::{
    DeploymentScope, MemberRegistration, StackSetNamePrefix, WantedState,
};
use serde_json::{Value, json};

use crate::combinations::Combinations;
use crate::connector_plans::{GIVEN, told, written};
use crate::defender::AZURE;
use crate::document::{descend, parsed, run_python, template};
use crate::evaluation::{ACCOUNT_ID, Stack, deciding, text};

const PLANS: [&str; 4] = ["Cspm", "Servers", "Containers", "Databases"];
const ORGANIZATION: (&str, &str) = ("Scope", "Organization");
/// What the custom resource has that is not the same for every account, or no matter of the connector.
const OF_THE_REQUEST: [&str; 4] = [
    "ServiceToken",
    "ServiceTimeout",
    "AccountId",
    "ConnectorName",
];
/// Values of parameters without a list of values, and with one that means nothing by itself.
const SAMPLES: [(&str, &str); 10] = [
    ("OrganizationalUnitIds", "r-a1b2,ou-a1b2-11112222"),
    ("ExcludedAccountIds", "111122223333,444455556666"),
    ("MaxConcurrentAccounts", "12"),
    ("FailureTolerancePercentage", "10"),
    ("Regions", "eu-west-1"),
    ("ConnectorName", "ours"),
    ("CiemApplicationName", "our app (1)"),
    ("ArcExclusionTags", "Arc=no,Team=A b"),
    ("StackSetNamePrefix", "Members"),
    (
        "ArcPrivateLinkScope",
        "/subscriptions/2f9c7b1e-83d4-4a65-b0ef-d417a6c25938/resourceGroups/arc/providers/Microsoft.HybridCompute/privateLinkScopes/ours",
    ),
];

/// The wanted state as it is read.
fn wanted(main: &Value, chosen: &[(&str, &str)]) -> Value {
    let chosen = [&AZURE[..], &[ORGANIZATION], chosen].concat();
    let value =
        Stack::new(main, &chosen).whole(&main["Resources"]["WantedState"]["Properties"]["Value"]);
    parsed(text(&value))
}

/// What is left when what says nothing is left out.
fn meant(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let means = |value: &&Value| !["", "Off"].iter().any(|nothing| *value == nothing);
            let fields = fields.iter().filter(|(_, value)| means(value));
            Value::Object(
                fields
                    .map(|(name, value)| (name.clone(), meant(value)))
                    .collect(),
            )
        }
        value => value.clone(),
    }
}

/// What the wanted state says of a plan, as it is written.
fn stated<'a>(main: &'a Value, plan: &str) -> &'a Value {
    let value = &main["Resources"]["WantedState"]["Properties"]["Value"];
    let of_organization = &value["Fn::Sub"][1]["Parts"]["Fn::Join"][1][0]["Fn::If"][1];
    &of_organization["Fn::Sub"][1][plan]
}

#[test]
fn each_plan_is_what_the_custom_resource_is_told() {
    let main = template("template.yaml");
    let mut cases = 0;
    for plan in PLANS {
        let mut parameters = deciding(&main, written(&main, plan));
        parameters.extend(deciding(&main, stated(&main, plan)));
        parameters.retain(|name| main["Parameters"][name]["AllowedValues"].is_array());
        parameters.remove("ContainersRetentionDays");
        let combinations = Combinations::of(&main, &parameters);
        combinations.each(|combination| {
            let chosen = combinations.named(combination);
            for given in [&GIVEN[..], &[("CiemSubject", "")]] {
                let chosen = [given, &chosen].concat();
                let stated = Stack::new(&main, &chosen).whole(stated(&main, plan));
                let stated: Value = parsed(text(&stated));
                match told(&main, plan, &chosen) {
                    Value::Null => assert_eq!(stated, "Off", "{chosen:?}"),
                    // The same whether the one or the other is read.
                    told => assert_eq!(meant(&stated), meant(&told), "{chosen:?}"),
                }
                cases += 1;
            }
        });
    }
    assert!(cases > 4_000, "{cases}");
}

#[test]
fn every_plan_is_in_the_whole() {
    let main = template("template.yaml");
    for chosen in [
        &[][..],
        &[("CspmPlan", "Defender")],
        &[("ServersPlan", "Off"), ("ContainersPlan", "Off")],
    ] {
        let wanted = wanted(&main, chosen);
        for plan in PLANS {
            let stated = Stack::new(&main, chosen).whole(stated(&main, plan));
            assert_eq!(
                wanted["Connector"]["Plans"][plan],
                parsed::<Value>(text(&stated))
            );
        }
    }
}

#[test]
fn the_rest_of_the_connector_is_what_the_custom_resource_is_told() {
    let main = template("template.yaml");
    for chosen in [
        &[][..],
        &SAMPLES,
        &[("AdoptExisting", "true"), ("AzureSubPlanForm", "String")],
    ] {
        let all = [&AZURE[..], &[ORGANIZATION], chosen].concat();
        let properties = &main["Resources"]["SecurityConnector"]["Properties"];
        let mut told = Stack::new(&main, &all).whole(properties);
        for name in OF_THE_REQUEST {
            assert!(
                told.as_object_mut().unwrap().remove(name).is_some(),
                "{name}"
            );
        }
        let wanted = wanted(&main, chosen);
        let mut stated = meant(&wanted["Connector"]);
        // Of the stack's own account alone.
        let name = stated.as_object_mut().unwrap().remove("ConnectorName");
        assert_eq!(name, chosen.contains(&SAMPLES[5]).then(|| json!("ours")));
        assert_eq!(stated, meant(&told));
    }
}

#[test]
fn the_organization_is_as_it_was_chosen() {
    let main = template("template.yaml");
    let stated = wanted(&main, &SAMPLES);
    assert_eq!(stated["Scope"], "Organization");
    assert_eq!(
        stated["Organization"],
        json!({
            "OrganizationalUnitIds": "r-a1b2,ou-a1b2-11112222",
            "ExcludedAccountIds": "111122223333,444455556666",
            "MemberRegistration": "Direct",
            "MigrateMemberRegistration": "false",
            "Regions": "eu-west-1",
            "StackSetNamePrefix": "Members",
            "MaxConcurrentAccounts": "12",
            "FailureTolerancePercentage": "10",
            "ManagementAccountId": ACCOUNT_ID,
        })
    );
    let keys = |chosen: &[(&str, &str)]| {
        wanted(&main, chosen)
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&[]), ["Arc", "Connector", "Organization", "Scope"]);
    assert_eq!(
        keys(&[("ArcAutoProvisioning", "false")]),
        ["Connector", "Organization", "Scope"]
    );
    assert_eq!(
        wanted(&main, &SAMPLES)["Arc"]["ExclusionTags"],
        "Arc=no,Team=A b"
    );
}

#[test]
fn the_functions_read_it() {
    let main = template("template.yaml");
    let read = |chosen: &[(&str, &str)]| WantedState::of_value(wanted(&main, chosen)).unwrap();
    for (chosen, tags) in [
        (&[][..], true),
        (&SAMPLES, true),
        (&[("ArcAutoProvisioning", "false")], false),
    ] {
        let state = read(chosen);
        assert_eq!(state.scope(), DeploymentScope::Organization);
        assert_eq!(state.arc().is_some(), tags);
        let organization = state.organization().unwrap();
        assert_eq!(organization.management_account_id.as_str(), ACCOUNT_ID);
        assert_eq!(organization.member_registration, MemberRegistration::Direct);
    }
    let organization = read(&[]).organization().unwrap().clone();
    assert_eq!(
        organization.stack_set_name_prefix,
        StackSetNamePrefix::default_prefix()
    );
    assert!(organization.organizational_unit_ids.is_empty() && organization.regions.is_empty());
    assert_eq!(organization.failure_tolerance_percentage, Some(100));
    assert!(organization.max_concurrent_accounts.is_none());
    let organization = read(&SAMPLES).organization().unwrap().clone();
    assert_eq!(organization.organizational_unit_ids.len(), 2);
    assert_eq!(organization.excluded_account_ids.len(), 2);
    assert!(organization.max_concurrent_accounts.is_some());
    let discovery = [
        ("MemberRegistration", "Discovery"),
        ("MigrateMemberRegistration", "true"),
    ];
    let organization = read(&discovery).organization().unwrap().clone();
    assert_eq!(
        organization.member_registration,
        MemberRegistration::Discovery
    );
}

const ACCEPTED: &str = r#"
import json, re, sys
accepted = []
for name, pattern, sample in json.load(sys.stdin):
    assert re.fullmatch(pattern, sample), (name, sample)
    for bad in '"\\{}\n\t\x01\x1f':
        for at in range(len(sample) + 1):
            if re.fullmatch(pattern, sample[:at] + bad + sample[at:]):
                accepted.append([name, sample[:at] + bad + sample[at:]])
json.dump(accepted, sys.stdout)
"#;

#[test]
fn no_parameter_takes_what_would_have_to_be_escaped() {
    let main = template("template.yaml");
    let mut parameters = BTreeSet::new();
    descend(
        &main["Resources"]["WantedState"]["Properties"]["Value"],
        &mut |value| {
            let pattern = value.as_str().unwrap_or_default();
            let names = pattern
                .split("${")
                .skip(1)
                .filter_map(|rest| rest.split('}').next());
            parameters.extend(names.chain(value["Ref"].as_str()));
        },
    );
    let mut cases = Vec::new();
    for name in parameters {
        let parameter = &main["Parameters"][name];
        let Some(pattern) = parameter["AllowedPattern"].as_str() else {
            continue;
        };
        let given = AZURE.iter().chain(&SAMPLES).chain(&GIVEN);
        let mut given = given.filter(|(given, _)| *given == name);
        let sample = given.next().map(|(_, sample)| *sample);
        let sample = sample.or(parameter["Default"].as_str()).unwrap_or_default();
        assert!(!sample.is_empty(), "{name} has no sample");
        cases.push(json!([name, pattern, sample]));
    }
    assert!(cases.len() > 30, "{}", cases.len());
    assert_eq!(run_python(ACCEPTED, &cases.into()), json!([]));
}
