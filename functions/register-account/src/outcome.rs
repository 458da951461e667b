//! What came of an account, as the state machine carries it on.

use std::time::Duration;

use onboarding::ConnectorId;
use onboarding::organization::Shown;
use serde::Serialize;

/// What came of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Outcome {
    /// The ARM id of its connector.
    pub connector: Option<String>,
    /// What came of it.
    #[serde(rename = "Outcome")]
    pub ending: Ending,
    /// How long the service took to write the connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub put_milliseconds: Option<u32>,
    /// What there is to say of an outcome that is no failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Shown>,
}

/// How it ended. The names are the state machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Ending {
    /// The connector was made or changed.
    Connected,
    /// It was as wanted.
    AlreadyConnected,
    /// Another than we has to act first.
    Skipped,
    /// The connector is gone; in the account itself nothing could be done.
    Removed,
    /// Everything that we put into the account is gone.
    Released,
    /// There was nothing of ours.
    NothingToRemove,
}

impl Outcome {
    fn of(ending: Ending, connector: Option<&ConnectorId>) -> Self {
        Self {
            connector: connector.map(ToString::to_string),
            ending,
            put_milliseconds: None,
            reason: None,
        }
    }

    /// A connector that was written, in this time.
    pub fn connected(connector: &ConnectorId, put: Option<Duration>) -> Self {
        let milliseconds = put.map(|put| u32::try_from(put.as_millis()).unwrap_or(u32::MAX));
        Self {
            put_milliseconds: milliseconds,
            ..Self::of(Ending::Connected, Some(connector))
        }
    }

    /// A connector that is as wanted.
    pub fn already_connected(connector: Option<&ConnectorId>) -> Self {
        Self::of(Ending::AlreadyConnected, connector)
    }

    /// An account with everything that Defender needs to make its connector.
    pub fn awaits_defender() -> Self {
        let reason = "Defender for Cloud has not made the connector of this account yet, which \
                      takes up to 24 hours";
        Self::of(Ending::Skipped, None).because(reason)
    }

    /// An account without a connector in which nothing could be done.
    pub fn removed() -> Self {
        Self::of(Ending::Removed, None)
    }

    /// An account without anything of ours.
    pub fn released() -> Self {
        Self::of(Ending::Released, None)
    }

    /// The same, where that was so before.
    pub fn nothing_to_remove() -> Self {
        Self::of(Ending::NothingToRemove, None)
    }

    /// Adds what there is to say of it.
    #[must_use]
    pub fn because(mut self, reason: impl AsRef<str>) -> Self {
        self.reason = Some(Shown::reason(reason.as_ref()));
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_outcome_is_what_the_state_machine_expects() {
        let id = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/rg/providers/Microsoft.Security/securityConnectors/aws-1";
        let connector: ConnectorId = id.parse().unwrap();
        let shown = |outcome: Outcome| serde_json::to_value(outcome).unwrap();
        let took = Some(Duration::from_millis(1234));
        assert_eq!(
            shown(Outcome::connected(&connector, took)),
            json!({"Connector": id, "Outcome": "Connected", "PutMilliseconds": 1234})
        );
        assert_eq!(
            shown(Outcome::already_connected(None)),
            json!({"Connector": null, "Outcome": "AlreadyConnected"})
        );
        assert_eq!(
            shown(Outcome::removed().because("<no>\u{1b}")),
            json!({"Connector": null, "Outcome": "Removed", "Reason": "\\u{3c}no\\u{3e}\\u{1b}"})
        );
    }
}
