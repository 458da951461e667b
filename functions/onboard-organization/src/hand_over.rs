//! Hands a request over to the state machine.

use aws::{Leaving, StateMachineArn};
use custom_resource::{Context, Failure, KeptRequest, PhysicalId};
use deferral::HandOver;
use onboarding::PortError;
use onboarding::arc::RunId;
use onboarding::organization::Intent;
use serde_json::{Map, json};

use crate::cloud::Cloud;
use crate::run::Asked;

/// A run that a request begins.
#[derive(Debug)]
pub struct Begun<'a> {
    /// The machine that carries it out.
    pub machine: &'a StateMachineArn,
    /// What it is to bring about.
    pub asked: Asked,
    /// The id of the resource.
    pub id: PhysicalId,
    /// The marks that are put down or taken away before.
    pub marks: &'a [(Leaving<'static>, bool)],
}

/// How executions that a request begins are named, before its id.
const PREFIX: &str = "organization";

/// What the state machine is told of a run over the organization.
pub fn input(intent: Intent) -> Map<String, serde_json::Value> {
    [
        ("Operation", json!(intent)),
        ("Scope", json!("Organization")),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into_iter()
    .collect()
}

/// Begins it.
pub async fn begin<C>(
    cloud: &Cloud<C>,
    begun: Begun<'_>,
    request: &KeptRequest,
    context: &Context,
) -> Result<(), Failure>
where
    C: Send + Sync,
{
    let Begun {
        machine,
        asked,
        id,
        marks,
    } = begun;
    let bucket = cloud.bucket(context.work_until());
    let hand_over = HandOver {
        requests: bucket.requests(),
        machines: cloud.machines(),
        machine,
        prefix: PREFIX,
        input: input(asked.intent),
    };
    let prepare = async |run: RunId| -> Result<(), PortError> {
        context.declare(id.clone());
        for (who, leaves) in marks {
            bucket.put_mark(*who, *leaves).await?;
        }
        bucket.keep_asked(&run, &asked).await
    };
    hand_over.begin(request, context, prepare).await
}
