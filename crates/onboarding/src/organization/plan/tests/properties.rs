//! What holds for every organization.

use super::*;

const STATES: [&str; 6] = [
    "ACTIVE",
    "SUSPENDED",
    "PENDING_CLOSURE",
    "CLOSED",
    "PENDING_ACTIVATION",
    "NEW",
];
const PATHS: [&str; 3] = [IN, OUT, "o-a1b2c3d4e5/r-a1b2/"];

/// How an account is connected: by nothing, by ours as wanted or not, by another's, or by two.
fn connected(account: u64, how: usize) -> Vec<SeenConnector> {
    match how {
        1 => vec![ours(account)],
        2 => vec![connector(account, "aws", true, false)],
        3 => vec![foreign(account)],
        4 => vec![ours(account), connector(account, "former", true, true)],
        _ => Vec::new(),
    }
}

fn organizations() -> impl Strategy<Value = Organization> {
    let member = (
        prop::sample::select(STATES.to_vec()),
        prop::sample::select(PATHS.to_vec()),
        0_usize..5,
    );
    let members = prop::collection::vec(member, 0..40);
    let departed = prop::collection::vec(0_usize..5, 0..5);
    let wanted = (
        prop::sample::select(vec!["", "r-a1b2", "ou-a1b2-11112222"]),
        prop::sample::select(vec!["", "000000000002"]),
        prop::sample::select(vec!["Direct", "Discovery"]),
    );
    (members, departed, wanted).prop_map(|(members, departed, (units, excluded, registration))| {
        let mut accounts = vec![account(111_122_223_333, "ACTIVE", "o-a1b2c3d4e5/r-a1b2/")];
        let mut connectors = vec![ours(111_122_223_333)];
        for (id, (state, path, how)) in (1..).zip(members) {
            accounts.push(account(id, state, path));
            connectors.extend(connected(id, how));
        }
        for (id, how) in (1_000..).zip(departed) {
            connectors.extend(connected(id, how));
        }
        let mut organization = Organization::new(accounts, connectors);
        organization.state = state(units, excluded, registration);
        organization
    })
}

/// What Azure has after every item has come to a good end. A member's connector is ours only where
/// we register it.
fn brought_about(organization: &Organization, plan: &Plan) -> Vec<SeenConnector> {
    let settings = organization.state.organization().unwrap();
    let mut connectors = organization.connectors.clone();
    for item in &plan.items {
        connectors.retain(|one| one.account != item.account_id || !one.is_ours);
        let is_management = item.account_id.as_str() == MANAGEMENT;
        let registers = is_management || settings.member_registration == MemberRegistration::Direct;
        if item.action == Action::Onboard && registers {
            connectors.push(ours(item.account_id.as_str().parse().unwrap()));
        }
    }
    connectors
}

fn foreign_ones(connectors: &[SeenConnector]) -> usize {
    connectors.iter().filter(|one| !one.is_ours).count()
}

proptest! {
    #[test]
    fn every_account_is_planned_or_skipped_once(organization in organizations(), which in 0_usize..3) {
        let before = state("", "", "Direct");
        let narrowing = Narrowing::between(&before, &organization.state);
        let purposes = [Purpose::Onboard, Purpose::Offboard, Purpose::Narrow(&narrowing)];
        let plan = organization.plan(purposes[which]);
        let planned = plan.items.iter().map(|item| &item.account_id);
        let skipped = plan.skipped.iter().map(|skipped| &skipped.account_id);
        let all: Vec<&AccountId> = planned.chain(skipped).collect();
        let distinct: BTreeSet<&AccountId> = all.iter().copied().collect();
        prop_assert_eq!(all.len(), distinct.len());
        for account in &organization.accounts {
            prop_assert!(distinct.contains(&account.id));
        }
    }

    #[test]
    fn a_run_over_what_was_brought_about_has_nothing_to_write(organization in organizations()) {
        let first = organization.plan(Purpose::Onboard);
        let connectors = brought_about(&organization, &first);
        let second = Organization { connectors, ..organization }.plan(Purpose::Onboard);
        for item in &second.items {
            prop_assert_eq!(item.action, Action::Onboard);
            prop_assert!(item.as_wanted, "{}", item.account_id);
        }
    }

    #[test]
    fn a_delete_leaves_no_connector_of_ours_but_the_stacks_own(organization in organizations()) {
        let plan = organization.plan(Purpose::Offboard);
        let left = brought_about(&organization, &plan);
        prop_assert!(left.iter().all(|one| !one.is_ours || one.account.as_str() == MANAGEMENT));
        prop_assert_eq!(foreign_ones(&left), foreign_ones(&organization.connectors));
    }

    #[test]
    fn only_what_is_ours_and_not_wanted_is_taken_out_by_a_run(organization in organizations()) {
        let scope = Scope::of(organization.state.organization().unwrap());
        let plan = organization.plan(Purpose::Onboard);
        for item in plan.items.iter().filter(|item| item.action != Action::Onboard) {
            let mut own = organization.connectors.iter().filter(|one| one.is_ours);
            prop_assert!(own.any(|one| one.account == item.account_id), "{}", item.account_id);
            let known = organization.accounts.iter().find(|account| account.id == item.account_id);
            prop_assert!(known.is_none_or(|account| !scope.includes(account)));
        }
    }
}
