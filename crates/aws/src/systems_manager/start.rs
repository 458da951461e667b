//! Starting a batch.

use std::collections::HashMap;

use onboarding::FailureKind;
use onboarding::arc::ports::StartError;
use onboarding::arc::{Batch, ExecutionId, InstanceId};
use uuid::Uuid;

use super::SystemsManager;
use crate::failure::Failure;

/// The runbooks' parameter for the instance.
const INSTANCE: &str = "InstanceId";
/// One instance that fails must not keep the others from their turn.
const ERRORS_ALLOWED: &str = "100%";

impl SystemsManager {
    pub(super) async fn start_batch(
        &self,
        batch: &Batch,
        token: Uuid,
    ) -> Result<ExecutionId, Failure> {
        let call = self.call("ssm:StartAutomationExecution");
        let target = |instance: &InstanceId| {
            HashMap::from([(INSTANCE.to_owned(), vec![instance.to_string()])])
        };
        let parameters = batch.parameters.iter();
        let parameters = parameters.map(|(key, value)| ((*key).to_owned(), vec![value.clone()]));
        let request = self
            .client()
            .await?
            .start_automation_execution()
            .document_name(batch.runbook.name())
            .set_parameters(Some(parameters.collect()))
            .set_target_maps(Some(batch.instances.iter().map(target).collect()))
            .max_concurrency(batch.at_once.to_string())
            .max_errors(ERRORS_ALLOWED)
            .client_token(token.to_string());
        let id = call.send(request.send()).await?.automation_execution_id;
        let missing = || call.failure(FailureKind::Transient, "the answer held no execution id");
        id.map(ExecutionId::seen).ok_or_else(missing)
    }

    pub(super) fn explain_start(&self, failure: Failure) -> StartError {
        if failure.is("AutomationExecutionLimitExceeded") {
            return StartError::QueueFull(self.session.explain(failure));
        }
        let absent = [
            "AutomationDefinitionNotFound",
            "AutomationDefinitionVersionNotFound",
        ];
        if absent.iter().any(|code| failure.is(code)) {
            let failure = failure.advised(
                "The runbooks are laid into each Region by a StackSet (templates/region.yaml): see \
                 that its instance in this Region is current",
            );
            return StartError::NoRunbook(self.session.explain(failure));
        }
        StartError::Region(self.explain(failure))
    }
}
