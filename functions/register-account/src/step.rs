//! One step of a run over the organization, from the command to its outcome.

use aws::Assumption;
use azure::Dialect;
use connector_properties::{of_account, raw};
use custom_resource::Invocation;
use onboarding::organization::WantedState;
use onboarding::{ConnectorId, ConnectorName};
use tokio::time::Instant;

use crate::cloud::{Cloud, RequestRegistration};
use crate::command::{Command, Operation};
use crate::error::RegisterError;
use crate::member::Member;
use crate::outcome::Outcome;
use crate::run::Run;

/// Does what the state machine asks for.
pub async fn take(
    cloud: &Cloud,
    command: &Command,
    invocation: &Invocation,
) -> Result<Outcome, RegisterError> {
    let until = invocation.work_until();
    let account = &command.account_id;
    let run = Run::new(cloud.objects(until), command.run_id.clone());
    let kept = run.wanted_state().await;
    let kept = kept.map_err(RegisterError::port(account))?;
    let unknown = || {
        let id = &command.run_id;
        RegisterError::Invalid(format!("there is no run {id} over the organization"))
    };
    let kept = kept.ok_or_else(unknown)?;
    if command.operation != Operation::Onboard {
        // Whatever is wrong with what is wanted, the account must be able to go.
        let dialect = raw::dialect_in(&kept["Connector"]);
        let member = member(cloud, command, run, dialect, until)?;
        return match command.operation {
            Operation::RemoveConnector => member.remove_connector().await,
            _ => member.offboard().await,
        };
    }
    let invalid = |error: &dyn std::fmt::Display| RegisterError::Invalid(error.to_string());
    let state = WantedState::of_value(kept).map_err(|error| invalid(&error))?;
    let asked = of_account(&state, account, &cloud.limits(), cloud.deployment())
        .map_err(|failure| invalid(&failure))?;
    let mut member = member(cloud, command, run, asked.dialect, until)?;
    member.usual = asked.wanted.connector.id.clone();
    member.onboard(&asked).await
}

type StepMember<'a> = Member<
    azure::SecurityConnectors<'a, azure_sign_in::StackIdentity>,
    aws::IamIdentity,
    aws::FormerConnectorStore,
    Run,
>;

fn member<'a>(
    cloud: &'a Cloud,
    command: &Command,
    run: Run,
    dialect: Dialect,
    until: Instant,
) -> Result<StepMember<'a>, RegisterError> {
    let account = &command.account_id;
    // On the way in the role may have been made a moment ago, on the way out it may be gone.
    let assumption = match command.operation {
        Operation::Onboard => Assumption::Anew,
        Operation::Offboard | Operation::RemoveConnector => Assumption::AnewAtOnce,
    };
    let registration: RequestRegistration<'a> =
        cloud.registration_in_run(account, dialect, &command.run_id, until, assumption);
    Ok(Member {
        registration,
        marks: run,
        account: account.clone(),
        is_own: *account == cloud.own_account(),
        usual: usual(cloud, command),
        seen: seen(cloud, &command.connectors)?,
        as_wanted: command.as_wanted,
    })
}

/// The connector of an account that nobody gave another name.
fn usual(cloud: &Cloud, command: &Command) -> ConnectorId {
    let limits = cloud.limits();
    ConnectorId {
        subscription: limits.subscription,
        resource_group: limits.resource_group,
        name: ConnectorName::for_account(&command.account_id),
    }
}

/// The environment allows one subscription.
fn seen(cloud: &Cloud, ids: &[String]) -> Result<Vec<ConnectorId>, RegisterError> {
    let subscription = cloud.limits().subscription;
    let read = |id: &String| {
        let id = ConnectorId::seen(id).filter(|id| id.subscription == subscription);
        id.ok_or_else(|| {
            RegisterError::Invalid(format!(
                "Connectors: expected ids of security connectors of subscription {subscription}"
            ))
        })
    };
    ids.iter().map(read).collect()
}
