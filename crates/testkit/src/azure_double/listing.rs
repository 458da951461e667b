//! Lists, a page at a time.

use url::Url;

use super::answer::Answer;
use super::arm::Call;
use super::paths::Target;
use super::provider::{check_classic_version, check_connector_version, check_machine_version};
use super::shown::shown;
use super::state::{Shared, Subscription};
use super::switches::Switches;

const SKIP_TOKEN: &str = "$skipToken";

const CONNECTORS: &str = "providers/microsoft.security/securityconnectors/";
const MACHINES: &str = "providers/microsoft.hybridcompute/machines/";

/// Security connectors of a subscription or of one of its groups.
pub(crate) fn connectors(shared: &Shared, call: &Call) -> Answer {
    let mut world = shared.world();
    let switches = world.switches_of(&call.path.subscription);
    let Some(subscription) = world.subscription(&call.path.subscription) else {
        return Answer::empty(404);
    };
    if let Err(refusal) = check_connector_version(&subscription.setup, call) {
        return refusal;
    }
    let documents: Vec<&Vec<u8>> = asked_for(call, subscription, CONNECTORS).collect();
    let show = |document: &Vec<u8>| shown(document, &switches, &call.api_version);
    page(shared, call, &switches, &documents, show)
}

/// Arc machines of a subscription or of one of its groups.
pub(crate) fn machines(shared: &Shared, call: &Call) -> Answer {
    if let Err(refusal) = check_machine_version(call) {
        return refusal;
    }
    let mut world = shared.world();
    let switches = world.switches_of(&call.path.subscription);
    let Some(subscription) = world.subscription(&call.path.subscription) else {
        return Answer::empty(404);
    };
    let documents: Vec<&Vec<u8>> = asked_for(call, subscription, MACHINES).collect();
    page(shared, call, &switches, &documents, Vec::clone)
}

/// The resources of a collection, without what is below them.
fn asked_for<'a>(
    call: &Call,
    subscription: &'a Subscription,
    collection: &'static str,
) -> impl Iterator<Item = &'a Vec<u8>> {
    let groups = format!("/subscriptions/{}/resourcegroups/", call.path.subscription);
    let prefix = match &call.path.target {
        Target::GroupConnectors { group } | Target::GroupMachines { group } => {
            format!("{groups}{group}/")
        }
        _ => groups,
    }
    .to_ascii_lowercase();
    let fits = move |path: &str| {
        let name = path
            .strip_prefix(&prefix)
            .and_then(|rest| rest.split_once(collection))
            .map(|(_, name)| name);
        name.is_some_and(|name| !name.contains('/'))
    };
    subscription
        .resources_where(fits)
        .map(|(_, document)| document)
}

/// Connectors of the retired generation; only `/_double/raw` makes them.
pub(crate) fn classic(shared: &Shared, call: &Call) -> Answer {
    if let Err(refusal) = check_classic_version(call) {
        return refusal;
    }
    let mut world = shared.world();
    let switches = world.switches_of(&call.path.subscription);
    let Some(subscription) = world.subscription(&call.path.subscription) else {
        return Answer::empty(404);
    };
    let documents: Vec<&Vec<u8>> = subscription
        .resources_where(|path| path.contains("/providers/microsoft.security/connectors/"))
        .map(|(_, document)| document)
        .collect();
    page(shared, call, &switches, &documents, Vec::clone)
}

/// Documents go out byte for byte, so the page is put together as text. Only those on the page are
/// made ready to be shown: there may be thousands.
fn page(
    shared: &Shared,
    call: &Call,
    switches: &Switches,
    documents: &[&Vec<u8>],
    show: impl Fn(&Vec<u8>) -> Vec<u8>,
) -> Answer {
    let token = match call
        .query
        .get(SKIP_TOKEN)
        .map(|token| token.parse::<usize>())
    {
        None => None,
        Some(Ok(token)) if token <= documents.len() => Some(token),
        Some(_) => {
            return Answer::arm(
                400,
                "InvalidSkipToken",
                "The provided skip token is invalid.",
            );
        }
    };
    let (start, end) = match token {
        None if switches.empty_first_page => (0, 0),
        start => {
            let start = start.unwrap_or_default();
            (start, documents.len().min(start + switches.page_size))
        }
    };
    let mut body = b"{\"value\":[".to_vec();
    let shown: Vec<Vec<u8>> = documents[start..end].iter().map(|one| show(one)).collect();
    body.extend(shown.join(&b","[..]));
    body.push(b']');
    let unfinished = end < documents.len() || (token.is_none() && switches.empty_first_page);
    if unfinished && let Some(link) = next_link(shared, call, end) {
        body.extend(format!(",\"nextLink\":{}", serde_json::Value::from(link)).into_bytes());
    }
    body.push(b'}');
    Answer::bytes(200, body).with_header("content-type", "application/json; charset=utf-8")
}

fn next_link(shared: &Shared, call: &Call, next: usize) -> Option<String> {
    let mut link = Url::parse(&shared.base_url)
        .ok()?
        .join(&call.raw_path)
        .ok()?;
    link.query_pairs_mut()
        .append_pair("api-version", &call.api_version)
        .append_pair(SKIP_TOKEN, &next.to_string());
    Some(link.into())
}
