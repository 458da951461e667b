//! Reading templates into JSON, with CloudFormation's short tags written out.

use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

/// Every template of the project, by its path.
pub const TEMPLATES: [&str; 5] = [
    "template.yaml",
    "templates/access.yaml",
    "templates/account.yaml",
    "templates/organization-events.yaml",
    "templates/region.yaml",
];

const TRANSFORM: &str = "
import json, os, sys
os.environ.setdefault('AWS_DEFAULT_REGION', 'eu-west-1')
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
template = json.load(sys.stdin)
json.dump(Translator({}, Parser()).translate(template, {}), sys.stdout)
";

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the checkout.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All Rust code below a folder of the checkout, as one text.
pub fn rust_sources(folder: &str) -> String {
    let mut sources = String::new();
    let entries = fs::read_dir(root().join(folder));
    for entry in entries.unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let entry = entry.unwrap_or_else(|error| panic!("{folder}: {error}"));
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            sources += &rust_sources(&path);
        } else if Path::new(&path)
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            sources += &read(&path);
        }
    }
    sources
}

/// A template as it is written.
pub fn template(path: &str) -> Value {
    let yaml: Yaml =
        serde_yaml_ng::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    long_form(yaml)
}

/// `template.yaml` as CloudFormation gets it: transformed by SAM.
pub fn transformed() -> &'static Value {
    static TRANSFORMED: OnceLock<Value> = OnceLock::new();
    TRANSFORMED.get_or_init(|| {
        let mut template = template("template.yaml");
        // What `sam package` does: the transform knows uploaded files only.
        template["Globals"]["Function"]["CodeUri"] = json!("s3://bucket/key");
        for resource in template["Resources"].as_object_mut().into_iter().flatten() {
            if resource.1["Type"] == "AWS::Serverless::StateMachine" {
                resource.1["Properties"]["DefinitionUri"] = json!("s3://bucket/key");
            }
        }
        run_python(TRANSFORM, &template)
    })
}

/// What a script of the local cloud's Python makes of a value. It reads JSON and prints JSON.
pub fn run_python(script: &str, input: &Value) -> Value {
    let python = root().join(".local/emulator/bin/python");
    let mut child = Command::new(&python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; `cargo xtask test` sets it up",
                python.display()
            )
        });
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(input.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("the script reads nothing: {error}"));
    }
    let output = child
        .wait_with_output()
        .unwrap_or_else(|error| panic!("the script: {error}"));
    assert!(
        output.status.success(),
        "the script fails: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("the script's answer: {error}"))
}

/// Resources of a template: logical id, type, the resource.
pub fn resources(template: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let resources = template["Resources"].as_object();
    resources.into_iter().flatten().map(|(id, resource)| {
        (
            id.as_str(),
            resource["Type"].as_str().unwrap_or_default(),
            resource,
        )
    })
}

/// Every value below `value`, itself included.
pub fn descend<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| descend(item, visit)),
        Value::Object(fields) => fields.values().for_each(|field| descend(field, visit)),
        _ => {}
    }
}

/// One string or several.
pub fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A text as one of the domain's types.
pub fn parsed<T: FromStr<Err: Display>>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn long_form(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => flag.into(),
        Yaml::Number(number) => serde_json::to_value(number).unwrap_or_default(),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => items.into_iter().map(long_form).collect(),
        Yaml::Mapping(fields) => Value::Object(fields.into_iter().map(field).collect()),
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            function(name.trim_start_matches('!'), long_form(tagged.value))
        }
    }
}

fn field((key, value): (Yaml, Yaml)) -> (String, Value) {
    match long_form(key) {
        Value::String(key) => (key, long_form(value)),
        key => panic!("a key that is no text: {key}"),
    }
}

fn function(name: &str, argument: Value) -> Value {
    let (key, argument) = match (name, &argument) {
        ("Ref" | "Condition", _) => (name.to_owned(), argument),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
            ("Fn::GetAtt".to_owned(), json!([resource, attribute]))
        }
        _ => (format!("Fn::{name}"), argument),
    };
    Value::Object(Map::from_iter([(key, argument)]))
}

#[test]
fn short_tags_are_written_out() {
    let yaml = "{a: !Ref B, c: !GetAtt D.Outputs.E, f: !If [G, !Sub '${H}', i]}";
    assert_eq!(
        long_form(serde_yaml_ng::from_str(yaml).unwrap()),
        json!({
            "a": {"Ref": "B"},
            "c": {"Fn::GetAtt": ["D", "Outputs.E"]},
            "f": {"Fn::If": ["G", {"Fn::Sub": "${H}"}, "i"]},
        })
    );
}
