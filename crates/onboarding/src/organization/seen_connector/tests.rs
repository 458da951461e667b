use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::connector::{OrganizationalData, ScanInterval};
use crate::decision::{Seen, Step, Terms, decide};
use crate::{Location, Plans, RoleArn, RoleKey};

const ACCOUNT: &str = "123456789012";

fn id(name: &str) -> ConnectorId {
    format!("/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/rg/providers/Microsoft.Security/securityConnectors/{name}")
        .parse()
        .unwrap()
}

fn ours() -> Deployment {
    Deployment {
        id: "ours".parse().unwrap(),
        stack_id: "arn:stack".into(),
    }
}

fn wanted(account: &AccountId) -> WantedConnector {
    WantedConnector {
        id: id(&format!("aws-{account}")),
        account: account.clone(),
        location: "eastus".parse().unwrap(),
        scan_interval: ScanInterval::DEFAULT,
        regions: BTreeSet::new(),
        organization: None,
        offerings: Plans::default().offerings(|key: RoleKey| RoleArn::seen(format!("{key:?}"))),
        tags: ours().tags(),
        withdrawn_tags: BTreeSet::new(),
    }
}

fn written() -> Connector {
    let wanted = wanted(&ACCOUNT.parse().unwrap());
    Connector {
        id: wanted.id.clone(),
        environment: "AWS".into(),
        hierarchy_identifier: ACCOUNT.into(),
        location: "East US".into(),
        tags: wanted.tags.clone(),
        scan_interval_hours: Some(wanted.scan_interval.hours()),
        regions: BTreeSet::new(),
        organizational_data: None,
        offerings: wanted.offerings,
        body: Value::Null,
    }
}

fn of(seen: &Connector) -> Option<SeenConnector> {
    SeenConnector::of(seen, &ours(), |account| Some(wanted(account)))
}

#[test]
fn only_connectors_of_aws_accounts_count() {
    assert!(of(&written()).is_some());
    for (environment, identifier) in [("GCP", ACCOUNT), ("AWS", "my-project"), ("AWS", "")] {
        let mut seen = written();
        environment.clone_into(&mut seen.environment);
        identifier.clone_into(&mut seen.hierarchy_identifier);
        assert_eq!(of(&seen), None, "{environment} {identifier}");
    }
}

#[test]
fn only_ours_can_be_as_wanted() {
    let own = of(&written()).unwrap();
    assert!(own.is_ours && own.is_as_wanted);
    let mut seen = written();
    seen.tags.clear();
    let foreign = SeenConnector::of(&seen, &ours(), |_| panic!("not ours")).unwrap();
    assert!(!foreign.is_ours && !foreign.is_as_wanted);
    let unwanted = SeenConnector::of(&written(), &ours(), |_| None).unwrap();
    assert!(unwanted.is_ours && !unwanted.is_as_wanted);
}

#[test]
fn the_organizations_connector_is_told_from_those_of_its_members() {
    let membership = |data: Option<OrganizationalData>| {
        let seen = Connector {
            organizational_data: data,
            ..written()
        };
        of(&seen).unwrap().membership
    };
    let organization = OrganizationalData::Organization {
        stack_set_name: "x".into(),
        excluded_account_ids: BTreeSet::new(),
    };
    let member = OrganizationalData::Member { parent: None };
    assert_eq!(membership(None), Membership::Standalone);
    assert_eq!(membership(Some(organization)), Membership::Organization);
    assert_eq!(membership(Some(member)), Membership::Member);
}

proptest! {
    /// The short look agrees with the whole decision.
    #[test]
    fn as_wanted_is_what_needs_no_write(
        own: bool, adopted: bool, named: bool, located: bool, hours in prop::sample::select(vec![4, 24]),
    ) {
        let mut seen = written();
        if !own {
            seen.tags.clear();
        }
        if adopted {
            seen.tags.insert("Adopted".into(), "true".into());
        }
        if !named {
            seen.id = id("other");
        }
        if !located {
            seen.location = Location::try_from("westus".to_owned()).unwrap().to_string();
        }
        seen.scan_interval_hours = Some(hours);
        let wanted = wanted(&ACCOUNT.parse().unwrap());
        let all = [seen];
        let look = Seen { connectors: &all, readiness: None };
        let decision = decide(&wanted, &look, &ours(), &Terms::default());
        let nothing = decision.is_ok_and(|decision| {
            decision.step == Step::Nothing && decision.remove_first.is_empty()
        });
        prop_assert_eq!(is_as_wanted(&wanted, &all[0], &ours()), nothing);
    }
}
