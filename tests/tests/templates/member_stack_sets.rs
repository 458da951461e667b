//! The stack sets that bring members what the stack's own account has.

use serde_json::{Value, json};

use crate::defender::AZURE;
use crate::document::{read, resources, template};
use crate::evaluation::{ACCOUNT_ID, Stack, text};
use crate::parameters::passed;

const MAIN: &str = "template.yaml";
/// The stack set, what brings the same to the own account, and what the one is told otherwise than the other.
const MEMBERS: [(&str, &str, &[&str]); 3] = [
    ("MemberAccessStackSet", "AccessStack", &["OrganizationId"]),
    // The own account's waits for a provider by naming it.
    ("MemberAccountStackSet", "AccountStack", &["CiemSubject"]),
    ("MemberRegionStackSet", "RegionStackSet", &[]),
];

/// The properties of a resource as CloudFormation gets them.
fn properties(id: &str, chosen: &[(&str, &str)]) -> Value {
    let main = template(MAIN);
    let chosen = [&AZURE[..], &[("Scope", "Organization")], chosen].concat();
    Stack::new(&main, &chosen).whole(&main["Resources"][id]["Properties"])
}

#[test]
fn members_get_what_the_own_account_has() {
    let main = template(MAIN);
    for (id, own, otherwise) in MEMBERS {
        let (set, own) = (&main["Resources"][id], &main["Resources"][own]);
        assert_eq!(
            set["Properties"]["TemplateURL"], own["Properties"]["TemplateURL"],
            "{id}"
        );
        let (mut told, mut own) = (passed(set), passed(own));
        for name in otherwise {
            assert!(
                told.as_object_mut().unwrap().remove(*name).is_some(),
                "{id} {name}"
            );
            own.as_object_mut().unwrap().remove(*name);
        }
        assert_eq!(told, own, "{id}");
    }
    let access = passed(&main["Resources"]["MemberAccessStackSet"]);
    assert_eq!(
        access["OrganizationId"],
        json!({"Fn::GetAtt": ["DeploymentScope", "OrganizationId"]})
    );
    // The main stack's account is the principal that members trust.
    assert_eq!(access["StackAccountId"], json!({"Ref": "AWS::AccountId"}));
}

#[test]
fn accounts_that_join_get_their_stacks_and_those_that_leave_lose_them() {
    let access =
        format!("arn:aws:cloudformation:eu-west-1:{ACCOUNT_ID}:stackset/MemberAccessStackSet");
    for (id, after) in [
        ("MemberAccessStackSet", Value::Null),
        // Not one after the other: a role that IAM refuses must not keep the runbooks away.
        ("MemberAccountStackSet", json!([access])),
        ("MemberRegionStackSet", json!([access])),
    ] {
        let set = properties(id, &[]);
        assert_eq!(set["PermissionModel"], "SERVICE_MANAGED", "{id}");
        assert_eq!(set["AutoDeployment"]["Enabled"], true, "{id}");
        assert_eq!(
            set["AutoDeployment"]["RetainStacksOnAccountRemoval"], false,
            "{id}"
        );
        assert_eq!(set["AutoDeployment"]["DependsOn"], after, "{id}");
        for refused in ["AdministrationRoleARN", "ExecutionRoleName"] {
            assert!(set[refused].is_null(), "{id}");
        }
    }
}

#[test]
fn all_accounts_and_regions_are_done_at_once_and_some_may_fail() {
    for (id, tolerated) in [
        ("MemberAccessStackSet", "10"),
        ("MemberAccountStackSet", "100"),
        ("MemberRegionStackSet", "10"),
    ] {
        let set = properties(id, &[("FailureTolerancePercentage", "10")]);
        assert_eq!(set["ManagedExecution"], json!({"Active": true}), "{id}");
        let mut preferences = set["OperationPreferences"].clone();
        let percentage = preferences["FailureTolerancePercentage"].take();
        assert_eq!(
            percentage
                .as_u64()
                .map_or(percentage, |number| number.to_string().into()),
            tolerated,
            "{id}"
        );
        assert_eq!(
            preferences,
            json!({
                "RegionConcurrencyType": "PARALLEL",
                "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
                "MaxConcurrentPercentage": 100,
                "FailureTolerancePercentage": null,
            }),
            "{id}"
        );
    }
}

#[test]
fn they_go_where_the_scope_says() {
    let everywhere = json!(["DeploymentScope.RootOrOuIds"]);
    for (id, regions) in [
        // Roles are global.
        ("MemberAccessStackSet", json!(["eu-west-1"])),
        ("MemberAccountStackSet", json!(["eu-west-1"])),
        (
            "MemberRegionStackSet",
            json!(["DeploymentScope.EnabledRegions"]),
        ),
    ] {
        let groups =
            |chosen: &[(&str, &str)]| properties(id, chosen)["StackInstancesGroup"].clone();
        assert_eq!(
            groups(&[]),
            json!([{"DeploymentTargets": {"OrganizationalUnitIds": everywhere}, "Regions": regions}])
        );
        let excluding = json!({
            "OrganizationalUnitIds": everywhere,
            "AccountFilterType": "DIFFERENCE",
            "Accounts": ["111122223333", "444455556666"],
        });
        assert_eq!(
            groups(&[("ExcludedAccountIds", "111122223333,444455556666")]),
            json!([{"DeploymentTargets": excluding, "Regions": regions}])
        );
    }
}

#[test]
fn they_are_named_alike_and_owned() {
    for (id, suffix) in [
        ("MemberAccessStackSet", "Access"),
        ("MemberAccountStackSet", "Account"),
        ("MemberRegionStackSet", "Region"),
    ] {
        let set = properties(id, &[("StackSetNamePrefix", "Ours")]);
        assert_eq!(set["StackSetName"], format!("Ours-{suffix}"));
        let tags = set["Tags"].as_array().unwrap().iter();
        let keys: Vec<&str> = tags.map(|tag| text(&tag["Key"])).collect();
        assert_eq!(keys, ["ManagedBy", "DeploymentId", "StackId"]);
    }
    // Stacks are called StackSet-<name>-<GUID>, in 128 characters.
    let main = template(MAIN);
    let pattern = text(&main["Parameters"]["StackSetNamePrefix"]["AllowedPattern"]);
    assert!(pattern.ends_with("{0,63}$"), "{pattern}");
    assert!("StackSet-".len() + 64 + "-Account-".len() + 36 <= 128);
}

#[test]
fn capabilities_are_acknowledged_where_there_are_roles() {
    let main = template(MAIN);
    for (id, kind, set) in resources(&main) {
        if kind != "AWS::CloudFormation::StackSet" {
            continue;
        }
        let url = text(&set["Properties"]["TemplateURL"]);
        let member = template(url);
        let has_roles = resources(&member).any(|(_, kind, _)| kind.starts_with("AWS::IAM::"));
        let wanted = if has_roles {
            json!(["CAPABILITY_NAMED_IAM"])
        } else {
            Value::Null
        };
        assert_eq!(set["Properties"]["Capabilities"], wanted, "{id}");
        // What StackSets take, and refuse.
        assert!(read(url).len() <= 460_800, "{url}");
        assert!(member["Transform"].is_null(), "{url}");
    }
}
