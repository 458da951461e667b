//! What a run is to bring about: what its request asked for, or what the stack wants now.

use custom_resource::parse_properties;
use onboarding::arc::RunId;
use onboarding::{AccountId, FailureKind, PortError};
use serde_json::Value;
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::error::ProvisionError;
use crate::properties::ArcProperties;
use crate::provision::Errand;

/// One call that a run makes of the function.
#[derive(Debug)]
pub struct Step {
    /// What the run is for.
    pub errand: Errand,
    /// The account.
    pub account: AccountId,
    /// The run.
    pub run: RunId,
    /// Whether a request began it; otherwise it is a sweep.
    pub has_request: bool,
}

/// The properties of a run. Those of a request are kept with the run, since the request itself is
/// forgotten once it is answered and the run may go on.
pub async fn properties(
    cloud: &Cloud,
    step: &Step,
    deadline: Instant,
) -> Result<ArcProperties, ProvisionError> {
    let Step { account, run, .. } = step;
    let port = ProvisionError::port(account);
    let properties = if step.has_request {
        let kept = cloud.bucket(deadline).wanted(step.errand, run).await;
        let kept = kept.map_err(&port)?;
        let unknown = || ProvisionError::Invalid(format!("no request began the run {run}"));
        kept.ok_or_else(unknown)?
    } else {
        let text = cloud.wanted_state(deadline).await.map_err(&port)?;
        of_wanted_state(&text)?
    };
    if properties.account_id == *account {
        Ok(properties)
    } else {
        Err(ProvisionError::Invalid(format!(
            "account {account} is not the one that the properties name"
        )))
    }
}

/// A request that was refused, by whomever, is being rolled back: its run must not go on putting on
/// what nobody wants any more, or taking off what is wanted again. Only a delete is not taken back.
pub async fn check_not_refused(
    cloud: &Cloud,
    step: &Step,
    deadline: Instant,
) -> Result<(), ProvisionError> {
    let Step { account, run, .. } = step;
    if !step.has_request || step.errand == Errand::Offboard {
        return Ok(());
    }
    let port = ProvisionError::port(account);
    if cloud
        .bucket(deadline)
        .is_refused(run)
        .await
        .map_err(&port)?
    {
        let reason = format!("the request that began the run {run} was refused meanwhile");
        return Err(port(PortError::new(FailureKind::Conflict, reason)));
    }
    Ok(())
}

/// The part `Arc` of the wanted state.
fn of_wanted_state(text: &str) -> Result<ArcProperties, ProvisionError> {
    let invalid = |what: String| ProvisionError::Invalid(format!("the wanted state {what}"));
    let state: Value = serde_json::from_str(text).map_err(|_| invalid("is no JSON".to_owned()))?;
    let Some(arc) = state.get("Arc") else {
        return Err(invalid("says nothing of Arc".to_owned()));
    };
    parse_properties(arc).map_err(|error| {
        let path = error.path.replacen("ResourceProperties", "Arc", 1);
        invalid(format!("is malformed at {path}: {}", error.problem))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ArcProperties, String> {
        of_wanted_state(text).map_err(|error| error.to_string())
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
}
