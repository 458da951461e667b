//! The connector of an account by the wanted state of an organization.

use azure::Dialect;
use custom_resource::{Failure, parse_properties};
use onboarding::organization::{
    MemberRegistration, OrganizationSettings, StackSetKind, WantedState,
};
use onboarding::{AccountId, Deployment};
use serde_json::{Map, Value, json};

use crate::{Limits, SecurityConnectorProperties, Wanted};

/// What is asked for, for one account of an organization.
#[derive(Debug)]
pub struct OfAccount {
    /// The connector. Where Defender registers members itself, a member's is what Defender makes of
    /// the roles and plans.
    pub wanted: Wanted,
    /// How to speak to the service.
    pub dialect: Dialect,
    /// Who makes it.
    pub registration: MemberRegistration,
}

/// What a wanted state asks for, for an account, which may be the stack's own. It is held to the
/// same rules as the properties of a request.
pub fn of_account(
    state: &WantedState,
    account: &AccountId,
    limits: &Limits,
    deployment: &Deployment,
) -> Result<OfAccount, Failure> {
    let (Some(settings), Some(Value::Object(connector))) =
        (state.organization(), state.connector())
    else {
        return Err(Failure::new(
            "the wanted state is not that of an organization with a Connector",
        ));
    };
    let properties = properties(settings, connector, account);
    let read = || {
        let parsed: SecurityConnectorProperties = parse_properties(&properties)?;
        let wanted = parsed.wanted(limits, deployment, None)?;
        Ok((wanted, parsed.dialect()))
    };
    let (mut wanted, dialect) = read().map_err(|failure| in_connector(&failure))?;
    let management = &settings.management_account_id;
    wanted.terms.migrate_member_registration = settings.migrate_member_registration;
    let is_member = management != account;
    if is_member {
        wanted.terms.management_account = Some(management.clone());
    }
    let registration = match settings.member_registration {
        MemberRegistration::Discovery if is_member => MemberRegistration::Discovery,
        // That of the management account is always ours to write.
        _ => MemberRegistration::Direct,
    };
    Ok(OfAccount {
        wanted,
        dialect,
        registration,
    })
}

/// The account is put in, with what only the management account's connector has.
fn properties(
    settings: &OrganizationSettings,
    connector: &Map<String, Value>,
    account: &AccountId,
) -> Value {
    let mut properties = connector.clone();
    properties.insert("AccountId".to_owned(), account.as_str().into());
    if settings.management_account_id != *account {
        // A name can be given to one connector only.
        properties.remove("ConnectorName");
    } else if settings.member_registration == MemberRegistration::Discovery {
        let stack_set = settings
            .stack_set_name_prefix
            .stack_set(StackSetKind::Account);
        let part = json!({
            "StackSetName": stack_set.as_str(),
            "ExcludedAccountIds": settings.excluded_account_ids,
        });
        properties.insert("Organization".to_owned(), part);
    }
    Value::Object(properties)
}

/// Names the path as the wanted state has it.
fn in_connector(failure: &Failure) -> Failure {
    let reason = failure.reason();
    Failure::new(match reason.strip_prefix("ResourceProperties") {
        Some(rest) => format!("the wanted state is malformed at Connector{rest}"),
        None => format!("the wanted state is malformed at Connector: {reason}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SUBSCRIPTION, deployment, limits, minimal};

    const MANAGEMENT: &str = "111122223333";
    const MEMBER: &str = "444455556666";

    fn state(connector: &Value, more: Value) -> WantedState {
        let mut organization = json!({
            "OrganizationalUnitIds": "",
            "ExcludedAccountIds": "777788889999",
            "MemberRegistration": "Direct",
            "ManagementAccountId": MANAGEMENT,
        });
        if let (Value::Object(all), Value::Object(more)) = (&mut organization, more) {
            all.extend(more);
        }
        let state =
            json!({"Scope": "Organization", "Organization": organization, "Connector": connector});
        WantedState::of_value(state).unwrap()
    }

    /// As the template writes it.
    fn connector() -> Value {
        let mut connector = minimal();
        connector.as_object_mut().unwrap().remove("AccountId");
        connector["ConnectorName"] = json!("mine");
        connector["ScanIntervalHours"] = json!("12");
        connector["AdoptExisting"] = json!("true");
        connector["Plans"] = json!({"Cspm": {"Tier": "Foundational"}, "Servers": "Off"});
        connector
    }

    fn read(state: &WantedState, account: &str) -> Result<OfAccount, String> {
        let account = account.parse().unwrap();
        of_account(state, &account, &limits(), &deployment())
            .map_err(|failure| failure.reason().to_owned())
    }

    #[test]
    fn the_account_is_put_in_and_a_members_connector_has_the_name_of_the_account() {
        let state = state(&connector(), json!({}));
        for (account, name) in [(MANAGEMENT, "mine"), (MEMBER, "aws-444455556666")] {
            let of_account = read(&state, account).unwrap();
            let wanted = of_account.wanted;
            assert_eq!(wanted.connector.account.as_str(), account);
            assert_eq!(wanted.connector.id.name.as_str(), name);
            assert_eq!(wanted.connector.scan_interval.hours(), 12);
            assert_eq!(wanted.connector.organization, None);
            assert!(wanted.terms.adopt_existing);
            let role = wanted.connector.offerings[0].roles()[0];
            assert!(role.as_str().contains(account), "{role}");
            let management = wanted.terms.management_account;
            let management = management.as_ref().map(AccountId::as_str);
            assert_eq!(management, (account == MEMBER).then_some(MANAGEMENT));
        }
    }

    #[test]
    fn with_discovery_the_management_accounts_connector_stands_for_the_organization() {
        let discovery = json!({
            "MemberRegistration": "Discovery", "StackSetNamePrefix": "Ours",
            "MigrateMemberRegistration": "true",
        });
        let state = state(&connector(), discovery);
        let own = read(&state, MANAGEMENT).unwrap();
        assert_eq!(own.registration, MemberRegistration::Direct);
        assert!(own.wanted.terms.migrate_member_registration);
        let part = own.wanted.connector.organization.unwrap();
        assert_eq!(part.stack_set_name, "Ours-Account");
        let excluded = part.excluded_account_ids.iter().map(AccountId::as_str);
        assert_eq!(excluded.collect::<Vec<_>>(), ["777788889999"]);
        let member = read(&state, MEMBER).unwrap();
        assert_eq!(member.registration, MemberRegistration::Discovery);
        assert_eq!(member.wanted.connector.organization, None);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place_in_the_wanted_state() {
        let reason = |key: &str, value: Value| {
            let mut connector = connector();
            connector[key] = value;
            read(&state(&connector, json!({})), MEMBER).unwrap_err()
        };
        let malformed = "the wanted state is malformed at Connector";
        for (key, value, path) in [
            ("Location", json!(7), ".Location: "),
            ("Plans", json!({"Servers": "On"}), ".Plans.Servers: "),
            ("Extra", json!("x"), ".Extra: unknown field"),
            (
                "SubscriptionId",
                json!(SUBSCRIPTION.replace('0', "1")),
                ".SubscriptionId: this function is limited to subscription",
            ),
            (
                "ResourceGroup",
                json!("another"),
                ".ResourceGroup: this function is limited to resource group rg-mdc",
            ),
        ] {
            let reason = reason(key, value);
            let expected = format!("{malformed}{path}");
            assert!(reason.starts_with(&expected), "{reason}");
        }
    }

    #[test]
    fn the_state_of_a_single_account_has_no_members() {
        let state = WantedState::read(r#"{"Arc": {}}"#).unwrap();
        let reason = read(&state, MEMBER).unwrap_err();
        assert!(
            reason.contains("is not that of an organization"),
            "{reason}"
        );
    }
}
