//! The provider's registration, the versions it offers, and the caller's permissions.

use serde_json::{Value, json};

use super::answer::Answer;
use super::arm::Call;
use super::paths::Target;
use super::rights::covering;
use super::schema;
use super::setup::SubscriptionSetup;
use super::state::Shared;

const CLASSIC_API_VERSION: &str = "2020-01-01-preview";
const PROVIDER_API_VERSIONS: [&str; 3] = ["2020-06-01", "2021-04-01", "2022-09-01"];
const PERMISSIONS_API_VERSIONS: [&str; 2] = ["2018-07-01", "2022-04-01"];

/// `GET /subscriptions/{s}/providers/Microsoft.Security`
pub(crate) fn registration(shared: &Shared, call: &Call) -> Answer {
    if !PROVIDER_API_VERSIONS.contains(&call.api_version.as_str()) {
        return unsupported(
            call,
            "subscriptions/providers",
            &PROVIDER_API_VERSIONS.map(str::to_owned),
        );
    }
    let mut world = shared.world();
    let Some(subscription) = world.subscription(&call.path.subscription) else {
        return Answer::empty(404);
    };
    let setup = &subscription.setup;
    let types = json!([
        { "resourceType": "connectors", "locations": [], "apiVersions": [CLASSIC_API_VERSION] },
        {
            "resourceType": "securityConnectors",
            "locations": setup.locations,
            "apiVersions": setup.api_versions,
        },
    ]);
    Answer::json(
        200,
        &json!({
            "id": format!("/subscriptions/{}/providers/Microsoft.Security", setup.subscription_id),
            "namespace": "Microsoft.Security",
            "registrationPolicy": "RegistrationRequired",
            "registrationState": setup.registration_state,
            "resourceTypes": types,
        }),
    )
}

/// `GET …/providers/Microsoft.Authorization/permissions`
pub(crate) fn permissions(shared: &Shared, call: &Call) -> Answer {
    if !PERMISSIONS_API_VERSIONS.contains(&call.api_version.as_str()) {
        return unsupported(
            call,
            "permissions",
            &PERMISSIONS_API_VERSIONS.map(str::to_owned),
        );
    }
    let Target::Permissions { group } = &call.path.target else {
        return Answer::empty(404);
    };
    let mut world = shared.world();
    let value: Vec<Value> = world
        .subscription(&call.path.subscription)
        .map(|subscription| {
            covering(
                &subscription.setup.rights,
                &call.principal.client,
                Some(group),
            )
            .map(|right| {
                json!({
                    "actions": right.actions,
                    "notActions": right.not_actions,
                    "dataActions": [],
                    "notDataActions": [],
                })
            })
            .collect()
        })
        .unwrap_or_default();
    Answer::json(200, &json!({ "value": value }))
}

/// Refuses a version that connectors are not offered in, and one that the double cannot play.
pub(crate) fn check_connector_version(
    setup: &SubscriptionSetup,
    call: &Call,
) -> Result<(), Answer> {
    if !setup.api_versions.contains(&call.api_version) {
        return Err(unsupported(call, "securityConnectors", &setup.api_versions));
    }
    if schema::knows_version(&call.api_version) {
        return Ok(());
    }
    let message = format!("The double has no fields of {}.", call.api_version);
    Err(Answer::arm(501, "VersionNotPlayed", message))
}

/// Refuses a version that classic connectors are not offered in.
pub(crate) fn check_classic_version(call: &Call) -> Result<(), Answer> {
    if call.api_version == CLASSIC_API_VERSION {
        return Ok(());
    }
    Err(unsupported(
        call,
        "connectors",
        &[CLASSIC_API_VERSION.to_owned()],
    ))
}

fn unsupported(call: &Call, resource_type: &str, supported: &[String]) -> Answer {
    let message = format!(
        "No registered resource provider found for location '' and API version '{}' for type \
         '{resource_type}'. The supported api-versions are '{}'.",
        call.api_version,
        supported.join(", ")
    );
    Answer::arm(400, "NoRegisteredProviderFound", message)
}

/// Writes need the namespace registered; reads and deletes do not.
pub(crate) fn check_registered(setup: &SubscriptionSetup) -> Result<(), Answer> {
    if setup.registration_state == "Registered" {
        return Ok(());
    }
    let message = "The subscription is not registered to use namespace 'Microsoft.Security'. See \
                   https://aka.ms/rps-not-found for how to register subscriptions.";
    let body = json!({
        "error": {
            "code": "MissingSubscriptionRegistration",
            "message": message,
            "details": [{
                "code": "MissingSubscriptionRegistration",
                "target": "Microsoft.Security",
                "message": message,
            }],
        }
    });
    Err(Answer::json(409, &body))
}
