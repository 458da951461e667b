//! The management account's connector, through which Defender registers members itself, and the
//! connectors that it makes for these.

use onboarding::connector::{OrganizationalData as Seen, WantedOrganization};

use super::*;

const DATA: &str = "/properties/environmentData/organizationalData";

fn organization(excluded: &[&str]) -> WantedConnector {
    WantedConnector {
        organization: Some(WantedOrganization {
            stack_set_name: "DefenderConnector-Members-Account".into(),
            excluded_account_ids: excluded.iter().map(|id| id.parse().unwrap()).collect(),
        }),
        ..wanted()
    }
}

/// A connector of the portal with this part.
fn portal_with(data: &Value) -> Connector {
    let mut body = portal();
    body["properties"]["environmentData"]["organizationalData"] = data.clone();
    read(body).unwrap()
}

#[test]
fn a_new_one_is_written_in_full() {
    let written = body(&organization(&["333333333333", "222222222222"]), None).unwrap();
    insta::assert_json_snapshot!(written["properties"]["environmentData"], @r#"
    {
      "environmentType": "AwsAccount",
      "organizationalData": {
        "excludedAccountIds": [
          "222222222222",
          "333333333333"
        ],
        "organizationMembershipType": "Organization",
        "stacksetName": "DefenderConnector-Members-Account"
      },
      "regions": [],
      "scanInterval": 12
    }
    "#);
    let all = organization(&[]);
    let written = body(&all, None).unwrap();
    assert_eq!(
        written.pointer(DATA).unwrap()["excludedAccountIds"],
        json!([])
    );
    assert_eq!(differences(&all, &answered(written)), vec![]);
}

#[test]
fn what_is_not_ours_in_it_stays() {
    let seen = portal_with(&json!({
        "organizationMembershipType": "organization", "stacksetName": "portal",
        "excludedAccountIds": ["333333333333", "222222222222"], "newDetail": 1,
    }));
    let wanted = organization(&["222222222222", "333333333333"]);
    assert!(differences(&wanted, &seen).contains(&Difference::OrganizationalData));
    let written = body(&wanted, Some(&seen)).unwrap();
    insta::assert_json_snapshot!(written.pointer(DATA).unwrap(), @r#"
    {
      "excludedAccountIds": [
        "333333333333",
        "222222222222"
      ],
      "newDetail": 1,
      "organizationMembershipType": "organization",
      "stacksetName": "DefenderConnector-Members-Account"
    }
    "#);
    assert_eq!(differences(&wanted, &answered(written)), vec![]);
    let written = body(&organization(&["222222222222"]), Some(&seen)).unwrap();
    assert_eq!(
        written.pointer(DATA).unwrap()["excludedAccountIds"],
        json!(["222222222222"])
    );
}

#[test]
fn another_kind_becomes_the_wanted_one() {
    let wanted = organization(&[]);
    for there in [json!(null), json!({"organizationMembershipType": "Member"})] {
        let written = body(&wanted, Some(&portal_with(&there))).unwrap();
        assert_eq!(
            written.pointer(DATA),
            body(&wanted, None).unwrap().pointer(DATA)
        );
    }
}

#[test]
fn where_none_is_wanted_it_is_a_difference_and_is_not_written_over() {
    for there in [
        json!({"organizationMembershipType": "Organization", "stacksetName": "portal"}),
        json!({"organizationMembershipType": "Member", "parentHierarchyId": "111111111111"}),
        json!({"organizationMembershipType": "FromTheFuture", "x": [1]}),
    ] {
        let seen = portal_with(&there);
        assert!(differences(&wanted(), &seen).contains(&Difference::OrganizationalData));
        let written = body(&wanted(), Some(&seen)).unwrap();
        assert_eq!(written.pointer(DATA), Some(&there));
    }
}

#[test]
fn it_is_read_as_the_domain_compares_it() {
    let read = |data: Value| portal_with(&data).organizational_data;
    let member = |parent: Option<&str>| {
        let parent = parent.map(str::to_owned);
        Some(Seen::Member { parent })
    };
    assert_eq!(read(json!(null)), None);
    assert_eq!(read(json!("Organization")), None);
    let kind = "organizationMembershipType";
    assert_eq!(
        read(json!({kind: "Member", "parentHierarchyId": "111111111111"})),
        member(Some("111111111111"))
    );
    // What nobody knows is not ours to touch.
    assert_eq!(read(json!({kind: "FromTheFuture"})), member(None));
    assert_eq!(read(json!({})), member(None));
    assert_eq!(
        read(
            json!({kind: "Organization", "stacksetName": "s", "excludedAccountIds": ["2", 3, "1"]})
        ),
        Some(Seen::Organization {
            stack_set_name: "s".into(),
            excluded_account_ids: ["1".to_owned(), "2".to_owned()].into(),
        })
    );
}

#[test]
fn a_member_is_known_for_one_in_a_body_that_is_otherwise_wrong() {
    let mut odd = portal();
    odd["properties"]["environmentData"]["scanInterval"] = json!("four");
    odd["properties"]["environmentData"]["organizationalData"] =
        json!({"organizationMembershipType": "Member", "parentHierarchyId": "ou-1"});
    let seen = read(odd).unwrap();
    assert_eq!(seen.member_of(), Some("ou-1"));
}
