//! A run, as it is written down between its steps.

use std::time::{Duration, SystemTime};

use onboarding::organization::wanted::InvalidWantedState;
use onboarding::organization::{Intent, Item, MemberRegistration, WantedState};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a request asked for that began a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Asked {
    /// What the run is for.
    pub intent: Intent,
    /// The wanted state.
    pub wanted: Value,
    /// The one before it, where an update changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
}

/// What a run is, written down once its accounts are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Run {
    /// What it is for.
    pub intent: Intent,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
    /// Whether it is for a few accounts only.
    #[serde(default)]
    pub is_partial: bool,
    /// Why it does nothing, where it does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<String>,
}

/// A change of who makes the members' connectors, kept until all have one again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Migrating {
    /// Who makes them now.
    pub to: MemberRegistration,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
}

/// What `ProvisionArcFunction` does with an account. The names are the state machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arc {
    /// It puts the tags on.
    Onboard,
    /// It takes them away.
    Offboard,
    /// It is not called.
    None,
}

/// One account that a run works on, as the state machine reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    /// The account, and what is done with it.
    #[serde(flatten)]
    pub item: Item,
    /// What is done with its instances.
    pub arc: Arc,
    /// When its turn comes, in seconds since 1970; absent where it need not wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_epoch_seconds: Option<u64>,
}

impl Asked {
    /// The wanted state, read.
    pub fn wanted(&self) -> Result<WantedState, InvalidWantedState> {
        WantedState::of_value(self.wanted.clone())
    }

    /// The one before it, read.
    pub fn before(&self) -> Result<Option<WantedState>, InvalidWantedState> {
        let before = self.before.clone().map(WantedState::of_value);
        before.transpose()
    }
}

impl Run {
    /// A run over all accounts that begins now.
    pub fn beginning(intent: Intent, idle: Option<String>) -> Self {
        Self {
            intent,
            began: now(),
            is_partial: false,
            idle,
        }
    }

    /// How long it has taken until now.
    pub fn elapsed(&self) -> Duration {
        since(self.began)
    }
}

impl Migrating {
    /// A change that begins now.
    pub fn beginning(to: MemberRegistration) -> Self {
        Self { to, began: now() }
    }

    /// How long it has taken until now.
    pub fn elapsed(&self) -> Duration {
        since(self.began)
    }
}

fn now() -> u64 {
    u64::try_from(since_1970().as_millis()).unwrap_or_default()
}

fn since(began: u64) -> Duration {
    since_1970().saturating_sub(Duration::from_millis(began))
}

/// The time.
pub fn since_1970() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use onboarding::organization::{Action, Shown};
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_what_the_state_machine_expects() {
        let entry = Entry {
            item: Item {
                account_id: "111122223333".parse().unwrap(),
                action: Action::Offboard,
                connectors: vec!["/subscriptions/x".to_owned()],
                as_wanted: false,
                name: Shown::name("one"),
            },
            arc: Arc::Offboard,
            not_before_epoch_seconds: Some(1_795_000_000),
        };
        let shown = serde_json::to_value(&entry).unwrap();
        assert_eq!(
            shown,
            json!({
                "AccountId": "111122223333", "Action": "Offboard", "AsWanted": false,
                "Connectors": ["/subscriptions/x"], "Name": "one", "Arc": "Offboard",
                "NotBeforeEpochSeconds": 1_795_000_000,
            })
        );
        assert_eq!(serde_json::from_value::<Entry>(shown).unwrap(), entry);
    }

    #[test]
    fn a_run_knows_how_long_it_has_taken() {
        let mut run = Run::beginning(Intent::Onboard, None);
        assert!(run.elapsed() < Duration::from_mins(1));
        run.began -= 90_000;
        assert!(run.elapsed() >= Duration::from_secs(90));
        let shown = json!({"Intent": "Onboard", "Began": run.began, "IsPartial": false});
        assert_eq!(serde_json::to_value(&run).unwrap(), shown);
    }
}
