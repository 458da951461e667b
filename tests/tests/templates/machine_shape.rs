//! The definition of the state machine as such: what Step Functions would only tell when a state is entered.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::document::{descend, read, strings, template};
use crate::machine_engine::MACHINE;

/// What functions of expressions are called, as far as they are used.
const FUNCTIONS: [&str; 14] = [
    "ceil",
    "count",
    "exists",
    "keys",
    "max",
    "merge",
    "millis",
    "min",
    "not",
    "power",
    "sift",
    "substring",
    "toMillis",
    "type",
];
/// Lambda's own errors that pass.
const OF_LAMBDA: [&str; 5] = [
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
];

fn machine() -> Value {
    serde_json::from_str(&read(MACHINE)).unwrap_or_else(|error| panic!("{MACHINE}: {error}"))
}

/// Every group of states: the machine itself, branches of a Parallel state, a Map's processor.
fn groups(machine: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    descend(machine, &mut |value| {
        if value["StartAt"].is_string() {
            found.push(value);
        }
    });
    found
}

fn states(group: &Value) -> &Map<String, Value> {
    let states = group["States"].as_object();
    states.unwrap_or_else(|| panic!("no states: {group}"))
}

/// Every state with its name.
fn all_states(machine: &Value) -> Vec<(&str, &Value)> {
    let groups = groups(machine).into_iter();
    groups
        .flat_map(|group| {
            states(group)
                .iter()
                .map(|(name, state)| (name.as_str(), state))
        })
        .collect()
}

/// The tasks that call a function, with the function's id in the template.
fn calls(machine: &Value) -> Vec<(&str, &Value, &str)> {
    let states = all_states(machine).into_iter();
    states
        .filter_map(|(name, state)| {
            let function = state["Arguments"]["FunctionName"].as_str()?;
            let id = function.strip_prefix("${")?.strip_suffix("Arn}")?;
            Some((name, state, id))
        })
        .collect()
}

fn nexts(state: &Value) -> Vec<&str> {
    let rules = [&state["Choices"], &state["Catch"]];
    let rules = rules
        .into_iter()
        .flat_map(|rules| rules.as_array().into_iter().flatten());
    let own = [&state["Next"], &state["Default"]];
    own.into_iter()
        .chain(rules.map(|rule| &rule["Next"]))
        .filter_map(Value::as_str)
        .collect()
}

#[test]
fn every_state_can_be_reached_and_has_a_name_of_its_own() {
    let machine = machine();
    let mut names = BTreeSet::new();
    for group in groups(&machine) {
        let mut open = vec![group["StartAt"].as_str().unwrap()];
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            let state = states(group)
                .get(name)
                .unwrap_or_else(|| panic!("no state {name}"));
            if seen.insert(name) {
                open.extend(nexts(state));
            }
        }
        for name in states(group).keys() {
            assert!(seen.contains(name.as_str()), "nothing leads to {name}");
            assert!(names.insert(name.clone()), "two states are called {name}");
            assert!(name.len() <= 80, "{name}");
        }
    }
}

#[test]
fn what_passes_is_tried_again() {
    let machine = machine();
    for (name, state, _) in calls(&machine) {
        let retried: BTreeSet<&str> = state["Retry"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|retry| strings(&retry["ErrorEquals"]))
            .collect();
        let again = |error: &str| retried.contains(error) || retried.contains("States.ALL");
        for error in OF_LAMBDA {
            assert!(again(error), "{name} {error}");
        }
        for error in ["Throttled", "Transient"] {
            // A pass over instances is begun anew rather than retried.
            assert!(again(error) || name == "ProvisionMember", "{name} {error}");
        }
    }
}

#[test]
fn every_error_of_the_organizations_path_is_caught() {
    let machine = machine();
    let path = &machine["States"]["OnboardAndWatch"];
    let mut seen = 0;
    descend(path, &mut |state| {
        if !["Task", "Map"].iter().any(|kind| state["Type"] == *kind) {
            return;
        }
        seen += 1;
        let last = |field: &str| {
            let entries = state[field].as_array().and_then(|entries| entries.last());
            entries.is_some_and(|entry| strings(&entry["ErrorEquals"]) == ["States.ALL"])
        };
        // The answer to an error is all that is left to do: it is tried again, and then the run has failed.
        let is_last_word = state["Next"] == "RunFailed";
        assert!(last("Catch") || is_last_word && last("Retry"), "{state}");
    });
    assert_eq!(seen, 11);
}

#[test]
fn functions_are_not_cut_off() {
    let main = template("template.yaml");
    let machine = machine();
    let mut called = BTreeSet::new();
    for (name, state, id) in calls(&machine) {
        let runs = main["Resources"][id]["Properties"]["Timeout"].as_u64();
        assert!(runs.is_some(), "{name} calls {id}");
        assert!(state["TimeoutSeconds"].as_u64() > runs, "{name}");
        called.insert(id);
    }
    let all = [
        "OnboardOrganizationFunction",
        "ProvisionArcFunction",
        "RegisterAccountFunction",
    ];
    assert_eq!(called, all.into());
}

/// The variables that expressions below a value use, and those that are assigned there.
fn variables(value: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut used, mut assigned) = (BTreeSet::new(), BTreeSet::new());
    descend(value, &mut |value| {
        let expression = value.as_str().unwrap_or_default();
        if expression.starts_with("{%") {
            for part in expression.split('$').skip(1) {
                let name: String = part
                    .chars()
                    .take_while(char::is_ascii_alphanumeric)
                    .collect();
                used.insert(name);
            }
        }
        assigned.extend(
            value["Assign"]
                .as_object()
                .into_iter()
                .flat_map(Map::keys)
                .cloned(),
        );
    });
    // A function's own parameters, and what Step Functions gives.
    for given in ["states", "value", "name"].iter().chain(&FUNCTIONS) {
        used.remove(*given);
    }
    (used, assigned)
}

#[test]
fn a_child_knows_what_it_is_told_and_nothing_else() {
    // It is an execution of its own, which the engine of the local cloud does not take as strictly.
    let machine = machine();
    let mut children = 0;
    descend(&machine, &mut |value| {
        if value["ProcessorConfig"]["Mode"] == "DISTRIBUTED" {
            let (used, assigned) = variables(&value["States"]);
            assert!(used.is_subset(&assigned), "{used:?} {assigned:?}");
            children += 1;
        }
    });
    assert_eq!(children, 1);
}

#[test]
fn what_is_assigned_outside_is_not_assigned_again_inside() {
    let machine = machine();
    let outer: BTreeSet<&String> = states(&machine)
        .values()
        .flat_map(|state| state["Assign"].as_object().into_iter().flat_map(Map::keys))
        .collect();
    for state in states(&machine).values() {
        for inside in [&state["Branches"], &state["ItemProcessor"]] {
            let (_, inner) = variables(inside);
            assert!(inner.iter().all(|name| !outer.contains(name)), "{inner:?}");
        }
    }
    let (used, assigned) = variables(&machine);
    assert!(used.is_subset(&assigned), "{used:?} {assigned:?}");
}

#[test]
fn accounts_are_read_from_s3_and_results_written_there() {
    let machine = machine();
    let map = all_states(&machine)
        .into_iter()
        .find(|(name, _)| *name == "EachMember")
        .unwrap()
        .1;
    // A list, or results, of 10,000 accounts would not fit into a state.
    assert_eq!(
        map["ItemReader"]["Resource"],
        "arn:${Partition}:states:::s3:getObject"
    );
    assert_eq!(
        map["ResultWriter"]["Resource"],
        "arn:${Partition}:states:::s3:putObject"
    );
    assert_eq!(
        map["ResultWriter"]["WriterConfig"],
        json!({"OutputType": "JSON", "Transformation": "COMPACT"})
    );
    assert_eq!(map["MaxConcurrency"], "{% $states.input.MaxConcurrency %}");
    assert_eq!(map["ToleratedFailurePercentage"], 100);
    assert_eq!(
        map["ItemProcessor"]["ProcessorConfig"]["ExecutionType"],
        "STANDARD"
    );
}
