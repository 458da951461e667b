//! The provider's registration, the versions it offers, and the caller's permissions.

use serde_json::{Value, json};

use super::answer::Answer;
use super::arm::Call;
use super::paths::{Namespace, Target};
use super::rights::covering;
use super::schema;
use super::setup::SubscriptionSetup;
use super::state::Shared;

/// The one version of Arc machines that the double plays.
const MACHINES_API_VERSION: &str = "2024-07-10";
const CLASSIC_API_VERSION: &str = "2020-01-01-preview";
const PROVIDER_API_VERSIONS: [&str; 3] = ["2020-06-01", "2021-04-01", "2022-09-01"];
const PERMISSIONS_API_VERSIONS: [&str; 2] = ["2018-07-01", "2022-04-01"];

/// `GET /subscriptions/{s}/providers/{namespace}`
pub(crate) fn registration(shared: &Shared, call: &Call, namespace: Namespace) -> Answer {
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
    let name = namespace.name();
    Answer::json(
        200,
        &json!({
            "id": format!("/subscriptions/{}/providers/{name}", setup.subscription_id),
            "namespace": name,
            "registrationPolicy": "RegistrationRequired",
            "registrationState": setup.registration_of(namespace),
            "resourceTypes": resource_types(setup, namespace),
        }),
    )
}

fn resource_types(setup: &SubscriptionSetup, namespace: Namespace) -> Value {
    match namespace {
        Namespace::Security => json!([
            { "resourceType": "connectors", "locations": [], "apiVersions": [CLASSIC_API_VERSION] },
            {
                "resourceType": "securityConnectors",
                "locations": setup.locations,
                "apiVersions": setup.api_versions,
            },
        ]),
        Namespace::HybridCompute => json!([{
            "resourceType": "machines",
            "locations": setup.locations,
            "apiVersions": [MACHINES_API_VERSION],
        }]),
    }
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

/// Refuses a version that Arc machines are not offered in.
pub(crate) fn check_machine_version(call: &Call) -> Result<(), Answer> {
    if call.api_version == MACHINES_API_VERSION {
        return Ok(());
    }
    Err(unsupported(
        call,
        "machines",
        &[MACHINES_API_VERSION.to_owned()],
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
pub(crate) fn check_registered(
    setup: &SubscriptionSetup,
    namespace: Namespace,
) -> Result<(), Answer> {
    if setup.registration_of(namespace) == "Registered" {
        return Ok(());
    }
    let name = namespace.name();
    let message = format!(
        "The subscription is not registered to use namespace '{name}'. See \
         https://aka.ms/rps-not-found for how to register subscriptions."
    );
    let body = json!({
        "error": {
            "code": "MissingSubscriptionRegistration",
            "message": message,
            "details": [{
                "code": "MissingSubscriptionRegistration",
                "target": name,
                "message": message,
            }],
        }
    });
    Err(Answer::json(409, &body))
}
