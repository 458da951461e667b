//! What the state machine may do: what its states do, and nothing else.

use std::collections::BTreeMap;

use serde_json::json;

use crate::document::{strings, template};
use crate::evaluation::{ACCOUNT_ID, Stack};
use crate::statements::{allowed, texts};

#[test]
fn the_role_may_do_what_the_states_do() {
    let main = template("template.yaml");
    let stack = Stack::new(&main, &[("Scope", "Organization")]);
    let mut granted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, statement) in allowed(&main) {
        if ["OnboardOrganizationRole", "RunOrganizationPolicy"].contains(&id.as_str()) {
            let resources = stack.whole(&statement["Resource"]);
            for action in texts(&statement["Action"])
                .into_iter()
                .filter(|action| !action.starts_with("logs:"))
            {
                let resources = strings(&resources).into_iter().map(str::to_owned);
                granted
                    .entry(action.to_owned())
                    .or_default()
                    .extend(resources);
            }
        }
    }
    let machine = format!(
        "arn:aws:states:eu-west-1:{ACCOUNT_ID}:stateMachine:DefenderConnector-OnboardOrganization"
    );
    let executions = machine.replace(":stateMachine:", ":execution:");
    let executions = [
        format!("{executions}:*"),
        format!("{executions}/EachMember:*"),
    ];
    let runs = vec!["RunBucket.Arn/runs/*".to_owned()];
    let function = format!(
        "arn:aws:lambda:eu-west-1:{ACCOUNT_ID}:function:DefenderConnector-OnboardOrganization"
    );
    let functions = [
        "ProvisionArcFunction.Arn",
        &function,
        "RegisterAccountFunction.Arn",
    ];
    let wanted: BTreeMap<String, Vec<String>> = [
        ("lambda:InvokeFunction", functions.map(str::to_owned).into()),
        ("states:StartExecution", vec![machine]),
        ("states:DescribeExecution", executions.clone().into()),
        ("states:StopExecution", executions.into()),
        ("s3:AbortMultipartUpload", runs.clone()),
        ("s3:ListMultipartUploadParts", runs.clone()),
        ("s3:PutObject", runs.clone()),
        (
            "s3:GetObject",
            [runs, vec!["RunBucket.Arn/answered/*".to_owned()]].concat(),
        ),
    ]
    .map(|(action, resources)| (action.to_owned(), resources))
    .into();
    assert_eq!(granted, wanted);
    let policy = &main["Resources"]["RunOrganizationPolicy"]["Properties"];
    assert_eq!(policy["Roles"], json!([{"Ref": "OnboardOrganizationRole"}]));
}
