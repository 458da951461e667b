//! What a run of the organization is to bring about, put down when it begins: an update of the stack
//! in the middle of it changes nothing for the accounts that are left.

use onboarding::PortError;
use onboarding::arc::RunId;
use serde_json::Value;

use super::RunObjects;

fn wanted_state(run: &RunId) -> String {
    format!("runs/{run}/wanted-state.json")
}

impl RunObjects {
    /// Keeps the wanted state that a run goes by.
    pub async fn keep_wanted_state(&self, run: &RunId, state: &Value) -> Result<(), PortError> {
        self.put_json(&wanted_state(run), state).await
    }

    /// The wanted state that a run goes by; `None` where it is no run of the organization.
    pub async fn wanted_state(&self, run: &RunId) -> Result<Option<Value>, PortError> {
        self.get_json(&wanted_state(run)).await
    }
}
