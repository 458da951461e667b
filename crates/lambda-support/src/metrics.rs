//! Metrics by `CloudWatch`'s embedded metric format: a line of JSON in the log, and no call.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

/// The namespace of all our metrics.
pub const NAMESPACE: &str = "DefenderConnector";
/// `CloudWatch` refuses longer values of dimensions.
const LONGEST_DIMENSION: usize = 1024;

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// How long.
    Milliseconds,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
}

impl Metric {
    /// Counts something.
    pub fn count(name: &'static str, value: u32) -> Self {
        Self {
            name,
            value: f64::from(value),
            unit: Unit::Count,
        }
    }

    /// Measures a duration.
    pub fn duration(name: &'static str, value: Duration) -> Self {
        Self {
            name,
            value: (value.as_secs_f64() * 1000.0).round(),
            unit: Unit::Milliseconds,
        }
    }
}

/// Writes measurements to standard output, under one set of dimensions.
pub fn emit(metrics: &[Metric], dimensions: &[(&'static str, &str)]) {
    let line = line(
        metrics,
        dimensions,
        SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
    );
    let mut out = io::stdout().lock();
    // A function whose log is gone has nobody to tell; its work goes on.
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

/// One line, written at once so that no other line gets in between.
fn line(metrics: &[Metric], dimensions: &[(&'static str, &str)], since_epoch: Duration) -> String {
    let named: Vec<(&str, String)> = dimensions
        .iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(name, value)| (*name, value.chars().take(LONGEST_DIMENSION).collect()))
        .collect();
    let definitions: Vec<Value> = metrics
        .iter()
        .map(|metric| json!({"Name": metric.name, "Unit": metric.unit.name()}))
        .collect();
    let keys: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    let mut root = Map::new();
    root.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [keys],
                "Metrics": definitions,
            }],
        }),
    );
    let values = metrics
        .iter()
        .map(|metric| (metric.name, json!(metric.value)));
    let texts = named
        .into_iter()
        .map(|(name, value)| (name, Value::from(value)));
    root.extend(
        values
            .chain(texts)
            .map(|(name, value)| (name.to_owned(), value)),
    );
    let mut line = Value::Object(root).to_string();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(1_764_000_000_123);

    #[test]
    fn a_line_is_as_cloudwatch_wants_it() {
        let metrics = [
            Metric::count("Answers", 1),
            Metric::duration("Duration", Duration::from_micros(41_700)),
        ];
        insta::assert_snapshot!(
            line(&metrics, &[("Function", "register-account"), ("Outcome", "Success")], NOW),
            @r#"{"Answers":1.0,"Duration":42.0,"Function":"register-account","Outcome":"Success","_aws":{"CloudWatchMetrics":[{"Dimensions":[["Function","Outcome"]],"Metrics":[{"Name":"Answers","Unit":"Count"},{"Name":"Duration","Unit":"Milliseconds"}],"Namespace":"DefenderConnector"}],"Timestamp":1764000000123}}"#
        );
    }

    #[test]
    fn a_hostile_value_stays_one_line_of_json_and_an_empty_one_is_no_dimension() {
        let hostile = format!("a\"}}\n{{\"_aws\":1}}\u{1b}[2J{}", "x".repeat(2000));
        let line = line(
            &[Metric::count("Answers", 1)],
            &[("Operation", &hostile), ("Empty", " ")],
            NOW,
        );
        assert_eq!(line.lines().count(), 1);
        let parsed: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            parsed["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
            json!([["Operation"]])
        );
        assert_eq!(
            parsed["Operation"]
                .as_str()
                .map(|value| value.chars().count()),
            Some(1024)
        );
        assert_eq!(parsed.get("Empty"), None);
    }
}
