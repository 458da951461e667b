//! The alarms: that each looks at a metric that AWS publishes, of a resource that there is.

use serde_json::Value;

use crate::document::{TEMPLATES, resources, rust_sources, template};

/// Metrics that AWS documents: namespace, name, dimension, and what the dimension names.
const PUBLISHED: [(&str, &str, &str, &[&str]); 8] = [
    ("AWS/Lambda", "Invocations", "FunctionName", FUNCTION),
    ("AWS/Lambda", "Errors", "FunctionName", FUNCTION),
    (
        "AWS/Lambda",
        "DestinationDeliveryFailures",
        "FunctionName",
        FUNCTION,
    ),
    ("AWS/States", "ExecutionsFailed", "StateMachineArn", MACHINE),
    (
        "AWS/States",
        "ExecutionsTimedOut",
        "StateMachineArn",
        MACHINE,
    ),
    ("AWS/Events", "FailedInvocations", "RuleName", RULE),
    ("AWS/Events", "TriggeredRules", "RuleName", RULE),
    (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "QueueName",
        QUEUE,
    ),
];
/// Metrics of our own, without dimensions: name, and the package that publishes it.
const OWN: [(&str, &str); 1] = [("AccountsFailed", "onboard-organization")];
/// Where they are.
const NAMESPACE: &str = "DefenderConnector";
const FUNCTION: &[&str] = &["AWS::Serverless::Function"];
const MACHINE: &[&str] = &["AWS::Serverless::StateMachine"];
const RULE: &[&str] = &["AWS::Events::Rule"];
const QUEUE: &[&str] = &["AWS::SQS::Queue"];

fn alarms(template: &Value) -> Vec<(&str, &Value)> {
    resources(template)
        .filter(|(_, kind, _)| *kind == "AWS::CloudWatch::Alarm")
        .map(|(id, _, resource)| (id, resource))
        .collect()
}

#[test]
fn every_alarm_looks_at_a_metric_that_aws_publishes() {
    let mut used = Vec::new();
    for path in TEMPLATES {
        let template = template(path);
        for (id, alarm) in alarms(&template) {
            let properties = &alarm["Properties"];
            if properties["Namespace"] == NAMESPACE {
                continue;
            }
            let dimensions = properties["Dimensions"].as_array().unwrap();
            assert_eq!(dimensions.len(), 1, "{id}");
            let known = PUBLISHED.iter().find(|(namespace, metric, dimension, _)| {
                properties["Namespace"] == *namespace
                    && properties["MetricName"] == *metric
                    && dimensions[0]["Name"] == *dimension
            });
            let known = known.unwrap_or_else(|| panic!("{path} {id}"));
            let named = &dimensions[0]["Value"];
            // Ref of a machine is no name, and of a queue its URL.
            let named = match known.2 {
                "StateMachineArn" | "QueueName" => &named["Fn::GetAtt"][0],
                _ => &named["Ref"],
            };
            let kind = &template["Resources"][named.as_str().unwrap_or_default()]["Type"];
            assert!(known.3.iter().any(|wanted| kind == wanted), "{path} {id}");
            used.push(known);
        }
    }
    for metric in &PUBLISHED {
        assert!(used.contains(&metric), "{metric:?}");
    }
}

#[test]
fn every_alarm_on_a_metric_of_ours_has_one_that_is_published() {
    let namespace = rust_sources("crates/lambda-support/src");
    assert!(namespace.contains(&format!("\"{NAMESPACE}\"")));
    let main = template("template.yaml");
    let mut used = Vec::new();
    for (id, alarm) in alarms(&main) {
        let properties = &alarm["Properties"];
        if properties["Namespace"] != NAMESPACE {
            continue;
        }
        let known = OWN
            .iter()
            .find(|(name, _)| properties["MetricName"] == *name);
        let known = known.unwrap_or_else(|| panic!("{id}"));
        let published = rust_sources(&format!("functions/{}/src", known.1));
        assert!(published.contains(&format!("\"{}\"", known.0)), "{id}");
        assert!(properties["Dimensions"].is_null(), "{id}");
        used.push(known);
    }
    assert_eq!(used.len(), OWN.len());
}

#[test]
fn one_occurrence_is_enough_and_silence_is_good() {
    for path in TEMPLATES {
        for (id, alarm) in alarms(&template(path)) {
            let properties = &alarm["Properties"];
            assert_eq!(properties["Statistic"], "Sum", "{id}");
            assert_eq!(properties["Threshold"], 1, "{id}");
            assert_eq!(properties["EvaluationPeriods"], 1, "{id}");
            let comparison = &properties["ComparisonOperator"];
            assert_eq!(comparison, "GreaterThanOrEqualToThreshold", "{id}");
            assert_eq!(properties["TreatMissingData"], "notBreaching", "{id}");
            assert!(properties["AlarmDescription"].is_string(), "{id}");
        }
    }
}

#[test]
fn every_function_that_is_answered_for_has_its_alarm() {
    let main = template("template.yaml");
    for (id, kind, function) in resources(&main) {
        if kind != "AWS::Serverless::Function"
            || function["Properties"]["EventInvokeConfig"].is_null()
        {
            continue;
        }
        let watched = alarms(&main).into_iter().any(|(_, alarm)| {
            let properties = &alarm["Properties"];
            properties["MetricName"] == "DestinationDeliveryFailures"
                && properties["Dimensions"][0]["Value"]["Ref"] == id
                && alarm["Condition"] == function["Condition"]
        });
        assert!(watched, "{id}");
    }
}
