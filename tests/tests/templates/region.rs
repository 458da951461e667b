//! What stands in every region: two runbooks, the rule that starts one of them, and what is kept of failures.

use onboarding::arc::tags::KEYS;
use serde_json::{Value, json};

use crate::document::{read, resources, strings, template};
use crate::evaluation::{ACCOUNT_ID, Stack, text};

pub const REGION: &str = "templates/region.yaml";
const PARAMETERS: [&str; 5] = [
    "AccountIdTagValue",
    "AutomationAssumeRole",
    "CloudTagValue",
    "ConnectorTagValue",
    "InstanceId",
];

/// The properties of a resource of the region, as CloudFormation gets them.
fn properties(id: &str, chosen: &[(&str, &str)]) -> Value {
    let region = template(REGION);
    let given = [
        ("DeploymentId", "deployment"),
        ("StackId", "arn:aws:cloudformation:x"),
    ];
    let stack = Stack::new(&region, &[&given, chosen].concat());
    stack.whole(&region["Resources"][id]["Properties"])
}

fn steps(content: &Value) -> Vec<&str> {
    let steps = content["mainSteps"].as_array().into_iter().flatten();
    steps.map(|step| text(&step["name"])).collect()
}

#[test]
fn stack_sets_take_it() {
    let region = template(REGION);
    // They refuse macros and nested stacks, and roles are global; the limit is that of a template that is sent along.
    assert!(region["Transform"].is_null());
    assert!(read(REGION).len() < 51_200);
    let kinds: Vec<&str> = resources(&region).map(|(_, kind, _)| kind).collect();
    for kind in kinds {
        let known = [
            "AWS::CloudWatch::Alarm",
            "AWS::Events::Rule",
            "AWS::SQS::Queue",
            "AWS::SQS::QueuePolicy",
            "AWS::SSM::Document",
        ];
        assert!(known.contains(&kind), "{kind}");
    }
}

#[test]
fn everything_that_takes_tags_is_owned() {
    for (id, kind, _) in resources(&template(REGION)) {
        if kind != "AWS::SQS::QueuePolicy" {
            let tags = &properties(id, &[])["Tags"];
            let keys: Vec<&str> = tags
                .as_array()
                .into_iter()
                .flatten()
                .map(|tag| text(&tag["Key"]))
                .collect();
            assert_eq!(keys, ["ManagedBy", "DeploymentId", "StackId"], "{id}");
        }
    }
}

#[test]
fn both_runbooks_are_taken_alike() {
    for (id, step) in [
        ("ApplyArcTags", "ApplyTags"),
        ("RemoveArcTags", "RemoveTags"),
    ] {
        let document = properties(id, &[]);
        assert_eq!(document["Name"], format!("DefenderConnector-{id}"));
        assert_eq!(document["DocumentType"], "Automation");
        assert_eq!(document["UpdateMethod"], "NewVersion");
        let content = &document["Content"];
        assert_eq!(content["schemaVersion"], "0.3");
        assert_eq!(content["assumeRole"], "{{ AutomationAssumeRole }}");
        let parameters = content["parameters"].as_object().unwrap();
        assert_eq!(parameters.keys().collect::<Vec<_>>(), PARAMETERS);
        assert!(parameters.values().all(|one| one["default"].is_null()));
        assert_eq!(steps(content), [step]);
    }
}

#[test]
fn what_is_put_on_is_what_is_taken_off() {
    let wanted = json!([
        {"Key": KEYS[0], "Value": "{{ AccountIdTagValue }}"},
        {"Key": KEYS[1], "Value": "{{ CloudTagValue }}"},
        {"Key": KEYS[2], "Value": "{{ InstanceId }}"},
        {"Key": KEYS[3], "Value": "{{ ConnectorTagValue }}"},
    ]);
    let apply = &properties("ApplyArcTags", &[])["Content"]["mainSteps"][0];
    assert_eq!(apply["action"], "aws:createTags");
    assert_eq!(
        apply["inputs"],
        json!({"ResourceType": "EC2", "ResourceIds": ["{{ InstanceId }}"], "Tags": wanted})
    );
    // A new instance may be described before it can be tagged.
    assert!(apply["maxAttempts"].as_u64() > Some(1));
    let remove = &properties("RemoveArcTags", &[])["Content"]["mainSteps"][0];
    assert_eq!(remove["action"], "aws:executeAwsApi");
    assert_eq!(
        remove["inputs"],
        json!({"Service": "ec2", "Api": "DeleteTags", "Resources": ["{{ InstanceId }}"], "Tags": wanted})
    );
}

#[test]
fn each_exclusion_tag_is_looked_for() {
    for tags in ["Arc=no", "Arc=no,Team=A b", "Arc=no,Team=A b,k8s.io/x=1"] {
        let document = properties("ApplyArcTags", &[("ArcExclusionTags", tags)]);
        let content = &document["Content"];
        let pairs: Vec<(&str, &str)> = tags
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let mut wanted: Vec<String> = (1..=pairs.len())
            .map(|number| format!("LookForExclusion{number}"))
            .collect();
        wanted.extend(["SkipExcluded", "ApplyTags", "LeaveAlone"].map(str::to_owned));
        assert_eq!(steps(content), wanted, "{tags}");

        let branch = &content["mainSteps"][pairs.len()]["inputs"];
        assert_eq!(branch["Default"], "ApplyTags");
        assert_eq!(branch["Choices"].as_array().unwrap().len(), pairs.len());
        for (number, (key, value)) in pairs.into_iter().enumerate() {
            let look = &content["mainSteps"][number];
            assert_eq!(
                look["inputs"]["Filters"],
                json!([
                    {"Name": "resource-id", "Values": ["{{ InstanceId }}"]},
                    {"Name": "key", "Values": [key]},
                    {"Name": "value", "Values": [value]},
                ])
            );
            let found = format!(
                "{{{{ {}.{} }}}}",
                wanted[number], look["outputs"][0]["Name"]
            )
            .replace('"', "");
            assert_eq!(
                branch["Choices"][number],
                json!({"NextStep": "LeaveAlone", "Variable": found, "StartsWith": "i-"})
            );
        }
    }
    // What is skipped ends there, and what is tagged does not fall through to the end of the skipped.
    let document = properties("ApplyArcTags", &[("ArcExclusionTags", "Arc=no")]);
    let ends = document["Content"]["mainSteps"].as_array().unwrap().iter();
    let ends: Vec<&str> = ends
        .filter(|step| step["isEnd"] == true)
        .map(|step| text(&step["name"]))
        .collect();
    assert_eq!(ends, ["ApplyTags", "LeaveAlone"]);
}

#[test]
fn an_instance_that_starts_starts_the_runbook() {
    let chosen = [("CloudTagValue", "aws"), ("ConnectorTagValue", "a/b c")];
    let rule = properties("InstanceRunningRule", &chosen);
    assert_eq!(
        rule["EventPattern"],
        json!({
            "source": ["aws.ec2"],
            "detail-type": ["EC2 Instance State-change Notification"],
            "detail": {"state": ["running"]},
        })
    );
    let target = &rule["Targets"][0];
    let start = format!("arn:aws:ssm:eu-west-1:{ACCOUNT_ID}:automation-definition/");
    assert_eq!(
        target["Arn"],
        format!("{start}DefenderConnector-ApplyArcTags:$DEFAULT")
    );
    let transformer = &target["InputTransformer"];
    assert_eq!(
        transformer["InputPathsMap"],
        json!({"instance": "$.detail.instance-id"})
    );
    // EventBridge puts the text in with its quotation marks.
    let input = text(&transformer["InputTemplate"]).replace("<instance>", "\"i-1\"");
    let runbook_role = role("RunbookRole");
    let input: Value = serde_json::from_str(&input).unwrap();
    assert_eq!(
        input,
        json!({
            "AccountIdTagValue": [ACCOUNT_ID],
            "AutomationAssumeRole": [runbook_role],
            "CloudTagValue": ["aws"],
            "ConnectorTagValue": ["a/b c"],
            "InstanceId": ["i-1"],
        })
    );
    assert_eq!(target["RoleArn"], role("EventsRole"));
}

/// The ARN of a role of `templates/access.yaml`.
fn role(id: &str) -> Value {
    let access = template("templates/access.yaml");
    let name = &access["Resources"][id]["Properties"]["RoleName"];
    format!("arn:aws:iam::{ACCOUNT_ID}:role/{}", text(name)).into()
}

#[test]
fn a_start_that_fails_is_tried_again_and_then_kept() {
    let rule = properties("InstanceRunningRule", &[]);
    let target = &rule["Targets"][0];
    assert_eq!(target["DeadLetterConfig"]["Arn"], "FailureQueue.Arn");
    let age = target["RetryPolicy"]["MaximumEventAgeInSeconds"].as_u64();
    assert!((60..=86_400).contains(&age.unwrap()));
    let tries = target["RetryPolicy"]["MaximumRetryAttempts"].as_u64();
    assert!((1..=185).contains(&tries.unwrap()));
}

#[test]
fn executions_that_fail_are_kept() {
    let rule = properties("ExecutionFailedRule", &[]);
    assert_eq!(
        rule["EventPattern"],
        json!({
            "source": ["aws.ssm"],
            "detail-type": ["EC2 Automation Execution Status-change Notification"],
            "detail": {
                "Definition": ["DefenderConnector-ApplyArcTags", "DefenderConnector-RemoveArcTags"],
                "Status": ["Failed", "TimedOut"],
            },
        })
    );
    assert_eq!(rule["Targets"][0]["Arn"], "FailureQueue.Arn");
}

#[test]
fn the_queue_takes_from_both_rules_and_from_nobody_else() {
    let region = template(REGION);
    let rules: Vec<String> = resources(&region)
        .filter(|(_, kind, _)| *kind == "AWS::Events::Rule")
        .map(|(_, _, rule)| {
            // Or a first event could come before the queue takes it.
            assert_eq!(strings(&rule["DependsOn"]), ["FailureQueuePolicy"]);
            let name = text(&rule["Properties"]["Name"]);
            format!("arn:aws:events:eu-west-1:{ACCOUNT_ID}:rule/{name}")
        })
        .collect();
    let policy = properties("FailureQueuePolicy", &[]);
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1);
    assert_eq!(
        statements[0]["Principal"],
        json!({"Service": "events.amazonaws.com"})
    );
    assert_eq!(statements[0]["Action"], "sqs:SendMessage");
    let mut sources = strings(&statements[0]["Condition"]["ArnEquals"]["aws:SourceArn"]);
    sources.sort_unstable();
    let mut rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    rules.sort_unstable();
    assert_eq!(sources, rules);
}
