//! Parameters of Systems Manager in the stack's own account.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_ssm::Client;
use onboarding::{FailureKind, PortError};
use tokio::time::Instant;

use crate::call::Call;
use crate::failure::Failure;

/// One parameter, read anew each time. Made once.
#[derive(Clone)]
pub struct StoredParameter {
    client: Client,
    name: String,
    place: String,
}

impl fmt::Debug for StoredParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredParameter")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl StoredParameter {
    /// The parameter of this name; nothing is sent yet.
    pub fn new(sdk: &SdkConfig, name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            client: Client::new(sdk),
            place: format!("for {name}"),
            name,
        }
    }

    /// Its value as it is now.
    pub async fn fetch(&self, deadline: Instant) -> Result<String, PortError> {
        self.read(deadline).await.map_err(|failure| {
            failure
                .denied_advice(|action| {
                    format!("The function's role must be allowed {action} on this parameter")
                })
                .into()
        })
    }

    async fn read(&self, deadline: Instant) -> Result<String, Failure> {
        let call = Call {
            action: "ssm:GetParameter",
            place: &self.place,
            deadline,
        };
        let request = self.client.get_parameter().name(&self.name);
        let answer = call.send(request.send()).await?;
        let missing = || call.failure(FailureKind::Transient, "the answer held no value");
        answer
            .parameter
            .and_then(|parameter| parameter.value)
            .ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rig::{Answer, Wire, in_five_minutes};

    #[tokio::test(start_paused = true)]
    async fn a_parameter_is_read_by_its_name() {
        let wire = Wire::new(|_, asked| {
            assert_eq!(asked.json()["Name"], "/defender-connector/mdc/wanted-state");
            Answer::Body(200, json!({"Parameter": {"Value": "{}"}}).to_string())
        });
        let parameter = StoredParameter::new(&wire.sdk(), "/defender-connector/mdc/wanted-state");
        assert_eq!(parameter.fetch(in_five_minutes()).await.unwrap(), "{}");
        assert_eq!(wire.actions(), ["GetParameter"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_parameter_that_is_gone_or_closed_is_named() {
        for (code, kind) in [
            ("ParameterNotFound", FailureKind::NotFound),
            ("AccessDeniedException", FailureKind::Denied),
        ] {
            let body = json!({"__type": code, "message": "why"}).to_string();
            let wire = Wire::new(move |_, _| Answer::Body(400, body.clone()));
            let parameter = StoredParameter::new(&wire.sdk(), "/x/wanted-state");
            let error = parameter.fetch(in_five_minutes()).await.unwrap_err();
            assert_eq!(error.kind, kind);
            assert!(error.reason.contains("/x/wanted-state"), "{}", error.reason);
        }
    }
}
