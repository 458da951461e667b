//! What a deployment puts into accounts, by the wanted state of a run.

use lambda_support::Settings;
use onboarding::arc::TagValue;
use onboarding::organization::left_behind::InstanceTags;
use onboarding::organization::{
    Intent, LeftBehindFacts, MemberRegistration, OrganizationSettings, StackSetNamePrefix,
    WantedState,
};
use serde_json::Value;

/// The facts. A run that does nothing has no wanted state, and leaves nothing behind.
pub(super) fn of(
    state: Option<&WantedState>,
    intent: Intent,
    settings: &Settings,
) -> LeftBehindFacts {
    let organization = state.and_then(WantedState::organization);
    let connector = state.and_then(WantedState::connector);
    let arc = state.and_then(WantedState::arc);
    let prefix = |settings: &OrganizationSettings| settings.stack_set_name_prefix.clone();
    LeftBehindFacts {
        partition: settings.partition.clone(),
        prefix: organization.map_or_else(StackSetNamePrefix::default_prefix, prefix),
        ciem: connector
            .filter(|connector| connector["Plans"]["Cspm"]["Ciem"].is_object())
            .map(|_| settings.tenant_id.clone()),
        regions: organization
            .map(|settings| settings.regions.clone())
            .unwrap_or_default(),
        tags: arc.map(|arc| InstanceTags {
            cloud: tag(arc, "CloudTagValue").unwrap_or_else(TagValue::default_cloud),
            connector: tag(arc, "ConnectorTagValue").unwrap_or_else(TagValue::default_connector),
        }),
        // Only a change of how members are registered takes connectors away there.
        passes_to_defender: intent == Intent::Narrow
            && organization.is_some_and(|settings| {
                settings.member_registration == MemberRegistration::Discovery
            }),
        host_management: arc.is_some_and(|arc| arc["HostManagement"] == "DefaultHostManagement"),
    }
}

fn tag(arc: &Value, name: &str) -> Option<TagValue> {
    serde_json::from_value(arc[name].clone()).ok()
}
