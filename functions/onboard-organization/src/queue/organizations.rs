//! Events of Organizations, as `CloudTrail` tells of them: an account has joined, moved, left, or is
//! being closed.
//!
//! AWS shows no example of the newest ones, and names their parts in more than one way. Which
//! account it is is all that matters, so all else may be named as it likes.

use onboarding::AccountId;
use onboarding::inert::inert;
use serde_json::Value;

use super::event::{Event, Own};

/// How `EventBridge` names them.
pub(super) const DETAIL_TYPES: [&str; 2] = [
    "AWS API Call via CloudTrail",
    "AWS Service Event via CloudTrail",
];
const NAMES: [&str; 7] = [
    "AccountDepartedOrganization",
    "AccountJoinedOrganization",
    "CloseAccount",
    "CloseAccountResult",
    "CreateAccountResult",
    "MoveAccount",
    "RemoveAccountFromOrganization",
];
/// Where the account may stand.
const PLACES: [&str; 4] = [
    "/serviceEventDetails/accountId",
    "/serviceEventDetails/createAccountStatus/accountId",
    "/serviceEventDetails/closeAccountStatus/accountId",
    "/requestParameters/accountId",
];

pub(super) fn read(detail: &Value, own: &Own) -> Result<Event, String> {
    let name = detail["eventName"].as_str().unwrap_or_default();
    if !NAMES.contains(&name) {
        return Err(format!("{} says nothing here", inert(name, 100)));
    }
    if !detail["errorCode"].is_null() {
        return Err(format!("{name} was refused, so that nothing has changed"));
    }
    let recipient = &detail["recipientAccountId"];
    if !recipient.is_null() && recipient != own.account.as_str() {
        return Err("it is of another organization".to_owned());
    }
    let mut places = PLACES.iter().filter_map(|place| detail.pointer(place));
    let account = places.find_map(|account| account.as_str()?.parse::<AccountId>().ok());
    let account = account.ok_or_else(|| format!("{name} names no account"))?;
    Ok(Event {
        account,
        stack_set: None,
    })
}
