//! Rules beyond the types: location, account, interval, one connector per account.

use serde_json::{Value, json};

use super::answer::Answer;
use super::resources::membership;
use super::setup::SubscriptionSetup;
use super::state::Subscription;
use super::sub_plan;
use super::switches::{DirectWrites, DuplicateConnectors, Switches};

/// A new connector needs a location that is offered; an existing one keeps its own.
pub(crate) fn check_location(
    setup: &SubscriptionSetup,
    document: &mut Value,
    stored: Option<&Value>,
    name: &str,
) -> Result<(), Answer> {
    let kept = stored.and_then(|stored| stored["location"].as_str());
    let sent = document["location"].as_str().map(str::to_owned);
    match (sent, kept) {
        (None, Some(kept)) => {
            document["location"] = json!(kept);
            Ok(())
        }
        (None, None) => Err(Answer::arm(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        )),
        (Some(sent), Some(kept)) if folded(&sent) != folded(kept) => Err(Answer::arm(
            409,
            "InvalidResourceLocation",
            format!(
                "The resource '{name}' already exists in location '{kept}'. A resource with the \
                 same name cannot be created in location '{sent}'. Please select a new resource \
                 name."
            ),
        )),
        (Some(_), Some(_)) => Ok(()),
        (Some(sent), None) => check_offered(setup, &sent),
    }
}

fn check_offered(setup: &SubscriptionSetup, sent: &str) -> Result<(), Answer> {
    if setup
        .locations
        .iter()
        .any(|offered| folded(offered) == folded(sent))
    {
        return Ok(());
    }
    let offered: Vec<String> = setup.locations.iter().map(|one| folded(one)).collect();
    Err(Answer::arm(
        400,
        "LocationNotAvailableForResourceType",
        format!(
            "The provided location '{sent}' is not available for resource type \
             'Microsoft.Security/securityConnectors'. List of available regions for the resource \
             type is '{}'.",
            offered.join(",")
        ),
    ))
}

/// Locations are compared without case and blanks.
fn folded(location: &str) -> String {
    location
        .chars()
        .filter(|one| *one != ' ')
        .collect::<String>()
        .to_ascii_lowercase()
}

/// What the service wants of an AWS connector's properties.
pub(crate) fn check_properties(document: &Value, stored: Option<&Value>) -> Result<(), Answer> {
    let properties = &document["properties"];
    let account = properties["hierarchyIdentifier"]
        .as_str()
        .unwrap_or_default();
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Answer::provider(
            "hierarchyIdentifier is not an AWS account id",
        ));
    }
    if properties["environmentName"] != "AWS" {
        return Err(Answer::provider(
            "environmentName does not go with an AWS account",
        ));
    }
    if properties["environmentData"]["environmentType"] != "AwsAccount" {
        return Err(Answer::provider(
            "environmentData of type AwsAccount is required",
        ));
    }
    for field in ["hierarchyIdentifier", "environmentName"] {
        let before = stored.map(|stored| &stored["properties"][field]);
        if before.is_some_and(|before| !before.is_null() && *before != properties[field]) {
            return Err(Answer::provider(format!("{field} cannot be changed")));
        }
    }
    let interval = &properties["environmentData"]["scanInterval"];
    if !interval.is_null()
        && !interval
            .as_i64()
            .is_some_and(|hours| (1..=24).contains(&hours))
    {
        return Err(Answer::provider(
            "scanInterval is not between 1 and 24 hours",
        ));
    }
    check_offerings(properties)
}

fn check_offerings(properties: &Value) -> Result<(), Answer> {
    let mut seen: Vec<&str> = Vec::new();
    for offering in properties["offerings"].as_array().into_iter().flatten() {
        let kind = offering["offeringType"].as_str().unwrap_or_default();
        if seen.contains(&kind) {
            return Err(Answer::provider(format!("offering {kind} occurs twice")));
        }
        seen.push(kind);
        check_agentless_scanning(offering)?;
    }
    Ok(())
}

/// Plan 1 of Servers has no agentless scanning.
fn check_agentless_scanning(offering: &Value) -> Result<(), Answer> {
    if offering["offeringType"] == "DefenderForServersAws"
        && sub_plan::name(offering) == Some("P1")
        && offering["vmScanners"]["enabled"] == true
    {
        return Err(Answer::arm(
            400,
            "InvalidInputJson",
            "The extension AgentlessVmScanning is not supported with subPlan 'P1'.",
        ));
    }
    Ok(())
}

/// Whether an account may have two connectors is not documented, so a switch decides.
pub(crate) fn check_duplicate(
    subscription: &Subscription,
    switches: &Switches,
    path: &str,
    document: &Value,
) -> Result<(), Answer> {
    if switches.duplicate_connectors == DuplicateConnectors::Accept {
        return Ok(());
    }
    let account = document["properties"]["hierarchyIdentifier"].as_str();
    let mut others = subscription
        .resources
        .connecting(account.unwrap_or_default());
    if others.any(|other| other != path) {
        return Err(
            Answer::provider("the hierarchy identifier is connected already")
                .with_note("another connector of the subscription has this hierarchyIdentifier"),
        );
    }
    Ok(())
}

/// Whether anybody but Defender may write what it made for a member is not documented either.
pub(crate) fn check_member(stored: Option<&Value>, switches: &Switches) -> Result<(), Answer> {
    let is_member = stored.and_then(membership) == Some("Member");
    if is_member && switches.discovery.direct_writes == DirectWrites::Refuse {
        return Err(Answer::provider(
            "the connector belongs to an organization's and goes with it",
        )
        .with_note("a member's connector is written through its organization's"));
    }
    Ok(())
}
