use proptest::prelude::*;

use super::*;
use crate::ConnectorId;
use crate::organization::WantedState;
use crate::organization::wanted::tests::written;

mod narrow;
mod properties;

const MANAGEMENT: &str = "111122223333";
const IN: &str = "o-a1b2c3d4e5/r-a1b2/ou-a1b2-11112222/";
const OUT: &str = "o-a1b2c3d4e5/r-a1b2/ou-a1b2-99998888/";

/// What is wanted with these units and exclusions.
fn state(units: &str, excluded: &str, registration: &str) -> WantedState {
    let mut state = written();
    state["Organization"]["OrganizationalUnitIds"] = units.into();
    state["Organization"]["ExcludedAccountIds"] = excluded.into();
    state["Organization"]["MemberRegistration"] = registration.into();
    WantedState::of_value(state).unwrap()
}

/// An account, where it is and how it stands.
fn account(id: u64, state: &str, path: &str) -> SeenAccount {
    let id = format!("{id:012}");
    SeenAccount {
        id: id.parse().unwrap(),
        name: Shown::name(&format!("account {id}")),
        state: AccountState::read(Some(state), None),
        paths: vec![path.parse().unwrap()],
    }
}

fn connector(account: u64, name: &str, is_ours: bool, is_as_wanted: bool) -> SeenConnector {
    let id: ConnectorId = format!("/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/rg/providers/Microsoft.Security/securityConnectors/{name}-{account}")
        .parse()
        .unwrap();
    SeenConnector {
        id,
        account: format!("{account:012}").parse().unwrap(),
        is_ours,
        is_as_wanted,
        membership: Membership::Standalone,
    }
}

fn ours(account: u64) -> SeenConnector {
    connector(account, "aws", true, true)
}

fn foreign(account: u64) -> SeenConnector {
    connector(account, "portal", false, false)
}

/// A look and what it is made of.
#[derive(Debug)]
struct Organization {
    state: WantedState,
    accounts: Vec<SeenAccount>,
    connectors: Vec<SeenConnector>,
    unfinished: BTreeSet<AccountId>,
    only: Option<BTreeSet<AccountId>>,
}

impl Organization {
    fn new(accounts: Vec<SeenAccount>, connectors: Vec<SeenConnector>) -> Self {
        Self {
            state: state("ou-a1b2-11112222", "", "Direct"),
            accounts,
            connectors,
            unfinished: BTreeSet::new(),
            only: None,
        }
    }

    fn plan(&self, purpose: Purpose<'_>) -> Plan {
        let settings = self.state.organization().unwrap();
        let scope = Scope::of(settings);
        let look = Look {
            scope: &scope,
            registration: settings.member_registration,
            accounts: &self.accounts,
            connectors: &self.connectors,
            unfinished: &self.unfinished,
            only: self.only.as_ref(),
        };
        plan(purpose, &look)
    }
}

/// What a plan says of each account, in one line each.
fn shown(plan: &Plan) -> Vec<String> {
    let items = plan.items.iter().map(|item| {
        let wanted = if item.as_wanted { " as wanted" } else { "" };
        format!("{}: {:?}{wanted}", item.account_id, item.action)
    });
    let skipped = plan.skipped.iter();
    let skipped = skipped.map(|skipped| format!("{}: {:?}", skipped.account_id, skipped.reason));
    let mut all: Vec<String> = items.chain(skipped).collect();
    all.sort();
    all.iter()
        .map(|line| line.trim_start_matches('0').to_owned())
        .collect()
}

/// Every kind of account there is.
fn everything() -> Organization {
    Organization::new(
        vec![
            account(111_122_223_333, "ACTIVE", "o-a1b2c3d4e5/r-a1b2/"),
            account(1, "ACTIVE", IN),
            account(2, "ACTIVE", IN),
            account(3, "ACTIVE", IN),
            account(4, "SUSPENDED", IN),
            account(5, "CLOSED", IN),
            account(6, "ACTIVE", OUT),
            account(7, "ACTIVE", OUT),
            account(8, "SUSPENDED", OUT),
            account(9, "NEW", OUT),
        ],
        vec![
            ours(111_122_223_333),
            ours(1),
            connector(2, "aws", true, false),
            foreign(3),
            ours(4),
            ours(7),
            ours(8),
            ours(9),
            ours(10),
            foreign(11),
        ],
    )
}

#[test]
fn a_run_brings_every_account_to_what_is_wanted() {
    assert_eq!(
        shown(&everything().plan(Purpose::Onboard)),
        [
            "1: Onboard as wanted",
            "2: Onboard",
            "3: Onboard",
            "4: Suspended",
            "5: Closed",
            "6: OutOfScope",
            "7: Offboard",
            "8: RemoveConnector",
            "9: UnknownState",
            "10: RemoveConnector",
            "111122223333: Onboard as wanted",
        ]
    );
}

#[test]
fn a_delete_takes_everything_out_but_what_the_stack_takes_out_itself() {
    assert_eq!(
        shown(&everything().plan(Purpose::Offboard)),
        [
            "1: Offboard",
            "2: Offboard",
            "3: Offboard as wanted",
            "4: RemoveConnector",
            "5: Closed",
            "6: OutOfScope",
            "7: Offboard",
            "8: RemoveConnector",
            "9: RemoveConnector",
            "10: RemoveConnector",
            "111122223333: ManagementAccount",
        ]
    );
}

#[test]
fn an_item_names_every_connector_that_was_seen() {
    let plan = Organization::new(
        vec![account(1, "ACTIVE", IN)],
        vec![ours(1), foreign(1), ours(2)],
    )
    .plan(Purpose::Onboard);
    let names: Vec<&str> = plan.items[0]
        .connectors
        .iter()
        .map(|id| id.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, ["aws-1", "portal-1"]);
    assert_eq!(plan.items[0].name.as_str(), "account 000000000001");
    assert_eq!(plan.items[1].name.as_str(), "");
}

#[test]
fn two_connectors_of_ours_for_one_account_are_not_as_wanted() {
    let twice = vec![ours(1), connector(1, "former", true, true)];
    let plan = Organization::new(vec![account(1, "ACTIVE", IN)], twice).plan(Purpose::Onboard);
    assert_eq!(shown(&plan), ["1: Onboard"]);
}

#[test]
fn an_account_that_defender_has_registered_as_well_is_looked_at() {
    let by_defender = SeenConnector {
        membership: Membership::Member,
        ..foreign(1)
    };
    let organization =
        Organization::new(vec![account(1, "ACTIVE", IN)], vec![ours(1), by_defender]);
    assert_eq!(shown(&organization.plan(Purpose::Onboard)), ["1: Onboard"]);
}

#[test]
fn an_offboarding_that_was_broken_off_is_taken_up_again() {
    let mut organization = Organization::new(
        vec![
            account(1, "ACTIVE", OUT),
            account(2, "SUSPENDED", OUT),
            account(3, "ACTIVE", IN),
        ],
        vec![],
    );
    organization.unfinished = [1, 2, 3]
        .map(|id| format!("{id:012}").parse().unwrap())
        .into();
    assert_eq!(
        shown(&organization.plan(Purpose::Onboard)),
        ["1: Offboard as wanted", "2: OutOfScope", "3: Onboard"]
    );
}

#[test]
fn only_those_that_are_asked_for_are_planned() {
    let mut organization = everything();
    let only = [1, 7, 10, 12].map(|id| format!("{id:012}").parse().unwrap());
    organization.only = Some(only.into());
    assert_eq!(
        shown(&organization.plan(Purpose::Onboard)),
        ["1: Onboard as wanted", "7: Offboard", "10: RemoveConnector"]
    );
}

#[test]
fn the_connector_of_the_stacks_own_account_is_never_an_orphan() {
    let own = vec![ours(111_122_223_333), ours(10)];
    let organization = Organization::new(vec![], own);
    for purpose in [Purpose::Onboard, Purpose::Offboard] {
        assert_eq!(shown(&organization.plan(purpose)), ["10: RemoveConnector"]);
    }
}

#[test]
fn with_discovery_members_get_no_connector_of_ours() {
    let mut organization = everything();
    organization.state = state("ou-a1b2-11112222", "", "Discovery");
    assert_eq!(
        shown(&organization.plan(Purpose::Onboard))[..3],
        ["1: Onboard", "2: Onboard", "3: Onboard as wanted"]
    );
}

#[test]
fn an_account_that_no_page_showed_is_asked_for_before_it_counts_as_gone() {
    let Organization {
        accounts,
        connectors,
        ..
    } = everything();
    let found: Vec<String> = orphans(&accounts, &connectors)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, ["000000000010"]);
}
