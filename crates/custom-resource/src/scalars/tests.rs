use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::parse_properties;

/// Stands for a newtype that reads itself from a string and refuses some.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
struct Lower(String);

impl TryFrom<String> for Lower {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.chars().any(char::is_uppercase) {
            Err("expected lower case")
        } else {
            Ok(Self(text))
        }
    }
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Scalars {
    #[serde(deserialize_with = "super::boolean")]
    flag: bool,
    #[serde(deserialize_with = "super::optional_boolean")]
    maybe: Option<bool>,
    #[serde(deserialize_with = "super::integer")]
    hours: u8,
    #[serde(deserialize_with = "super::optional_integer")]
    days: Option<i64>,
    #[serde(deserialize_with = "super::list")]
    names: Vec<Lower>,
}

fn read(properties: &Value) -> Scalars {
    parse_properties(properties).unwrap()
}

fn problem(properties: &Value) -> String {
    parse_properties::<Scalars>(properties)
        .unwrap_err()
        .to_string()
}

#[test]
fn absent_scalars_take_their_default() {
    assert_eq!(read(&json!({})), Scalars::default());
}

#[test]
fn booleans_are_true_or_false_and_nothing_like_it() {
    for (given, value) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
    ] {
        assert_eq!(read(&json!({"flag": given})).flag, value);
        assert_eq!(read(&json!({"maybe": given})).maybe, Some(value));
    }
    let not_booleans = ["True", "TRUE", "t", "", " true", "trueX", "yes", "1"].map(Value::from);
    for bad in
        not_booleans
            .into_iter()
            .chain([json!(1), json!(0), json!(null), json!([]), json!({})])
    {
        for name in ["flag", "maybe"] {
            let shown = problem(&json!({name: bad}));
            assert!(
                shown.starts_with(&format!("ResourceProperties.{name}: ")),
                "{shown}"
            );
            assert!(shown.contains("expected true or false"), "{shown}");
        }
    }
}

#[test]
fn integers_are_numbers_or_their_one_decimal_spelling() {
    assert_eq!(read(&json!({"hours": 24})).hours, 24);
    assert_eq!(read(&json!({"hours": "24"})).hours, 24);
    assert_eq!(read(&json!({"days": "-1"})).days, Some(-1));
    let not_numbers = [
        "", " 4", "4 ", "+4", "04", "4.0", "0x4", "4h", "-0", "256", "-1", "٤",
    ];
    let not_numbers = not_numbers.into_iter().map(Value::from);
    for bad in not_numbers.chain([json!(256), json!(-1), json!(4.0), json!(true), json!(null)]) {
        let shown = problem(&json!({"hours": bad}));
        assert!(
            shown.starts_with("ResourceProperties.hours: invalid "),
            "{shown}"
        );
        assert!(shown.contains("expected a whole number"), "{shown}");
    }
}

#[test]
fn lists_come_as_lists_or_with_commas() {
    let names = |given: Value| {
        read(&json!({"names": given}))
            .names
            .into_iter()
            .map(|name| name.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(json!(["us-east-1", " eu-west-1 "])),
        ["us-east-1", "eu-west-1"]
    );
    assert_eq!(
        names(json!("us-east-1, eu-west-1")),
        ["us-east-1", "eu-west-1"]
    );
    assert_eq!(names(json!("one")), ["one"]);
    for empty in [json!([]), json!(""), json!(" "), json!([""])] {
        assert!(names(empty.clone()).is_empty(), "{empty}");
    }
}

#[test]
fn an_item_that_does_not_fit_is_pointed_at() {
    for (bad, shown) in [
        (
            json!("a,,b"),
            "ResourceProperties.names: item 2: expected a text, found none",
        ),
        (
            json!(","),
            "ResourceProperties.names: item 1: expected a text, found none",
        ),
        (
            json!(["a", "  "]),
            "ResourceProperties.names: item 2: expected a text, found none",
        ),
        (
            json!(["", ""]),
            "ResourceProperties.names: item 1: expected a text, found none",
        ),
        (
            json!(["a", "B"]),
            "ResourceProperties.names[1]: expected lower case",
        ),
        (
            json!("a,B"),
            "ResourceProperties.names: item 2: expected lower case",
        ),
        (
            json!(["a", 1]),
            "ResourceProperties.names[1]: invalid type: integer `1`, expected a string",
        ),
    ] {
        assert_eq!(problem(&json!({"names": bad})), shown);
    }
    assert!(problem(&json!({"names": {"a": "b"}})).contains("expected a list of strings"));
}

proptest! {
    #[test]
    fn a_number_reads_the_same_as_its_text(number in any::<i64>()) {
        prop_assert_eq!(read(&json!({"days": number})), read(&json!({"days": number.to_string()})));
    }

    #[test]
    fn a_list_reads_the_same_with_commas(items in proptest::collection::vec("[a-z0-9-]{1,9}", 0..9)) {
        prop_assert_eq!(read(&json!({"names": items})), read(&json!({"names": items.join(",")})));
    }

    #[test]
    fn only_two_texts_are_booleans(text in "\\PC{0,6}|[tTfF][rRaA][uUlL][eEsS][eE]?") {
        let parsed = parse_properties::<Scalars>(&json!({"flag": text}));
        prop_assert_eq!(parsed.is_ok(), text == "true" || text == "false");
    }
}
