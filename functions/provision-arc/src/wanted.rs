//! What a run is to bring about: what its request asked for, what the run over the organization
//! began with, or what the stack wants now.

use custom_resource::parse_properties;
use onboarding::organization::WantedState;
use onboarding::{AccountId, FailureKind, PortError};
use serde_json::Value;
use tokio::time::Instant;

use crate::bucket::Bucket;
use crate::cloud::Cloud;
use crate::command::AccountRun;
use crate::error::ProvisionError;
use crate::properties::ArcProperties;
use crate::provision::{Errand, Reach};

/// What a run is to bring about in one account.
#[derive(Debug)]
pub struct Wanted {
    /// This.
    pub properties: ArcProperties,
    /// As part of such a run.
    pub reach: Reach,
}

impl Wanted {
    /// Finds it out. The properties of a request are kept with the run, since the request itself is
    /// forgotten once it is answered and the run may go on.
    pub async fn of(
        cloud: &Cloud,
        errand: Errand,
        run: &AccountRun,
        deadline: Instant,
    ) -> Result<Self, ProvisionError> {
        let account = &run.account;
        let port = ProvisionError::port(account);
        let id = &run.run;
        let objects = cloud.objects(deadline);
        if run.request.is_some() {
            check_not_refused(cloud, errand, run, deadline).await?;
            let bucket = Bucket::new(objects, Reach::OwnAccount);
            let kept = bucket.wanted(errand, id).await.map_err(&port)?;
            let unknown = || ProvisionError::Invalid(format!("no request began the run {id}"));
            return Self::of_own_account(kept.ok_or_else(unknown)?, account);
        }
        let Some(state) = objects.wanted_state(id).await.map_err(&port)? else {
            let text = cloud.wanted_state(deadline).await.map_err(&port)?;
            return Self::of_own_account(of_stack(&text)?, account);
        };
        check_not_refused(cloud, errand, run, deadline).await?;
        if errand == Errand::Onboard {
            let now = cloud.wanted_state(deadline).await.map_err(&port)?;
            check_still_wanted(&state, &now, run)?;
        }
        Ok(Self {
            properties: of_organization(state, account, errand)?,
            reach: Reach::Organization,
        })
    }

    fn of_own_account(
        properties: ArcProperties,
        account: &AccountId,
    ) -> Result<Self, ProvisionError> {
        if properties.account_id != *account {
            return Err(ProvisionError::Invalid(format!(
                "account {account} is not the one that the properties name"
            )));
        }
        Ok(Self {
            properties,
            reach: Reach::OwnAccount,
        })
    }
}

/// A request that was refused, by whomever, is being rolled back: its run must not go on putting on
/// what nobody wants any more, or taking off what is wanted again. Only a delete is not taken back.
/// A run that a request began has that request's id.
async fn check_not_refused(
    cloud: &Cloud,
    errand: Errand,
    run: &AccountRun,
    deadline: Instant,
) -> Result<(), ProvisionError> {
    if errand == Errand::Offboard {
        return Ok(());
    }
    let port = ProvisionError::port(&run.account);
    let id = &run.run;
    let refused = cloud.requests(deadline).is_refused(id).await;
    if refused.map_err(&port)? {
        let reason = format!("the request that began the run {id} was refused meanwhile");
        return Err(port(PortError::new(FailureKind::Conflict, reason)));
    }
    Ok(())
}

/// A run may outlast an update that drops a Region or changes a tag. Once that has taken off what it
/// no longer wants, nobody would take it off again.
fn check_still_wanted(state: &Value, now: &str, run: &AccountRun) -> Result<(), ProvisionError> {
    let began_with = WantedState::of_value(state.clone()).ok();
    let wanted_now = WantedState::read(now).ok();
    let arc = |state: &Option<WantedState>| state.as_ref().and_then(|state| state.arc().cloned());
    if arc(&began_with) == arc(&wanted_now) {
        return Ok(());
    }
    let reason = format!(
        "what the stack wants of Arc has changed since the run {} began; the next run sees to it",
        run.run
    );
    let error = PortError::new(FailureKind::Conflict, reason);
    Err(ProvisionError::port(&run.account)(error))
}

fn invalid(what: impl std::fmt::Display) -> ProvisionError {
    ProvisionError::Invalid(format!("the wanted state {what}"))
}

/// The part `Arc` of the stack's wanted state.
fn of_stack(text: &str) -> Result<ArcProperties, ProvisionError> {
    let state: Value = serde_json::from_str(text).map_err(|_| invalid("is no JSON"))?;
    read_arc(state.get("Arc"))
}

/// The part `Arc` of a run's wanted state, for one of its accounts. What is taken away may be
/// wanted no more, and goes whatever is left to say of it.
fn of_organization(
    state: Value,
    account: &AccountId,
    errand: Errand,
) -> Result<ArcProperties, ProvisionError> {
    let state = WantedState::of_value(state);
    let state = state.map_err(|error| ProvisionError::Invalid(error.to_string()))?;
    if state.organization().is_none() {
        return Err(invalid("of the run is not that of an organization"));
    }
    if errand != Errand::Onboard {
        let arc = state.arc().unwrap_or(&Value::Null);
        return Ok(ArcProperties::lenient(arc, account));
    }
    let mut arc = state.arc().cloned();
    if let Some(arc) = arc.as_mut().and_then(Value::as_object_mut) {
        arc.insert("AccountId".to_owned(), account.as_str().into());
    }
    read_arc(arc.as_ref())
}

fn read_arc(arc: Option<&Value>) -> Result<ArcProperties, ProvisionError> {
    let arc = arc.ok_or_else(|| invalid("says nothing of Arc"))?;
    parse_properties(arc).map_err(|error| {
        let path = error.path.replacen("ResourceProperties", "Arc", 1);
        invalid(format!("is malformed at {path}: {}", error.problem))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<ArcProperties, String> {
        of_stack(text).map_err(|error| error.to_string())
    }

    fn member() -> AccountId {
        "444455556666".parse().unwrap()
    }

    fn organization(arc: Value) -> Value {
        let mut state = json!({
            "Scope": "Organization",
            "Organization": {"ManagementAccountId": "111122223333"},
            "Connector": {},
        });
        if !arc.is_null() {
            state["Arc"] = arc;
        }
        state
    }

    fn of_member(state: Value, errand: Errand) -> Result<ArcProperties, String> {
        of_organization(state, &member(), errand).map_err(|error| error.to_string())
    }

    #[test]
    fn the_wanted_state_reads_as_properties_do() {
        let text = r#"{"Arc":{"AccountId":"111122223333","Regions":"","ConnectorTagValue":"true",
            "CloudTagValue":"AWS","HostManagement":"None","ExclusionTags":"",
            "MaxConcurrentAutomations":"25","RepairArcMachineTags":"false"},"Other":1}"#;
        let properties = read(text).unwrap();
        assert!(properties.regions.is_empty());
        assert_eq!(properties.state_machine_arn, None);
    }

    #[test]
    fn what_is_wrong_with_it_is_named() {
        assert_eq!(read("nonsense").unwrap_err(), "the wanted state is no JSON");
        assert_eq!(
            read("{}").unwrap_err(),
            "the wanted state says nothing of Arc"
        );
        let reason = read(r#"{"Arc":{"AccountId":"1"}}"#).unwrap_err();
        assert!(
            reason.starts_with("the wanted state is malformed at Arc.AccountId: "),
            "{reason}"
        );
    }

    #[test]
    fn a_member_is_put_in_the_place_of_the_stacks_own_account() {
        let arc = json!({"AccountId": "111122223333", "Regions": "", "CloudTagValue": "Amazon"});
        for errand in [Errand::Onboard, Errand::Offboard] {
            let read = of_member(organization(arc.clone()), errand).unwrap();
            assert_eq!(read.account_id, member());
            assert_eq!(read.cloud_tag_value.to_string(), "Amazon");
        }
    }

    #[test]
    fn what_is_not_wanted_is_taken_away_and_not_put_in() {
        let broken = json!({"Regions": "eu-west-1", "MaxConcurrentAutomations": "many"});
        for arc in [Value::Null, broken] {
            of_member(organization(arc.clone()), Errand::Onboard).unwrap_err();
            let read = of_member(organization(arc), Errand::Offboard).unwrap();
            assert_eq!(read.account_id, member());
        }
    }

    #[test]
    fn a_run_that_an_update_has_overtaken_puts_nothing_on() {
        let run = AccountRun {
            account: member(),
            run: "r".parse().unwrap(),
            request: None,
            is_as_wanted: false,
        };
        let arc = |regions: &str| organization(json!({"Regions": regions}));
        let check = |now: &Value| check_still_wanted(&arc("eu-west-1"), &now.to_string(), &run);
        let mut other = arc("eu-west-1");
        other["Organization"]["ExcludedAccountIds"] = json!("444455556666");
        check(&other).unwrap();
        for now in [
            arc("us-east-1"),
            arc(""),
            organization(Value::Null),
            json!({}),
        ] {
            let error = check(&now).unwrap_err();
            assert_eq!(error.name(), "Conflict", "{now}");
        }
    }

    #[test]
    fn only_the_state_of_an_organization_reaches_members() {
        for state in [
            json!({"Arc": {"AccountId": "111122223333"}}),
            json!({"Scope": "Account", "Arc": {"AccountId": "111122223333"}}),
        ] {
            for errand in [Errand::Onboard, Errand::Offboard] {
                let reason = of_member(state.clone(), errand).unwrap_err();
                assert!(
                    reason.contains("is not that of an organization"),
                    "{reason}"
                );
            }
        }
    }
}
