//! Parameters: shown in the console, passed on, and set by samconfig.toml.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::roles::ROLES;
use serde_json::{Value, json};

use crate::document::{descend, read, resources, strings, template};
use crate::evaluation::Stack;

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

#[test]
fn the_console_shows_every_parameter_once_with_a_label() {
    let template = template("template.yaml");
    let interface = &template["Metadata"]["AWS::CloudFormation::Interface"];
    let groups = interface["ParameterGroups"].as_array().unwrap();
    let shown: Vec<&str> = groups
        .iter()
        .flat_map(|group| strings(&group["Parameters"]))
        .collect();
    assert_eq!(
        shown.iter().copied().collect::<BTreeSet<_>>(),
        keys(&template["Parameters"])
    );
    assert_eq!(shown.len(), keys(&template["Parameters"]).len());
    assert_eq!(
        keys(&interface["ParameterLabels"]),
        keys(&template["Parameters"])
    );
}

#[test]
fn a_wrong_value_is_refused_with_words() {
    for path in crate::document::TEMPLATES {
        let template = template(path);
        for (name, parameter) in template["Parameters"].as_object().unwrap() {
            let listed = parameter["AllowedValues"].is_array();
            let described = parameter["AllowedPattern"].is_string()
                && parameter["ConstraintDescription"].is_string();
            assert!(listed || described, "{path} {name}");
            assert!(parameter["Description"].is_string(), "{path} {name}");
        }
    }
}

#[test]
fn no_parameter_takes_a_secret() {
    for path in crate::document::TEMPLATES {
        for name in keys(&template(path)["Parameters"]) {
            assert!(
                !name.contains("Secret") || name.ends_with("Arn"),
                "{path} {name}"
            );
        }
    }
}

/// The parameters that a stack or a stack set is given, by name.
pub fn passed(resource: &Value) -> Value {
    match &resource["Properties"]["Parameters"] {
        Value::Array(pairs) => pairs
            .iter()
            .map(|pair| {
                let key = pair["ParameterKey"].as_str().unwrap_or_default();
                (key.to_owned(), pair["ParameterValue"].clone())
            })
            .collect(),
        map => map.clone(),
    }
}

#[test]
fn nested_stacks_get_the_parameters_that_they_have() {
    let template_yaml = template("template.yaml");
    for (id, kind, resource) in resources(&template_yaml) {
        if !kind.starts_with("AWS::CloudFormation::Stack") {
            continue;
        }
        let nested = template(resource["Properties"]["TemplateURL"].as_str().unwrap());
        let passed = &passed(resource);
        for (name, parameter) in nested["Parameters"].as_object().unwrap() {
            let given = !passed[name].is_null();
            assert!(
                given || !parameter["Default"].is_null(),
                "{id} is not given {name}"
            );
            // A parameter of the same name has the same limits and the same default.
            let outer = &template_yaml["Parameters"][name];
            if given && passed[name] == json!({"Ref": name}) {
                for limit in ["AllowedPattern", "AllowedValues", "Default"] {
                    assert_eq!(outer[limit], parameter[limit], "{id} {name} {limit}");
                }
            }
        }
        for name in keys(passed) {
            assert!(
                !nested["Parameters"][name].is_null(),
                "{id} is given {name}"
            );
        }
    }
}

#[test]
fn outputs_of_nested_stacks_exist() {
    let template_yaml = template("template.yaml");
    let mut seen = 0;
    descend(&template_yaml["Outputs"], &mut |value| {
        if let [stack, attribute] = strings(&value["Fn::GetAtt"])[..]
            && let Some(output) = attribute.strip_prefix("Outputs.")
        {
            let url = &template_yaml["Resources"][stack]["Properties"]["TemplateURL"];
            let nested = template(url.as_str().unwrap());
            assert!(!nested["Outputs"][output].is_null(), "{stack} {output}");
            seen += 1;
        }
    });
    assert!(seen > 0);
}

/// Tables of samconfig.toml, which holds only `key = value` lines and comments.
fn samconfig() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut table = String::new();
    let text = read("samconfig.toml");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            name.clone_into(&mut table);
        } else if let Some((key, value)) = line.split_once(" = ") {
            let value = value.trim_matches('"').to_owned();
            tables
                .entry(table.clone())
                .or_default()
                .insert(key.to_owned(), value);
        }
    }
    tables
}

#[test]
fn samconfig_sets_every_parameter_without_default_and_no_unknown_one() {
    let template = template("template.yaml");
    let tables = samconfig();
    for environment in ["default", "local", "local-organization"] {
        let overrides = &tables[&format!("{environment}.deploy.parameters.parameter_overrides")];
        for (name, parameter) in template["Parameters"].as_object().unwrap() {
            let set = overrides.contains_key(name);
            assert!(
                set || !parameter["Default"].is_null(),
                "{environment} lacks {name}"
            );
        }
        for name in overrides.keys() {
            assert!(
                !template["Parameters"][name].is_null(),
                "{environment} sets {name}"
            );
        }
        let deploy = &tables[&format!("{environment}.deploy.parameters")];
        assert_eq!(deploy["capabilities"], "CAPABILITY_NAMED_IAM");
        // A cached build serves an old binary after a shared crate has changed.
        assert_eq!(
            tables[&format!("{environment}.build.parameters")]["cached"],
            "false"
        );
    }
}

#[test]
fn samconfig_is_committed_with_nobodys_ids() {
    // No pattern of these parameters admits the placeholder's slash, so a deploy refuses it.
    let overrides = &samconfig()["default.deploy.parameters.parameter_overrides"];
    for name in [
        "AzureTenantId",
        "AzureSubscriptionId",
        "AzureClientId",
        "AzureResourceGroup",
    ] {
        assert_eq!(overrides[name], "set by azure/fill-samconfig.sh", "{name}");
    }
}

#[test]
fn samconfig_shows_the_plans_at_their_defaults() {
    let template = template("template.yaml");
    let overrides = &samconfig()["default.deploy.parameters.parameter_overrides"];
    for plan in [
        "CspmPlan",
        "ServersPlan",
        "ContainersPlan",
        "DatabasesPlan",
        "ArcAutoProvisioning",
    ] {
        assert!(overrides.contains_key(plan), "{plan}");
    }
    for (name, value) in overrides {
        let default = &template["Parameters"][name]["Default"];
        assert!(default.is_null() || default == value, "{name}");
    }
}

#[test]
fn the_local_sets_have_every_plan_with_every_role() {
    let template = template("template.yaml");
    let tables = samconfig();
    let overrides =
        |environment| &tables[&format!("{environment}.deploy.parameters.parameter_overrides")];
    for environment in ["local", "local-organization"] {
        let chosen: Vec<(&str, &str)> = overrides(environment)
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let stack = Stack::new(&template, &chosen);
        assert_eq!(stack.broken_rules(), Vec::<&str>::new());
        let names = &template["Resources"]["IdentityProvider"]["Properties"]["RoleNames"];
        assert_eq!(
            stack.value(names).unwrap().as_object().unwrap().len(),
            ROLES.len()
        );
        for (name, value) in chosen {
            let allowed = strings(&template["Parameters"][name]["AllowedValues"]);
            assert!(
                allowed.is_empty() || allowed.contains(&value),
                "{name}={value}"
            );
        }
    }
    // The same but for the scope.
    let mut organization = overrides("local-organization").clone();
    assert_eq!(
        organization.remove("Scope").as_deref(),
        Some("Organization")
    );
    assert_eq!(&organization, overrides("local"));
}
