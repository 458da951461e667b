//! What CloudFormation makes before what, and takes away after what.

use crate::dependencies::{before, cycles, deployed, graph, named};
use crate::document::{resources, strings, transformed};

/// Parameters with which everything is deployed.
const EVERYTHING: [(&str, &str); 3] = [
    ("Scope", "Organization"),
    ("CspmPlan", "Defender"),
    ("CspmCiem", "true"),
];

/// What every step needs.
const GROUNDWORK: [&str; 10] = [
    "RunBucket",
    "RunBucketPolicy",
    "AzureSignInRole",
    "RegisterAccountRole",
    "RegisterAccountLogGroup",
    "RegisterAccountFunction",
    "RegisterAccountFunctionEventInvokeConfig",
    "ReplyGuardRole",
    "ReplyGuardLogGroup",
    "ReplyGuardFunction",
];
/// The steps of every deployment.
const BEGIN: [&str; 5] = [
    "AccessStack",
    "IdentityProvider",
    "CiemIdentityProvider",
    "AccountStack",
    "SecurityConnector",
];
/// Those of Arc after these.
const ARC: [&str; 4] = ["ArcRegions", "RegionStackSet", "ArcTags", "DailySweep"];
/// Those of an organization.
const ORGANIZATION: [&str; 9] = [
    "WantedState",
    "DeploymentScope",
    "OrganizationNarrowing",
    "MemberAccessStackSet",
    "MemberAccountStackSet",
    "MemberRegionStackSet",
    "OrganizationOnboarding",
    "OrganizationChangesRule",
    "OrganizationEventsStackSet",
];
/// What is needed from one step of a chain on.
const NEEDED: [(&str, &str); 19] = [
    ("ProvisionArcRole", "ArcRegions"),
    ("ProvisionArcLogGroup", "ArcRegions"),
    ("ProvisionArcFunctionEventInvokeConfig", "ArcRegions"),
    ("StackSetAdministrationRole", "RegionStackSet"),
    ("StackSetExecutionRole", "RegionStackSet"),
    ("WantedState", "ArcRegions"),
    ("OnboardOrganization", "ArcRegions"),
    ("SweepRole", "DailySweep"),
    ("OnboardRole", "DeploymentScope"),
    ("OnboardLogGroup", "DeploymentScope"),
    (
        "OnboardOrganizationFunctionEventInvokeConfig",
        "DeploymentScope",
    ),
    ("ActInMembersPolicy", "OrganizationNarrowing"),
    ("RunOrganizationPolicy", "OrganizationNarrowing"),
    ("OnboardOrganization", "OrganizationNarrowing"),
    (
        "ProvisionArcFunctionEventInvokeConfig",
        "OrganizationNarrowing",
    ),
    ("OrganizationEventQueuePolicy", "StackSetInstanceRule"),
    ("OrganizationEventQueuePolicy", "OrganizationChangesRule"),
    (
        "OrganizationEventsExecutionRole",
        "OrganizationEventsStackSet",
    ),
    ("ForwardEventsRole", "OrganizationEventsStackSet"),
];

#[test]
fn nothing_waits_for_itself() {
    assert_eq!(cycles(&graph(transformed())), Vec::<&str>::new());
}

#[test]
fn nothing_names_what_conditions_leave_out() {
    // CloudFormation refuses such a template, also where DependsOn names it.
    let parameters = transformed()["Parameters"].as_object().unwrap();
    let mut deployments = 0;
    for scope in ["Account", "Organization"] {
        for arc in ["true", "false"] {
            for ciem in ["true", "false"] {
                let chosen = [
                    ("Scope", scope),
                    ("ArcAutoProvisioning", arc),
                    ("CspmCiem", ciem),
                    EVERYTHING[1],
                ];
                let template = deployed(transformed(), &chosen);
                let there = template["Resources"].as_object().unwrap();
                for (id, resource) in there {
                    for name in named(resource) {
                        let known = there.contains_key(name) || parameters.contains_key(name);
                        assert!(
                            known || name.starts_with("AWS::"),
                            "{chosen:?}: {id} names {name}"
                        );
                    }
                }
                deployments += 1;
            }
        }
    }
    assert_eq!(deployments, 8);
}

#[test]
fn each_step_finds_what_it_needs() {
    // As it is deployed: what is named in a branch that is not taken is not waited for.
    let deployed = deployed(transformed(), &EVERYTHING);
    let graph = graph(&deployed);
    for chain in [
        [&BEGIN[..], &ARC].concat(),
        [&BEGIN[..], &ORGANIZATION].concat(),
    ] {
        for (position, step) in chain.iter().enumerate() {
            let there = before(&graph, step);
            for needed in GROUNDWORK.iter().chain(&chain[..position]) {
                assert!(there.contains(needed), "{step} does not wait for {needed}");
            }
        }
    }
    for (needed, step) in NEEDED {
        assert!(
            before(&graph, step).contains(needed),
            "{step} does not wait for {needed}"
        );
    }
}

#[test]
fn regions_lose_their_tags_before_their_runbooks_and_after_sweeps_let_go_of_them() {
    // An update keeps the order, so that each of them sees what the one before has done.
    for (scope, stack_sets) in [
        ("Account", &["RegionStackSet"][..]),
        ("Organization", &["RegionStackSet", "MemberRegionStackSet"]),
    ] {
        let deployed = deployed(transformed(), &[("Scope", scope)]);
        let graph = graph(&deployed);
        assert!(before(&graph, "ArcRegions").contains("WantedState"));
        for stack_set in stack_sets {
            assert!(before(&graph, stack_set).contains("ArcRegions"));
            assert!(!before(&graph, "ArcRegions").contains(stack_set));
        }
    }
}

#[test]
fn triggers_go_first() {
    for (scope, expected) in [
        ("Account", &["DailySweep"][..]),
        (
            "Organization",
            &[
                "DailySweep",
                "OrganizationChangesRule",
                "OrganizationEventMapping",
                "StackSetInstanceRule",
            ],
        ),
    ] {
        let deployed = deployed(transformed(), &[("Scope", scope)]);
        let graph = graph(&deployed);
        let triggers: Vec<&str> = resources(&deployed)
            .filter(|(_, kind, _)| {
                ["AWS::Scheduler::Schedule", "AWS::Events::Rule"].contains(kind)
                    || *kind == "AWS::Lambda::EventSourceMapping"
            })
            .map(|(id, _, _)| id)
            .collect();
        assert_eq!(triggers, expected);
        for (id, kind, _) in resources(&deployed) {
            // The sweep is over everything, the other triggers are about members.
            let is_custom = kind.starts_with("Custom::");
            let is_of_arc = id.starts_with("Arc");
            for trigger in &triggers {
                if is_custom && (*trigger == "DailySweep" || !is_of_arc) {
                    assert!(
                        before(&graph, trigger).contains(id),
                        "{trigger} comes before {id}"
                    );
                }
                // What brings the events from another region is a trigger as well.
                assert!(
                    id == "OrganizationEventsStackSet" || !graph[id].contains(trigger),
                    "{id} waits for a trigger"
                );
            }
        }
    }
}

#[test]
fn runs_are_over_before_the_run_bucket_is_emptied() {
    // The last provider to go empties it. A machine is gone only when its executions have ended.
    let graph = graph(transformed());
    assert!(before(&graph, "OnboardOrganization").contains("IdentityProvider"));
    assert!(before(&graph, "CiemIdentityProvider").contains("IdentityProvider"));
    assert!(before(&graph, "IdentityProvider").contains("RunBucket"));
    for id in ["ReplyGuardRole", "ReplyGuardFunction"] {
        assert!(before(&graph, id).contains("RunBucket"), "{id}");
    }
}

#[test]
fn a_function_does_not_wait_for_the_machine_that_calls_it() {
    let graph = graph(transformed());
    for function in [
        "RegisterAccountFunction",
        "ProvisionArcFunction",
        "OnboardOrganizationFunction",
    ] {
        assert!(
            before(&graph, "OnboardOrganization").contains(function),
            "{function}"
        );
        assert!(
            !before(&graph, function).contains("OnboardOrganization"),
            "{function}"
        );
    }
}

#[test]
fn every_custom_resource_waits_for_its_guard() {
    // DependsOn by name: on the way out, too, the guard has to outlive the resource.
    for (id, kind, resource) in resources(transformed()) {
        if kind.starts_with("Custom::") {
            let token = strings(&resource["Properties"]["ServiceToken"]["Fn::GetAtt"]);
            let guard = format!("{}EventInvokeConfig", token[0]);
            assert!(
                strings(&resource["DependsOn"]).contains(&guard.as_str()),
                "{id}"
            );
        }
    }
}

#[test]
fn the_plan_is_off_before_its_role_goes() {
    // Deletion runs the order backwards: the connector lets go of a role that is still there.
    let graph = graph(transformed());
    assert!(before(&graph, "SecurityConnector").contains("AccountStack"));
    assert!(!before(&graph, "AccountStack").contains("SecurityConnector"));
}
