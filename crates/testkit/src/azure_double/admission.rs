//! Who may come in: token, tenant, pace and right, in the order ARM looks at them.

use axum::http::{HeaderMap, header};
use tokio::time::Instant;

use super::answer::Answer;
use super::arm::{Call, text_header};
use super::paths::Target;
use super::rights::{self, Needed};
use super::state::{Principal, Shared};
use super::throttle::Kind;

pub(crate) fn authenticated(shared: &Shared, headers: &HeaderMap) -> Result<Principal, Answer> {
    let Some(given) = text_header(headers, header::AUTHORIZATION.as_str()) else {
        return Err(unauthenticated(
            shared,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        ));
    };
    let token = given.strip_prefix("Bearer ").unwrap_or_default();
    let issued = shared.world().tokens.get(token).cloned();
    match issued {
        Some(issued) if issued.expires > Instant::now() => Ok(issued.principal),
        Some(_) => Err(unauthenticated(
            shared,
            "ExpiredAuthenticationToken",
            "The access token expiry UTC time is earlier than current UTC time.",
        )),
        None => Err(unauthenticated(
            shared,
            "InvalidAuthenticationToken",
            "The access token is invalid.",
        )),
    }
}

fn unauthenticated(shared: &Shared, code: &str, message: &str) -> Answer {
    let challenge = format!(
        "Bearer authorization_uri=\"{}/\", error=\"invalid_token\", error_description=\"{message}\"",
        shared.base_url
    );
    Answer::arm(401, code, message).with_header("www-authenticate", challenge)
}

/// Subscription, tenant, pace, right and group, in the order ARM looks at them.
pub(crate) fn checked(shared: &Shared, call: &Call) -> Result<u64, Answer> {
    let id = &call.path.subscription;
    let mut world = shared.world();
    let Some(subscription) = world.subscription(id) else {
        return Err(Answer::arm(
            404,
            "SubscriptionNotFound",
            format!("The subscription '{id}' could not be found."),
        ));
    };
    if !subscription
        .setup
        .tenant_id
        .eq_ignore_ascii_case(&call.principal.tenant)
    {
        let message = format!(
            "The access token is from the wrong issuer. It must match the tenant '{}' associated \
             with this subscription.",
            subscription.setup.tenant_id
        );
        return Err(Answer::arm(
            401,
            "InvalidAuthenticationTokenTenant",
            message,
        ));
    }
    let kind = Kind::of(&call.method);
    match kind {
        Kind::Reads => subscription.counters.reads += 1,
        Kind::Writes => subscription.counters.writes += 1,
        Kind::Deletes => subscription.counters.deletes += 1,
    }
    let setup = subscription.setup.throttle;
    let client = &call.principal.client;
    let left = match subscription
        .throttle
        .take(setup, client, kind, &call.raw_path)
    {
        Ok(left) => left,
        Err(wait) => {
            subscription.counters.throttled += 1;
            let note = format!("the bucket of {} is empty", kind.name());
            return Err(Answer::too_many_requests(wait, id).with_note(note));
        }
    };
    let Some(needed) = needed(call) else {
        return Ok(left);
    };
    if !rights::allowed(&subscription.setup.rights, client, &needed) {
        return Err(forbidden(&call.principal, &needed));
    }
    match &needed.resource_group {
        Some(group) if subscription.group(group).is_none() => Err(Answer::arm(
            404,
            "ResourceGroupNotFound",
            format!("Resource group '{group}' could not be found."),
        )),
        _ => Ok(left),
    }
}

/// Operations in the background need no right of their own.
fn needed(call: &Call) -> Option<Needed> {
    let (action, group) = match &call.path.target {
        Target::Provider(_) => ("Microsoft.Resources/subscriptions/providers/read", None),
        Target::Connectors => ("Microsoft.Security/securityConnectors/read", None),
        Target::ClassicConnectors => ("Microsoft.Security/connectors/read", None),
        Target::GroupConnectors { group } => {
            ("Microsoft.Security/securityConnectors/read", Some(group))
        }
        Target::Connector { group, .. } => {
            let action = match Kind::of(&call.method) {
                Kind::Reads => "Microsoft.Security/securityConnectors/read",
                Kind::Writes => "Microsoft.Security/securityConnectors/write",
                Kind::Deletes => "Microsoft.Security/securityConnectors/delete",
            };
            (action, Some(group))
        }
        Target::Machines => ("Microsoft.HybridCompute/machines/read", None),
        Target::GroupMachines { group } => ("Microsoft.HybridCompute/machines/read", Some(group)),
        Target::Machine { group, .. } => {
            let action = match Kind::of(&call.method) {
                Kind::Reads => "Microsoft.HybridCompute/machines/read",
                Kind::Writes => "Microsoft.HybridCompute/machines/write",
                Kind::Deletes => "Microsoft.HybridCompute/machines/delete",
            };
            (action, Some(group))
        }
        Target::Permissions { group } => ("Microsoft.Authorization/permissions/read", Some(group)),
        Target::OperationStatus { .. } | Target::OperationResult { .. } | Target::Unknown => {
            return None;
        }
    };
    let scope = match &call.path.target {
        Target::Connector { .. } | Target::Machine { .. } => call.raw_path.clone(),
        _ => match group {
            Some(group) => format!(
                "/subscriptions/{}/resourceGroups/{group}",
                call.path.subscription
            ),
            None => format!("/subscriptions/{}", call.path.subscription),
        },
    };
    Some(Needed {
        action,
        resource_group: group.cloned(),
        scope,
    })
}

fn forbidden(principal: &Principal, needed: &Needed) -> Answer {
    let message = format!(
        "The client '{}' with object id '{}' does not have authorization to perform action '{}' \
         over scope '{}' or the scope is invalid. If access was recently granted, please refresh \
         your credentials.",
        principal.client, principal.object, needed.action, needed.scope
    );
    Answer::arm(403, "AuthorizationFailed", message)
}
