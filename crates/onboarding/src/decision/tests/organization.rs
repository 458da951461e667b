//! Connectors that stand for an organization, and those that Defender makes for its members.

use super::*;
use crate::connector::{OrganizationalData, WantedOrganization};

const MEMBER: &str = "222222222222";

/// What a connector shows of an organization after it was written.
pub fn shown(wanted: &WantedConnector) -> Option<OrganizationalData> {
    let part = wanted.organization.as_ref()?;
    Some(OrganizationalData::Organization {
        stack_set_name: part.stack_set_name.clone(),
        excluded_account_ids: part
            .excluded_account_ids
            .iter()
            .map(ToString::to_string)
            .collect(),
    })
}

/// The management account's connector where Defender registers the members itself.
fn discovery() -> WantedConnector {
    WantedConnector {
        organization: Some(WantedOrganization {
            stack_set_name: "DefenderConnector-Members-Account".into(),
            excluded_account_ids: ["333333333333".parse().unwrap()].into(),
        }),
        ..wanted()
    }
}

fn of_account(connector: Connector, account: &str) -> Connector {
    Connector {
        id: id("rg", &format!("aws-{account}")),
        hierarchy_identifier: account.into(),
        ..connector
    }
}

/// As Defender makes one, with whatever tags it was given.
fn made_by_defender(account: &str) -> Connector {
    let parent = Some(ACCOUNT.to_owned());
    Connector {
        organizational_data: Some(OrganizationalData::Member { parent }),
        ..of_account(written(&discovery()), account)
    }
}

fn migrating() -> Terms {
    Terms {
        migrate_member_registration: true,
        ..Terms::default()
    }
}

fn refused(wanted: &WantedConnector, connectors: &[Connector], terms: &Terms) -> String {
    let refusal = decided_on(wanted, connectors, terms).unwrap_err();
    refusal.to_string()
}

#[test]
fn the_organizations_connector_is_compared_too() {
    let wanted = discovery();
    let seen = written(&wanted);
    let decision = decided_for(&wanted, &[seen.clone(), made_by_defender(MEMBER)], false);
    assert_eq!(decision.unwrap().step, Step::Nothing);

    let mut fewer = wanted.clone();
    fewer
        .organization
        .as_mut()
        .unwrap()
        .excluded_account_ids
        .clear();
    let step = decided_for(&fewer, &[seen], false).unwrap().step;
    assert_eq!(step, Step::Update(vec![Difference::OrganizationalData]));
}

#[test]
fn members_are_told_apart_whatever_tags_they_have() {
    let member = made_by_defender(MEMBER);
    assert!(ours().owns(&member.tags) && !member.is_owned_by(&ours()));
    assert!(member.is_member() && !member.is_organization());
    assert_eq!(member.member_of(), Some(ACCOUNT));
    let organization = written(&discovery());
    assert!(organization.is_organization() && organization.is_owned_by(&ours()));
    assert_eq!(organization.member_of(), None);
    let alone = written(&wanted());
    assert!(!alone.is_organization() && !alone.is_member());
}

#[test]
fn what_defender_made_for_a_member_is_neither_edited_nor_adopted() {
    let member = made_by_defender(ACCOUNT);
    let terms = Terms {
        adopt_existing: true,
        ..migrating()
    };
    for wanted in [wanted(), discovery()] {
        let reason = refused(&wanted, std::slice::from_ref(&member), &terms);
        assert!(reason.contains(&member.id.to_string()), "{reason}");
        assert!(reason.contains("MemberRegistration=Discovery"), "{reason}");
    }
}

#[test]
fn an_account_is_not_registered_beside_its_organizations_connector() {
    let organization = written(&discovery());
    let seen = std::slice::from_ref(&organization);
    let reason = refused(&wanted(), seen, &Terms::default());
    assert!(reason.contains(&organization.id.to_string()), "{reason}");
    assert!(
        reason.contains("MigrateMemberRegistration=true"),
        "{reason}"
    );

    let member = WantedConnector {
        account: MEMBER.parse().unwrap(),
        id: id("rg", "aws-222222222222"),
        ..wanted()
    };
    let below = Terms {
        management_account: Some(ACCOUNT.parse().unwrap()),
        // A member's turn comes when the organization's connector is gone.
        ..migrating()
    };
    assert!(refused(&member, seen, &below).contains(&organization.id.to_string()));
    let elsewhere = Terms {
        management_account: Some(OTHER_ACCOUNT.parse().unwrap()),
        ..Terms::default()
    };
    assert_eq!(
        decided_on(&member, seen, &elsewhere).unwrap().step,
        Step::Create
    );
}

#[test]
fn an_organizations_connector_of_others_stays_whatever_is_asked_for() {
    let theirs = Connector {
        tags: BTreeMap::new(),
        ..written(&discovery())
    };
    let terms = Terms {
        adopt_existing: true,
        ..migrating()
    };
    let seen = std::slice::from_ref(&theirs);
    let reason = refused(&wanted(), seen, &terms);
    assert!(reason.contains("AdoptExisting=true"), "{reason}");
    let adopted = decided_on(&discovery(), seen, &terms).unwrap();
    assert_eq!(adopted.step, Step::Adopt);
    // Once adopted it has to be restored, which would bring it back.
    let adopted = written(&adopted.wanted);
    refused(&wanted(), &[adopted], &migrating());
}

#[test]
fn discovery_does_not_begin_beside_connectors_of_ours() {
    let standalone = |account: &str| of_account(written(&wanted()), account);
    let members = ["4", "5", "6", "7"].map(|digit| standalone(&digit.repeat(12)));
    let reason = refused(&discovery(), &members, &Terms::default());
    assert!(reason.contains("4 security connectors"), "{reason}");
    assert!(
        reason.contains(&members[0].id.to_string()) && reason.contains('…'),
        "{reason}"
    );
    assert!(!reason.contains(&members[3].id.to_string()), "{reason}");
    let decision = decided_on(&discovery(), &members, &migrating()).unwrap();
    assert!(decision.step == Step::Create && decision.remove_first.is_empty());

    // Those of others may stay: what Defender does there is between them.
    let others = members.map(|one| Connector {
        tags: BTreeMap::new(),
        ..one
    });
    assert_eq!(
        decided_for(&discovery(), &others, false).unwrap().step,
        Step::Create
    );
}

/// In both directions, and only where it was asked for.
#[test]
fn a_connector_whose_kind_changes_is_made_anew() {
    for (before, after) in [(wanted(), discovery()), (discovery(), wanted())] {
        let seen = written(&before);
        let seen = std::slice::from_ref(&seen);
        refused(&after, seen, &Terms::default());
        let decision = decided_on(&after, seen, &migrating()).unwrap();
        assert_eq!(decision.remove_first, seen);
        assert!(decision.step == Step::Create && decision.seen.is_none());
        assert_eq!(decision.wanted.id, after.id);
    }
}
