//! Arc auto-provisioning of the stack's own account: who may write tags, what is wanted, and that it can be left out.

use std::collections::BTreeSet;

use onboarding::arc::tags::KEYS;
use serde_json::{Value, json};

use crate::document::{TEMPLATES, resources, strings, template};
use crate::evaluation::{ACCOUNT_ID, Stack, text};
use crate::statements::{allowed, texts};

const MAIN: &str = "template.yaml";
/// What the custom resource has and the wanted state has not.
const OF_THE_REQUEST: [&str; 3] = ["ServiceToken", "ServiceTimeout", "StateMachineArn"];

#[test]
fn one_role_may_write_tags_and_runbooks_act_in_it() {
    let mut seen = 0;
    // Those of the other template are Defender's, which tag the copies of disks that they make.
    for path in TEMPLATES
        .into_iter()
        .filter(|path| *path != "templates/account.yaml")
    {
        for (id, statement) in allowed(&template(path)) {
            let actions = texts(&statement["Action"]);
            if actions
                .iter()
                .any(|action| *action == "ec2:*" || action.ends_with("teTags"))
            {
                assert_eq!(id, "RunbookRole", "{path}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 1);
    let access = template("templates/access.yaml");
    let trust = &access["Resources"]["RunbookRole"]["Properties"]["AssumeRolePolicyDocument"];
    assert_eq!(
        trust["Statement"],
        json!([{
            "Effect": "Allow",
            "Principal": {"Service": "ssm.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        }])
    );
}

#[test]
fn no_function_may_write_a_tag() {
    let functions = ["RegisterAccountRole", "ProvisionArcRole", "AccessRole"];
    let mut seen = BTreeSet::new();
    for path in [MAIN, "templates/access.yaml"] {
        for (id, statement) in allowed(&template(path)) {
            if let Some(role) = functions.into_iter().find(|role| *role == id) {
                seen.insert(role);
                for action in texts(&statement["Action"]) {
                    assert!(
                        !action.starts_with("ec2:") || action.starts_with("ec2:Describe"),
                        "{id} {action}"
                    );
                }
            }
        }
    }
    assert_eq!(seen, functions.into());
}

#[test]
fn the_runbooks_role_writes_the_four_tags_of_instances_and_no_other() {
    let access = template("templates/access.yaml");
    let stack = Stack::new(&access, &[]);
    let policies = stack.whole(&access["Resources"]["RunbookRole"]["Properties"]["Policies"]);
    assert_eq!(policies.as_array().unwrap().len(), 1);
    assert_eq!(
        policies[0]["PolicyDocument"]["Statement"],
        json!([{
            "Sid": "WriteTheFourTags",
            "Effect": "Allow",
            "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
            "Resource": format!("arn:aws:ec2:*:{ACCOUNT_ID}:instance/*"),
            "Condition": {
                "ForAllValues:StringEquals": {"aws:TagKeys": KEYS},
                "Null": {"aws:TagKeys": "false"},
            },
        }])
    );
}

#[test]
fn only_the_two_runbooks_may_be_started_unless_profiles_are_attached() {
    let access = template("templates/access.yaml");
    for (chosen, count) in [
        ("None", 2),
        ("DefaultHostManagement", 2),
        ("InstanceProfile", 3),
    ] {
        let stack = Stack::new(&access, &[("HostManagement", chosen)]);
        let (_, statement) = allowed(&access)
            .into_iter()
            .find(|(id, statement)| {
                id == "AccessRole"
                    && texts(&statement["Action"]) == ["ssm:StartAutomationExecution"]
            })
            .unwrap();
        let runbooks = stack.whole(&statement["Resource"]);
        let names: Vec<&str> = strings(&runbooks)
            .into_iter()
            .filter_map(|arn| arn.split_once("automation-definition/"))
            .map(|(_, name)| name)
            .collect();
        let all = [
            "DefenderConnector-ApplyArcTags:*",
            "DefenderConnector-RemoveArcTags:*",
            "AWS-AttachIAMToInstance:*",
        ];
        assert_eq!(names, all[..count], "{chosen}");
    }
}

#[test]
fn host_management_makes_what_it_needs() {
    let access = template("templates/access.yaml");
    let made = |chosen| {
        let stack = Stack::new(&access, &[("HostManagement", chosen)]);
        stack.resources().map(|(id, _)| id).collect::<BTreeSet<_>>()
    };
    let always = BTreeSet::from(["AccessRole", "EventsRole", "RunbookRole"]);
    assert_eq!(made("None"), always);
    let extra = |chosen| {
        made(chosen)
            .difference(&always)
            .copied()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        extra("InstanceProfile"),
        ["AttachProfileRole", "InstanceProfile", "InstanceRole"]
    );
    assert_eq!(extra("DefaultHostManagement"), ["HostManagementRole"]);
}

#[test]
fn the_wanted_state_is_what_the_custom_resource_says() {
    let main = template(MAIN);
    for chosen in [
        &[][..],
        &[
            ("Regions", "eu-west-1,us-east-1"),
            ("ConnectorTagValue", "/a b/c=d"),
            ("CloudTagValue", "aws"),
            ("ArcExclusionTags", "Arc=no,Team=A b"),
            ("HostManagement", "InstanceProfile"),
            ("MaxConcurrentAutomations", "40"),
            ("RepairArcMachineTags", "true"),
        ],
    ] {
        let stack = Stack::new(&main, chosen);
        let properties = |id: &str| stack.whole(&main["Resources"][id]["Properties"]);
        let wanted: Value =
            serde_json::from_str(text(&properties("WantedState")["Value"])).unwrap();
        let mut asked = properties("ArcTags");
        for (name, value) in properties("ArcRegions").as_object().unwrap() {
            assert_eq!(&asked[name], value, "what is taken off is what is put on");
        }
        for of_the_request in OF_THE_REQUEST {
            assert!(
                asked
                    .as_object_mut()
                    .unwrap()
                    .remove(of_the_request)
                    .is_some()
            );
        }
        assert_eq!(wanted, json!({"Arc": asked}));
    }
}

#[test]
fn the_function_reads_the_state_that_cloudformation_writes() {
    let main = template(MAIN);
    let name = &main["Resources"]["WantedState"]["Properties"]["Name"];
    let function = &main["Resources"]["ProvisionArcFunction"]["Properties"];
    assert_eq!(
        &function["Environment"]["Variables"]["WANTED_STATE_PARAMETER"],
        name
    );
    let stack = Stack::new(&main, &[]);
    let arn = format!(
        "arn:aws:ssm:eu-west-1:{ACCOUNT_ID}:parameter{}",
        text(&stack.whole(name))
    );
    let read = allowed(&main).into_iter().find(|(id, statement)| {
        id == "ProvisionArcRole" && texts(&statement["Action"]) == ["ssm:GetParameter"]
    });
    assert_eq!(stack.whole(&read.unwrap().1["Resource"]), arn);
}

#[test]
fn all_of_it_can_be_left_out() {
    let main = template(MAIN);
    let made = |chosen: &[(&str, &str)]| {
        let stack = Stack::new(&main, chosen);
        stack.resources().map(|(id, _)| id).collect::<BTreeSet<_>>()
    };
    let with = made(&[]);
    let without = made(&[("ArcAutoProvisioning", "false")]);
    let no_plan = made(&[("ServersPlan", "Off"), ("DatabasesPlan", "Off")]);
    assert_eq!(without, no_plan);
    let left_out: BTreeSet<&str> = with.difference(&without).copied().collect();
    for (id, kind, _) in resources(&main) {
        let is_arc = id.contains("Arc")
            || id.starts_with("StackSet")
            || id.starts_with("OnboardOrganization")
            || id.contains("Sweep")
            || kind.ends_with("::StackSet")
            || kind.starts_with("AWS::S") && kind.ends_with("::Parameter");
        // What an organization alone has is another matter.
        assert!(
            !is_arc || !with.contains(id) || left_out.contains(id),
            "{id}"
        );
    }
    // The access role keeps its rights, so that the tags can be taken away when the switch is turned.
    assert!(without.contains("AccessStack"));
    let host_management =
        &main["Resources"]["AccessStack"]["Properties"]["Parameters"]["HostManagement"];
    let chosen = [
        ("HostManagement", "InstanceProfile"),
        ("ArcAutoProvisioning", "false"),
    ];
    assert_eq!(Stack::new(&main, &chosen).whole(host_management), "None");
    assert_eq!(
        Stack::new(&main, &chosen[..1]).whole(host_management),
        "InstanceProfile"
    );
}

#[test]
fn the_sweep_starts_the_machine_and_may_do_nothing_else() {
    let main = template(MAIN);
    let stack = Stack::new(&main, &[]);
    let machine = &main["Resources"]["DailySweep"]["Properties"]["Target"];
    let input: Value = serde_json::from_str(text(&stack.whole(&machine["Input"]))).unwrap();
    assert_eq!(
        input,
        json!({"Operation": "Onboard", "AccountId": ACCOUNT_ID})
    );
    let statements: Vec<Value> = allowed(&main)
        .into_iter()
        .filter(|(id, _)| id == "SweepRole")
        .map(|(_, statement)| statement)
        .collect();
    assert_eq!(
        statements,
        [json!({
            "Effect": "Allow",
            "Action": "states:StartExecution",
            "Resource": machine["Arn"],
        })]
    );
}
