//! State machines of Step Functions in the stack's own account.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use onboarding::{InvalidValue, PortError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use tracing::info;

use crate::call::Call;

/// The ARN of a state machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StateMachineArn(String);

impl StateMachineArn {
    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<StateMachineArn> for String {
    fn from(arn: StateMachineArn) -> Self {
        arn.0
    }
}

impl TryFrom<String> for StateMachineArn {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let parts: Vec<&str> = text.split(':').collect();
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        match parts[..] {
            ["arn", _, "states", _, _, "stateMachine", name] if printable && !name.is_empty() => {
                Ok(Self(text))
            }
            _ => Err(InvalidValue {
                expected: "expected the ARN of a state machine",
            }),
        }
    }
}

/// Starts state machines. Made once.
#[derive(Clone)]
pub struct StateMachines {
    client: Client,
}

impl fmt::Debug for StateMachines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateMachines")
    }
}

impl StateMachines {
    /// The state machines of the function's own account and Region; nothing is sent yet.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            client: Client::new(sdk),
        }
    }

    /// Starts an execution of this name. One that was started by that name before, whether it
    /// still runs or not, is left as it is: a request that is delivered twice starts nothing
    /// twice.
    pub async fn start(
        &self,
        machine: &StateMachineArn,
        name: &str,
        input: &Value,
        deadline: Instant,
    ) -> Result<(), PortError> {
        let place = format!("for {}", machine.as_str());
        let call = Call {
            action: "states:StartExecution",
            place: &place,
            deadline,
        };
        let request = self
            .client
            .start_execution()
            .state_machine_arn(machine.as_str())
            .name(name)
            .input(input.to_string());
        match call.send(request.send()).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.is("ExecutionAlreadyExists") => {
                info!(aws.execution = %name, "the execution {name} was started before");
                Ok(())
            }
            Err(failure) => Err(failure
                .denied_advice(|action| {
                    format!("The function's role must be allowed {action} on this state machine")
                })
                .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use onboarding::FailureKind;
    use serde_json::json;

    use super::*;
    use crate::rig::{Answer, Wire, in_five_minutes};

    const MACHINE: &str = "arn:aws:states:eu-west-1:111122223333:stateMachine:Onboard";

    async fn start(wire: &Wire) -> Result<(), PortError> {
        let input = json!({"RequestId": "8d1e"});
        let machine = StateMachineArn::try_from(MACHINE.to_owned()).unwrap();
        StateMachines::new(&wire.sdk())
            .start(&machine, "arc-8d1e", &input, in_five_minutes())
            .await
    }

    fn refused(code: &str) -> Answer {
        Answer::Body(400, json!({"__type": code, "message": "why"}).to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn an_execution_is_started_by_name_with_its_input() {
        let wire = Wire::new(|_, _| {
            let body = json!({"executionArn": "arn:aws:states:x:1:execution:Onboard:arc-8d1e", "startDate": 1.0});
            Answer::Body(200, body.to_string())
        });
        start(&wire).await.unwrap();
        let asked = wire.asked()[0].json();
        assert_eq!(asked["stateMachineArn"], MACHINE);
        assert_eq!(asked["name"], "arc-8d1e");
        assert_eq!(asked["input"], r#"{"RequestId":"8d1e"}"#);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_was_started_before_is_left_alone() {
        let wire = Wire::new(|_, _| refused("ExecutionAlreadyExists"));
        start(&wire).await.unwrap();
        assert_eq!(wire.asked().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_names_the_machine_and_the_right() {
        let wire = Wire::new(|_, _| refused("AccessDeniedException"));
        let error = start(&wire).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Denied);
        assert!(error.reason.contains(MACHINE), "{}", error.reason);
        assert!(
            error
                .reason
                .contains("must be allowed states:StartExecution")
        );
    }
}
