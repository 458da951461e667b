//! The local cloud's EC2 and Systems Manager, as far as the double asks them, over their own
//! protocols.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use testkit::azure_double::{ArcStep, AwsAccount, AwsView};
use url::form_urlencoded;

use crate::plans::all_plans;
use crate::support::{ACCOUNT, Azure, SUBSCRIPTION, TENANT, subscription};

/// Answers as AWS does, to the root of one account only.
async fn aws(headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let authorization = headers["authorization"].to_str().unwrap();
    let scope = authorization
        .strip_prefix(&format!("AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/"))
        .unwrap();
    let scope = scope.split_once("/aws4_request").unwrap().0;
    if let Some(target) = headers.get("x-amz-target") {
        assert_eq!(target, "AmazonSSM.DescribeInstanceInformation");
        assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
        let asked: Value = serde_json::from_slice(&body).unwrap();
        return (StatusCode::OK, nodes(scope, &asked).to_string());
    }
    let asked: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let answer = match scope {
        "us-east-1/iam" => iam(&asked),
        _ => ec2(scope, &asked),
    };
    answer.map_or_else(
        || (StatusCode::FORBIDDEN, "<Response/>".to_owned()),
        |answer| (StatusCode::OK, answer),
    )
}

/// An account that is ready for every plan.
fn iam(asked: &BTreeMap<String, String>) -> Option<String> {
    let account = AwsAccount::onboarded_for_all_plans(ACCOUNT, TENANT);
    let encoded = |document: &Value| {
        let text = document.to_string();
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        encoded.replace('+', "%20")
    };
    let role = || &account.roles[&asked["RoleName"]];
    let action = &asked["Action"];
    let result = match action.as_str() {
        "GetOpenIDConnectProvider" => {
            let audiences = &account.providers[&asked["OpenIDConnectProviderArn"]];
            let member = |audience: &String| format!("<member>{audience}</member>");
            let members: String = audiences.iter().map(member).collect();
            format!("<ClientIDList>{members}</ClientIDList>")
        }
        "GetRole" => format!(
            "<Role><Arn>{}</Arn><AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument></Role>",
            role().arn,
            encoded(&role().trust)
        ),
        "ListRolePolicies" => "<PolicyNames><member>All</member></PolicyNames>".to_owned(),
        "GetRolePolicy" => format!(
            "<PolicyDocument>{}</PolicyDocument>",
            encoded(&role().policies[0])
        ),
        "ListAttachedRolePolicies" => "<AttachedPolicies/>".to_owned(),
        _ => return None,
    };
    Some(format!(
        "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
    ))
}

fn ec2(scope: &str, asked: &BTreeMap<String, String>) -> Option<String> {
    assert_eq!(asked["Version"], "2016-11-15");
    let token = asked.get("NextToken").map(String::as_str);
    match (scope, asked["Action"].as_str(), token) {
        ("us-east-1/ec2", "DescribeRegions", None) => Some(regions()),
        ("eu-west-1/ec2", "DescribeInstances", None) => {
            Some(instances("i-00000001", "<nextToken>more</nextToken>"))
        }
        ("eu-west-1/ec2", "DescribeInstances", Some("more")) => Some(instances("i-00000002", "")),
        ("eu-central-1/ec2", "DescribeInstances", None) => Some(
            "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>".to_owned(),
        ),
        _ => None,
    }
}

fn nodes(scope: &str, asked: &Value) -> Value {
    assert_eq!(
        scope, "eu-west-1/ssm",
        "asked only where there are instances"
    );
    let node = |id: &str| {
        json!({ "InstanceId": id, "PingStatus": "Online", "PlatformType": "Linux",
            "PlatformName": "Amazon Linux", "PlatformVersion": "2023" })
    };
    match asked["NextToken"].as_str() {
        None => json!({ "InstanceInformationList": [node("i-00000001")], "NextToken": "50" }),
        Some("50") => json!({ "InstanceInformationList": [node("i-00000002")] }),
        Some(other) => panic!("nobody gave the token {other}"),
    }
}

fn regions() -> String {
    let item = |name: &str| format!("<item><regionName>{name}</regionName></item>");
    let items = ["eu-west-1", "eu-central-1", "eu-south-1"]
        .map(item)
        .concat();
    format!("<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>")
}

/// As the emulator writes it, down to the comment.
fn instances(id: &str, token: &str) -> String {
    format!(
        "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>r</requestId><reservationSet><item><reservationId>r-1</reservationId>\
         <groupSet/><instancesSet><item><instanceId>{id}</instanceId>\
         <instanceState><code>16</code><name>running</name></instanceState>\
         <placement><tenancy>default</tenancy></placement><!-- a comment -->\
         <architecture>x86_64</architecture><blockDeviceMapping/>\
         <iamInstanceProfile><arn>arn</arn><id>AIPA</id></iamInstanceProfile><groupSet/>\
         <tagSet><item><key>AccountId</key><value>{ACCOUNT}</value></item>\
         <item><key>InstanceId</key><value>{id}</value></item>\
         <item><key>Cloud</key><value></value></item>\
         <item><key>MDFCSecurityConnector</key><value>a &amp; b</value></item></tagSet>\
         </item></instancesSet></item></reservationSet>{token}</DescribeInstancesResponse>"
    )
}

async fn provisioned(regions: &Value) -> ArcStep {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, Router::new().fallback(aws)).await });
    let azure = Azure::start_with(AwsView::Emulator(endpoint), subscription()).await;
    let arc = json!({ "onWrite": false, "takesHostManagement": false, "needsEc2Tags": true });
    azure.double.switch(None, json!({ "arc": arc })).unwrap();
    let mut body = all_plans(ACCOUNT);
    body["properties"]["environmentData"]["regions"] = regions.clone();
    assert_eq!(azure.put("aws-1", &body).await.status(), 201);
    azure.double.provision_arc(SUBSCRIPTION).await.unwrap()
}

#[tokio::test]
async fn instances_and_nodes_are_read_page_by_page_in_every_region() {
    let step = provisioned(&json!([])).await;
    let names: Vec<&str> = step
        .made
        .iter()
        .filter_map(|id| id.rsplit('/').next())
        .collect();
    assert_eq!(names, ["i-00000001", "i-00000002"]);
    assert_eq!(step.left_out, BTreeMap::new());
    let refused = "eu-south-1: AWS answered DescribeInstances with HTTP 403 Forbidden".to_owned();
    assert_eq!(step.problems, [refused], "the other Regions go on");
}

#[tokio::test]
async fn a_connector_s_own_regions_are_not_looked_up() {
    let step = provisioned(&json!(["eu-central-1"])).await;
    assert_eq!(step, ArcStep::default());
}
