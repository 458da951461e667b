//! Azure's rules for the tags of a resource ("Use tags to organize your Azure resources", limits).

use std::collections::BTreeSet;

use serde_json::Value;

use super::validation::Problem;

const MOST_TAGS: usize = 50;
const LONGEST_NAME: usize = 512;
const LONGEST_VALUE: usize = 256;
const NOT_IN_NAMES: [char; 7] = ['<', '>', '%', '&', '\\', '?', '/'];

/// Checks a map of texts; anything else has no tags.
pub(crate) fn check(tags: &Value) -> Result<(), Problem> {
    let Some(tags) = tags.as_object() else {
        return Ok(());
    };
    if tags.len() > MOST_TAGS {
        return Err(problem("tags", format!("More than {MOST_TAGS} tags")));
    }
    let mut names = BTreeSet::new();
    for (name, value) in tags {
        let path = format!("tags.{name}");
        if name.is_empty() || length(name) > LONGEST_NAME || name.contains(NOT_IN_NAMES) {
            return Err(problem(&path, "The tag name is invalid".to_owned()));
        }
        if value
            .as_str()
            .is_some_and(|value| length(value) > LONGEST_VALUE)
        {
            return Err(problem(&path, "The tag value is too long".to_owned()));
        }
        // Names differ by more than case.
        if !names.insert(name.to_lowercase()) {
            return Err(problem(&path, "The tag name is there already".to_owned()));
        }
    }
    Ok(())
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn problem(path: &str, what: String) -> Problem {
    Problem {
        path: path.to_owned(),
        what,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_azure_takes_passes() {
        let most: serde_json::Map<String, Value> = (0..50)
            .map(|number| (format!("key{number}"), json!("")))
            .collect();
        for good in [
            json!(null),
            json!({}),
            Value::Object(most),
            json!({ "AccountId": "111122223333", "ä b": "é".repeat(256) }),
        ] {
            assert_eq!(check(&good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_it_does_not_take_is_named() {
        let many: serde_json::Map<String, Value> = (0..51)
            .map(|number| (format!("key{number}"), json!("")))
            .collect();
        for (bad, path) in [
            (Value::Object(many), "tags"),
            (json!({ "a/b": "x" }), "tags.a/b"),
            (json!({ "": "x" }), "tags."),
            (json!({ "a": "x".repeat(257) }), "tags.a"),
            (json!({ "Cloud": "AWS", "cloud": "AWS" }), "tags.cloud"),
        ] {
            assert_eq!(check(&bad).unwrap_err().path, path, "{bad}");
        }
    }
}
