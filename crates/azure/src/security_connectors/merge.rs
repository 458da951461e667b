//! Between the wire model and the domain: reading a connector, and writing the wanted one over it.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::{Connector, ConnectorId, WantedConnector};
use serde_json::Value;
use tracing::warn;

use super::dialect::SubPlanForm;
use super::model::{AwsAccount, EnvironmentData, SecurityConnector};
use super::offerings::Offering;
use super::organizational_data::{self, OrganizationalData};
use onboarding::inert::inert;

/// Reads a connector as ARM shows it. A body that is not as the API describes it still shows whose
/// account it connects; writing over it is refused later. `None` when it has no usable id.
pub(super) fn read(body: Value) -> Option<Connector> {
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    let Some(id) = ConnectorId::seen(id) else {
        warn!(
            connector.id = inert(id, 300),
            "passed over an item that has no connector's id"
        );
        return None;
    };
    let model = serde_json::from_value(body.clone()).unwrap_or_else(|error| {
        warn!(connector.id = %id, %error, "a connector is not as its API describes it");
        outline(&body)
    });
    let SecurityConnector {
        location,
        tags,
        properties,
        ..
    } = model;
    let (regions, scan_interval_hours) = match properties.environment_data {
        Some(EnvironmentData::AwsAccount(AwsAccount {
            regions,
            scan_interval,
            ..
        })) => (regions.unwrap_or_default(), scan_interval),
        _ => (Vec::new(), None),
    };
    Some(Connector {
        id,
        environment: properties.environment_name.unwrap_or_default(),
        hierarchy_identifier: properties.hierarchy_identifier.unwrap_or_default(),
        location: location.unwrap_or_default(),
        tags: tags.unwrap_or_default(),
        scan_interval_hours,
        regions: regions.into_iter().collect(),
        organizational_data: organizational_data::read(&body),
        offerings: properties
            .offerings
            .unwrap_or_default()
            .iter()
            .map(Offering::seen)
            .collect(),
        body,
    })
}

/// What can be made out of a body that does not fit the model.
fn outline(body: &Value) -> SecurityConnector {
    let text = |pointer: &str| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let mut model = SecurityConnector {
        location: text("/location"),
        ..Default::default()
    };
    model.properties.environment_name = text("/properties/environmentName");
    model.properties.hierarchy_identifier = text("/properties/hierarchyIdentifier");
    model.tags = body.get("tags").and_then(Value::as_object).map(|tags| {
        let texts = tags
            .iter()
            .filter_map(|(key, value)| Some((key, value.as_str()?)));
        texts
            .map(|(key, value)| (key.clone(), value.to_owned()))
            .collect()
    });
    model
}

/// The body that makes `seen` what is wanted, or makes the wanted connector anew. Everything that
/// the domain does not know stays as it is.
pub(super) fn body(
    wanted: &WantedConnector,
    seen: Option<&Connector>,
    form: SubPlanForm,
) -> Result<Value, serde_json::Error> {
    let mut model: SecurityConnector = match seen {
        Some(seen) => serde_json::from_value(seen.body.clone())?,
        None => SecurityConnector::default(),
    };
    model = model.without_read_only();
    // A connector cannot move: what is there keeps the service's own spelling.
    model
        .location
        .get_or_insert_with(|| wanted.location.to_string());
    model.tags = Some(tags(wanted, model.tags.unwrap_or_default()));
    let properties = &mut model.properties;
    properties
        .hierarchy_identifier
        .get_or_insert_with(|| wanted.account.to_string());
    properties
        .environment_name
        .get_or_insert_with(|| "AWS".to_owned());
    let mut account = match properties.environment_data.take() {
        Some(EnvironmentData::AwsAccount(account)) => account,
        _ => AwsAccount::default(),
    };
    account.scan_interval = Some(wanted.scan_interval.hours());
    account.regions = Some(regions(wanted, account.regions.take()));
    // Where none is wanted, what is there stays: such a connector is replaced, never turned into
    // one for a single account.
    if let Some(organization) = &wanted.organization {
        let there = account.organizational_data.take();
        account.organizational_data = Some(OrganizationalData::over(there, organization));
    }
    properties.environment_data = Some(EnvironmentData::AwsAccount(account));
    let there = properties.offerings.take().unwrap_or_default();
    properties.offerings = Some(offerings(wanted, there, form)?);
    Ok(model.body())
}

/// Tags of others stay. Azure compares keys without case, so a key that is there in another case
/// is the same tag.
fn tags(wanted: &WantedConnector, seen: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let replaced = |key: &String| {
        let mut ours = wanted.tags.keys().chain(&wanted.withdrawn_tags);
        ours.any(|own| own.eq_ignore_ascii_case(key))
    };
    let kept = seen.into_iter().filter(|(key, _)| !replaced(key));
    kept.chain(wanted.tags.clone()).collect()
}

/// The order that is there stays where the set is the same.
fn regions(wanted: &WantedConnector, seen: Option<Vec<String>>) -> Vec<String> {
    let lower = |region: &String| region.to_ascii_lowercase();
    let set: BTreeSet<String> = wanted.regions.iter().map(lower).collect();
    match seen {
        Some(seen) if seen.iter().map(lower).collect::<BTreeSet<_>>() == set => seen,
        _ => set.into_iter().collect(),
    }
}

/// Each wanted offering once, in its place; those of plans that are off go, and what no plan of
/// ours writes stays.
fn offerings(
    wanted: &WantedConnector,
    seen: Vec<Offering>,
    form: SubPlanForm,
) -> Result<Vec<Offering>, serde_json::Error> {
    let mut missing: Vec<&onboarding::Offering> = wanted.offerings.iter().collect();
    let mut written = Vec::new();
    for there in seen {
        if there.managed_type().is_none() {
            written.push(there);
        } else if let Some(place) = missing.iter().position(|one| there.is_of(one)) {
            written.extend(Offering::over(Some(&there), missing.remove(place), form)?);
        }
    }
    for offering in missing {
        written.extend(Offering::over(None, offering, form)?);
    }
    Ok(written)
}

#[cfg(test)]
mod tests;
