//! What a template comes to under given parameters, as far as our templates need it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::document::{descend, resources, strings};

/// The account that templates are evaluated for.
pub const ACCOUNT_ID: &str = "123456789012";
/// The last part of the stack's ARN.
pub const STACK_GUID: &str = "0e1d2c3b-4a59-4687-9675-84938271605f";

/// A template with its parameters.
#[derive(Debug)]
pub struct Stack<'a> {
    template: &'a Value,
    parameters: BTreeMap<&'a str, Value>,
    region: &'a str,
}

impl<'a> Stack<'a> {
    /// The template with its defaults, but for what is chosen. What it has no parameter for is left out.
    pub fn new(template: &'a Value, chosen: &[(&str, &str)]) -> Self {
        let chosen: BTreeMap<&str, &str> = chosen.iter().copied().collect();
        let defined = template["Parameters"].as_object().into_iter().flatten();
        let value = |(name, definition): (&'a String, &Value)| {
            let value = chosen.get(name.as_str()).map(|value| json!(value));
            let value = value.or_else(|| definition.get("Default").cloned());
            value.map(|value| (name.as_str(), value))
        };
        Self {
            template,
            parameters: defined.filter_map(value).collect(),
            region: "eu-west-1",
        }
    }

    /// The same stack in another region.
    pub fn in_region(self, region: &'a str) -> Self {
        Self { region, ..self }
    }

    /// Whether a condition of the template holds.
    pub fn holds(&self, condition: &str) -> bool {
        self.is_true(&self.template["Conditions"][condition])
    }

    /// The resources that the stack has, by logical id, as they are written.
    pub fn resources(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        resources(self.template)
            .map(|(id, _, resource)| (id, resource))
            .filter(|(_, resource)| {
                resource["Condition"]
                    .as_str()
                    .is_none_or(|condition| self.holds(condition))
            })
    }

    /// The rules that the parameters break: what they say.
    pub fn broken_rules(&self) -> Vec<&'a str> {
        let rules = self.template["Rules"].as_object().into_iter().flatten();
        rules
            .filter(|(_, rule)| {
                let condition = &rule["RuleCondition"];
                condition.is_null() || self.is_true(condition)
            })
            .flat_map(|(_, rule)| rule["Assertions"].as_array().into_iter().flatten())
            .filter(|assertion| !self.is_true(&assertion["Assert"]))
            .filter_map(|assertion| assertion["AssertDescription"].as_str())
            .collect()
    }

    /// A value with its functions applied; none where it comes to `AWS::NoValue`.
    pub fn value(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => Some(items.iter().filter_map(|item| self.value(item)).collect()),
            Value::Object(fields) => match sole_field(fields) {
                Some((name, argument)) if name == "Ref" || name.starts_with("Fn::") => {
                    self.function(name, argument)
                }
                _ => Some(Value::Object(self.fields(fields))),
            },
            scalar => Some(scalar.clone()),
        }
    }

    /// The same of a value that comes to something.
    pub fn whole(&self, value: &Value) -> Value {
        self.value(value)
            .unwrap_or_else(|| panic!("comes to nothing: {value}"))
    }

    fn fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        fields
            .iter()
            .filter_map(|(key, field)| Some((key.clone(), self.value(field)?)))
            .collect()
    }

    fn function(&self, name: &str, argument: &Value) -> Option<Value> {
        match name {
            "Ref" => self.reference(text(argument)),
            "Fn::If" => {
                let met = self.holds(text(&argument[0]));
                self.value(&argument[if met { 1 } else { 2 }])
            }
            "Fn::Sub" => Some(self.substituted(argument).into()),
            "Fn::Join" => {
                let parts = self.value(&argument[1])?;
                let parts = strings(&parts).join(text(&argument[0]));
                Some(parts.into())
            }
            "Fn::GetAtt" => Some(self.attribute(text(&argument[0]), text(&argument[1]))),
            "Fn::Select" => {
                let list = self.value(&argument[1])?;
                let position = argument[0]
                    .as_u64()
                    .and_then(|at| usize::try_from(at).ok())?;
                Some(list[position].clone())
            }
            "Fn::Split" => {
                let whole = self.value(&argument[1])?;
                Some(text(&whole).split(text(&argument[0])).collect())
            }
            _ => panic!("{name} is not evaluated"),
        }
    }

    fn reference(&self, name: &str) -> Option<Value> {
        let pseudo = match name {
            "AWS::NoValue" => return None,
            "AWS::AccountId" => ACCOUNT_ID.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => self.region.to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => "connector".to_owned(),
            "AWS::StackId" => {
                format!(
                    "arn:aws:cloudformation:eu-west-1:{ACCOUNT_ID}:stack/connector/{STACK_GUID}"
                )
            }
            name => {
                let given = self.parameters.get(name).cloned();
                let value = given.or_else(|| self.name_of(name));
                return Some(value.unwrap_or_else(|| panic!("{name} is not given")));
            }
        };
        Some(pseudo.into())
    }

    /// The name of a resource, where it is given one; else its logical id.
    fn name_of(&self, id: &str) -> Option<Value> {
        let properties = self.template["Resources"].get(id)?.get("Properties")?;
        let named = ["Name", "RoleName"].into_iter();
        let mut named = named.filter_map(|property| properties.get(property));
        Some(named.next().map_or(id.into(), |name| self.whole(name)))
    }

    /// The ARN of a role or of a function, where it has a name; else its id, which no test compares.
    fn attribute(&self, id: &str, attribute: &str) -> Value {
        let properties = &self.template["Resources"][id]["Properties"];
        let named = |name: &str| {
            self.value(properties.get(name)?)?
                .as_str()
                .map(str::to_owned)
        };
        let place = format!("lambda:{}:{ACCOUNT_ID}:function", self.region);
        let role = named("RoleName").map(|name| format!("iam::{ACCOUNT_ID}:role/{name}"));
        let arn = role.or_else(|| Some(format!("{place}:{}", named("FunctionName")?)));
        match arn {
            Some(arn) if attribute == "Arn" => format!("arn:aws:{arn}").into(),
            _ => format!("{id}.{attribute}").into(),
        }
    }

    fn substituted(&self, argument: &Value) -> String {
        // Alone, or with values of its own.
        let (pattern, own) = match argument {
            Value::Array(both) => (text(&both[0]), &both[1]),
            pattern => (text(pattern), &Value::Null),
        };
        let mut parts = pattern.split("${");
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap_or_default();
            let value = match name.split_once('.') {
                _ if !own[name].is_null() => self.whole(&own[name]),
                Some((id, attribute)) => self.attribute(id, attribute),
                None => self.reference(name).unwrap_or_default(),
            };
            whole += text(&value);
            whole += rest;
        }
        whole
    }

    fn is_true(&self, condition: &Value) -> bool {
        let (name, argument) = condition
            .as_object()
            .and_then(sole_field)
            .unwrap_or_else(|| panic!("no condition: {condition}"));
        let all = || argument.as_array().into_iter().flatten();
        match name {
            "Condition" => self.holds(text(argument)),
            "Fn::And" => all().all(|one| self.is_true(one)),
            "Fn::Or" => all().any(|one| self.is_true(one)),
            "Fn::Not" => !self.is_true(&argument[0]),
            "Fn::Equals" => self.value(&argument[0]) == self.value(&argument[1]),
            _ => panic!("{name} is no condition"),
        }
    }
}

/// The parameters that decide what a value or a condition comes to.
pub fn deciding<'a>(template: &'a Value, value: &'a Value) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    descend(value, &mut |value| {
        let referred = strings(&value["Ref"]);
        found.extend(
            referred
                .into_iter()
                .filter(|name| !template["Parameters"][name].is_null()),
        );
        for condition in [&value["Condition"], &value["Fn::If"][0]] {
            if let Some(condition) = condition.as_str() {
                found.extend(deciding(template, &template["Conditions"][condition]));
            }
        }
    });
    found
}

fn sole_field(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut all = fields.iter().map(|(name, value)| (name.as_str(), value));
    all.next().filter(|_| fields.len() == 1)
}

/// A value that has to be a text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[test]
fn every_function_is_applied() {
    let template = json!({
        "Parameters": {"Color": {"Default": "red"}, "Size": {}},
        "Conditions": {
            "IsRed": {"Fn::Equals": [{"Ref": "Color"}, "red"]},
            "IsBig": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "small"]}]},
            "Both": {"Fn::And": [{"Condition": "IsRed"}, {"Condition": "IsBig"}]},
            "Either": {"Fn::Or": [{"Condition": "IsRed"}, {"Condition": "IsBig"}]},
        },
        "Resources": {
            "Always": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Ref": "Color"}}},
            "Sometimes": {"Type": "AWS::IAM::Role", "Condition": "Both"},
        },
    });
    for (color, size, both, either) in [
        ("red", "big", true, true),
        ("red", "small", false, true),
        ("blue", "big", false, true),
        ("blue", "small", false, false),
    ] {
        let stack = Stack::new(
            &template,
            &[("Color", color), ("Size", size), ("Unknown", "")],
        );
        assert_eq!((stack.holds("Both"), stack.holds("Either")), (both, either));
        assert_eq!(stack.resources().count(), 1 + usize::from(both));
        let chosen = json!({"Fn::If": ["Both", {"Ref": "Size"}, {"Ref": "AWS::NoValue"}]});
        assert_eq!(stack.value(&chosen), both.then(|| json!(size)));
    }
    let stack = Stack::new(&template, &[("Size", "small")]);
    let pattern = json!({"a": [{"Fn::Sub": "${Color}-${AWS::AccountId} ${Always.Arn}"}]});
    let whole = format!("red-{ACCOUNT_ID} arn:aws:iam::{ACCOUNT_ID}:role/red");
    assert_eq!(stack.value(&pattern), Some(json!({"a": [whole]})));
    let own = json!({"Fn::Sub": ["${Color} ${list}", {"list": {"Fn::Join": ["+", ["a", "b"]]}}]});
    assert_eq!(stack.value(&own), Some(json!("red a+b")));
    let last = json!({"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]});
    assert_eq!(stack.value(&last), Some(json!(STACK_GUID)));
    let reads = deciding(&template, &template["Conditions"]["Both"]);
    assert_eq!(reads, ["Color", "Size"].into());
}

#[test]
fn broken_rules_are_told() {
    let refused = |value: &str| json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "P"}, value]}]});
    let template = json!({
        "Parameters": {"P": {"Default": "good"}},
        "Rules": {
            "Always": {"Assertions": [{"Assert": refused("bad"), "AssertDescription": "not bad"}]},
            "Sometimes": {
                "RuleCondition": {"Fn::Equals": [{"Ref": "P"}, "worse"]},
                "Assertions": [{"Assert": refused("worse"), "AssertDescription": "not worse"}],
            },
        },
    });
    let broken = |value| Stack::new(&template, &[("P", value)]).broken_rules();
    assert_eq!(broken("good"), Vec::<&str>::new());
    assert_eq!(broken("bad"), ["not bad"]);
    assert_eq!(broken("worse"), ["not worse"]);
}
