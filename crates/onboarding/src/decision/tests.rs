use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::connector::ScanInterval;
use crate::offering::CspmMonitorAws;
use crate::plans::Databases;
use crate::{AccountId, ConnectorId, Offering, Plans, RoleArn, RoleKey};

mod adoption;
mod organization;
mod readiness;

const ACCOUNT: &str = "123456789012";
const OTHER_ACCOUNT: &str = "999999999999";

fn id(group: &str, name: &str) -> ConnectorId {
    format!("/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/{group}/providers/Microsoft.Security/securityConnectors/{name}")
        .parse()
        .unwrap()
}

fn ours() -> Deployment {
    Deployment {
        id: "ours".parse().unwrap(),
        stack_id: "arn:stack".into(),
    }
}

fn role(key: RoleKey) -> RoleArn {
    RoleArn::seen(format!("arn:{key:?}"))
}

fn wanted() -> WantedConnector {
    let account: AccountId = ACCOUNT.parse().unwrap();
    WantedConnector {
        id: id("rg", "aws-123456789012"),
        offerings: Plans::default().offerings(role),
        account,
        location: "eastus".parse().unwrap(),
        scan_interval: ScanInterval::from_hours(4).unwrap(),
        regions: BTreeSet::new(),
        organization: None,
        tags: ours().tags(),
        withdrawn_tags: BTreeSet::new(),
    }
}

/// The connector as it looks after `wanted` was written.
fn written(wanted: &WantedConnector) -> Connector {
    Connector {
        id: wanted.id.clone(),
        environment: "AWS".into(),
        hierarchy_identifier: wanted.account.to_string(),
        location: "East US".into(),
        tags: wanted.tags.clone(),
        scan_interval_hours: Some(wanted.scan_interval.hours()),
        regions: wanted.regions.clone(),
        organizational_data: organization::shown(wanted),
        offerings: wanted.offerings.clone(),
        body: Value::Null,
    }
}

fn foreign(name: &str) -> Connector {
    Connector {
        id: id("portal", name),
        tags: BTreeMap::new(),
        ..written(&wanted())
    }
}

fn decided(connectors: &[Connector], adopt: bool) -> Result<Decision, Refusal> {
    decided_for(&wanted(), connectors, adopt)
}

fn decided_for(
    wanted: &WantedConnector,
    connectors: &[Connector],
    adopt_existing: bool,
) -> Result<Decision, Refusal> {
    let terms = Terms {
        adopt_existing,
        ..Terms::default()
    };
    decided_on(wanted, connectors, &terms)
}

fn decided_on(
    wanted: &WantedConnector,
    connectors: &[Connector],
    terms: &Terms,
) -> Result<Decision, Refusal> {
    let offer = ServiceOffer {
        registered: true,
        locations: vec!["East US".into(), "West Europe".into()],
        api_versions: vec![],
    };
    let readiness = Readiness {
        offer,
        classic: vec![],
    };
    let readiness = needs_readiness(wanted, connectors, &ours()).then_some(&readiness);
    decide(
        wanted,
        &Seen {
            connectors,
            readiness,
        },
        &ours(),
        terms,
    )
}

#[test]
fn an_empty_subscription_gets_a_connector() {
    let decision = decided(&[], false).unwrap();
    assert_eq!(decision.step, Step::Create);
    assert!(decision.seen.is_none() && decision.remove_first.is_empty());
}

#[test]
fn what_was_written_needs_no_write() {
    let mut seen = written(&wanted());
    seen.tags.insert("CostCenter".into(), "by policy".into());
    seen.offerings.push(Offering::Unmanaged {
        offering_type: "DefenderForDevOpsAws".into(),
    });
    assert_eq!(decided(&[seen], false).unwrap().step, Step::Nothing);
}

#[test]
fn each_changed_field_is_an_update_that_names_it() {
    let step = |change: &dyn Fn(&mut Connector)| {
        let mut seen = written(&wanted());
        change(&mut seen);
        match decided(&[seen], false).unwrap().step {
            Step::Update(differences) => differences
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(step(&|s| s.scan_interval_hours = Some(12)), "scanInterval");
    assert_eq!(step(&|s| s.scan_interval_hours = None), "scanInterval");
    assert_eq!(
        step(&|s| s.regions = ["eu-west-1".to_owned()].into()),
        "regions"
    );
    assert_eq!(step(&|s| s.offerings.clear()), "offering CspmMonitorAws");
    let role = RoleArn::seen("arn:aws:iam::123456789012:role/Other");
    assert_eq!(
        step(
            &|s| s.offerings = vec![Offering::CspmMonitorAws(CspmMonitorAws {
                native_cloud_connection: Some(role.clone())
            })]
        ),
        "offering CspmMonitorAws"
    );
    assert_eq!(
        step(&|s| drop(s.tags.insert("StackId".into(), "old".into()))),
        "tag StackId"
    );
}

#[test]
fn a_tag_taken_out_of_the_stack_is_taken_off_and_not_missed_afterwards() {
    let mut wanted = wanted();
    wanted.withdrawn_tags.insert("Team".into());
    let mut seen = written(&wanted);
    assert_eq!(
        decided_for(&wanted, &[seen.clone()], false).unwrap().step,
        Step::Nothing
    );
    seen.tags.insert("team".into(), "a".into());
    let step = decided_for(&wanted, &[seen], false).unwrap().step;
    assert_eq!(
        step,
        Step::Update(vec![Difference::WithdrawnTag("Team".into())])
    );
}

#[test]
fn the_offering_of_a_plan_that_is_off_is_taken_out() {
    let plans = Plans {
        databases: Some(Databases::default()),
        ..Plans::default()
    };
    let with_databases = WantedConnector {
        offerings: plans.offerings(role),
        ..wanted()
    };
    let seen = written(&with_databases);
    let step = decided(&[seen], false).unwrap().step;
    let withdrawn = Difference::WithdrawnOffering("DefenderForDatabasesAws".into());
    assert_eq!(step, Step::Update(vec![withdrawn]));
}

#[test]
fn on_a_replacement_the_old_one_goes_first() {
    let mut old = written(&wanted());
    old.id = id("rg", "old-name");
    let decision = decided(std::slice::from_ref(&old), false).unwrap();
    assert_eq!(decision.remove_first, [old]);
    assert_eq!(decision.step, Step::Create);
}

#[test]
fn a_name_that_connects_something_else_is_refused_unless_it_is_ours() {
    let mut occupant = written(&wanted());
    occupant.hierarchy_identifier = OTHER_ACCOUNT.into();
    assert_eq!(
        decided(std::slice::from_ref(&occupant), false)
            .unwrap()
            .remove_first
            .len(),
        1
    );
    occupant.tags.clear();
    assert!(matches!(
        decided(&[occupant], true),
        Err(Refusal::NameTaken { .. })
    ));
}

#[test]
fn connectors_of_other_accounts_and_clouds_are_none_of_our_business() {
    let mut gcp = foreign("gcp");
    gcp.environment = "GCP".into();
    let mut member = written(&wanted());
    member.id = id("rg", "aws-999999999999");
    member.hierarchy_identifier = OTHER_ACCOUNT.into();
    let decision = decided(&[gcp, member], false).unwrap();
    assert!(decision.remove_first.is_empty());
    assert_eq!(decision.step, Step::Create);
}

#[test]
fn a_connector_does_not_move() {
    let mut moved = wanted();
    moved.location = "westeurope".parse().unwrap();
    let refusal = decided_for(&moved, &[written(&wanted())], false).unwrap_err();
    assert!(refusal.to_string().starts_with("Location: "), "{refusal}");
}

proptest! {
    /// Nothing that is not ours is ever removed or overwritten without being asked for.
    #[test]
    fn others_are_never_touched_unasked(
        kinds in proptest::collection::vec((0..3usize, 0..3usize, any::<bool>(), any::<bool>()), 0..6),
        adopt_existing in any::<bool>(),
    ) {
        let names = ["aws-123456789012", "b", "c"];
        let connectors: Vec<Connector> = kinds.iter().map(|(name, group, own, same_account)| {
            let mut connector = written(&wanted());
            connector.id = id(["rg", "rg2", "rg3"][*group], names[*name]);
            if !own { connector.tags.clear(); }
            if !same_account { connector.hierarchy_identifier = OTHER_ACCOUNT.into(); }
            connector
        }).collect();
        if let Ok(decision) = decided(&connectors, adopt_existing) {
            for gone in &decision.remove_first {
                prop_assert!(gone.is_owned_by(&ours()));
            }
            if let Some(seen) = decision.seen.as_ref().filter(|seen| !seen.is_owned_by(&ours())) {
                prop_assert!(adopt_existing && decision.step == Step::Adopt);
                prop_assert_eq!(&seen.id, &decision.wanted.id);
            }
        }
    }
}
