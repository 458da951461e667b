//! What a run does with an account, as the state machine hands it on.

use serde::{Deserialize, Serialize};

use super::{Shown, SkipReason};
use crate::AccountId;

/// What a run is for. The names are the state machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intent {
    /// To bring everything to what is wanted.
    Onboard,
    /// To take everything out.
    Offboard,
    /// To take out what an update loses, while the members' roles are still there.
    Narrow,
}

/// What is done with one account. The names are the state machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Bring it to what is wanted.
    Onboard,
    /// Take out what we put into it.
    Offboard,
    /// Remove its connector; in the account itself nothing can be done.
    RemoveConnector,
}

/// One account that a run works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    /// Which.
    pub account_id: AccountId,
    /// What is done with it.
    pub action: Action,
    /// The ARM ids of all connectors that were seen for it, whoever they belong to.
    pub connectors: Vec<String>,
    /// Whether its connector was seen as it is wanted, so that Azure need not be asked.
    pub as_wanted: bool,
    /// Its name, which is empty where it is not known.
    pub name: Shown,
}

/// One account that a run does not work on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Skipped {
    /// Which.
    pub account_id: AccountId,
    /// Its name.
    pub name: Shown,
    /// Why.
    pub reason: SkipReason,
    /// What Organizations says of it, where that is not known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Shown>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_is_what_the_state_machine_expects() {
        let item = Item {
            account_id: "111122223333".parse().unwrap(),
            action: Action::RemoveConnector,
            connectors: vec!["/subscriptions/x".to_owned()],
            as_wanted: false,
            name: Shown::name("=one"),
        };
        let shown = serde_json::to_value(&item).unwrap();
        let expected = json!({
            "AccountId": "111122223333", "Action": "RemoveConnector",
            "Connectors": ["/subscriptions/x"], "AsWanted": false, "Name": "\\u{3d}one",
        });
        assert_eq!(shown, expected);
        assert_eq!(serde_json::from_value::<Item>(shown).unwrap(), item);
        let intents = [Intent::Onboard, Intent::Offboard, Intent::Narrow];
        assert_eq!(
            serde_json::to_value(intents).unwrap(),
            json!(["Onboard", "Offboard", "Narrow"])
        );
    }

    #[test]
    fn a_skipped_account_names_its_reason() {
        let skipped = Skipped {
            account_id: "111122223333".parse().unwrap(),
            name: Shown::name("one"),
            reason: SkipReason::PendingClosure,
            state: None,
        };
        let shown = serde_json::to_value(&skipped).unwrap();
        assert_eq!(
            shown,
            json!({"AccountId": "111122223333", "Name": "one", "Reason": "PendingClosure"})
        );
        assert_eq!(serde_json::from_value::<Skipped>(shown).unwrap(), skipped);
    }
}
