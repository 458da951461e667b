//! `Organization` and `MigrateMemberRegistration`.

use super::*;

fn with(organization: Value) -> Value {
    let mut properties = minimal();
    properties["Organization"] = organization;
    properties
}

#[test]
fn the_part_is_wanted_as_it_is_written() {
    let excluded = "333333333333, 222222222222";
    let properties =
        with(json!({"StackSetName": "Members-Account", "ExcludedAccountIds": excluded}));
    let part = wanted(&properties, None).unwrap().connector.organization;
    insta::assert_debug_snapshot!(part, @r#"
    Some(
        WantedOrganization {
            stack_set_name: "Members-Account",
            excluded_account_ids: {
                AccountId(
                    "222222222222",
                ),
                AccountId(
                    "333333333333",
                ),
            },
        },
    )
    "#);
    for none in [
        json!({"StackSetName": "s"}),
        json!({"StackSetName": "s", "ExcludedAccountIds": ""}),
    ] {
        let part = wanted(&with(none), None).unwrap().connector.organization;
        assert!(part.unwrap().excluded_account_ids.is_empty());
    }
    assert_eq!(
        wanted(&minimal(), None).unwrap().connector.organization,
        None
    );
}

#[test]
fn each_wrong_value_is_named_by_its_path() {
    let starts = |organization: Value, path: &str| {
        let reason = wanted(&with(organization), None).unwrap_err();
        let path = format!("ResourceProperties.Organization{path}: ");
        assert!(reason.starts_with(&path), "{reason}");
    };
    let named = |name: &str| json!({"StackSetName": name});
    for name in ["", "1a", "-a", "a_b", "a/b", &"x".repeat(129)] {
        starts(named(name), ".StackSetName");
    }
    assert!(wanted(&with(named(&"x".repeat(128))), None).is_ok());
    starts(json!({"StackSetName": ["s"]}), ".StackSetName");
    starts(
        json!({"StackSetName": "s", "ExcludedAccountIds": ["222222222222", "2"]}),
        ".ExcludedAccountIds[1]",
    );
    starts(
        json!({"StackSetName": "s", "ExcludedAccountIds": "222222222222,x"}),
        ".ExcludedAccountIds",
    );
    starts(json!({"StackSetName": "s", "Excluded": "x"}), ".Excluded");
    starts(json!("s"), "");
    let reason = wanted(&with(json!({})), None).unwrap_err();
    assert!(reason.contains("missing field `StackSetName`"), "{reason}");
}

#[test]
fn a_migration_is_asked_for_now_or_by_the_update_that_is_taken_back() {
    let asked = |now: Option<&str>, old: Option<Value>| {
        let mut properties = minimal();
        if let Some(now) = now {
            properties["MigrateMemberRegistration"] = json!(now);
        }
        let wanted = wanted(&properties, old.as_ref()).unwrap();
        wanted.terms.migrate_member_registration
    };
    let old = |value: Value| Some(json!({"MigrateMemberRegistration": value}));
    assert!(asked(Some("true"), None) && asked(Some("true"), old(json!("false"))));
    assert!(asked(None, old(json!("true"))) && asked(Some("false"), old(json!(true))));
    for nothing in [None, Some(json!(null)), Some(json!({})), old(json!("yes"))] {
        assert!(!asked(None, nothing.clone()), "{nothing:?}");
    }
}
