//! The PUT of a connector, kept from its arrival until it is known how it was answered.

use axum::http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::paths::{ArmPath, Target, connector_path};
use super::shown::shown;
use super::state::Shared;
use crate::bodies::SentBody;

/// What goes into the recorder.
pub(crate) struct SentConnector {
    api_version: String,
    path: String,
    body: Value,
    stored: Option<Value>,
}

impl SentConnector {
    /// `None` where nothing is kept, or the request is no PUT of a connector in JSON.
    pub(crate) fn arriving(
        shared: &Shared,
        method: &Method,
        path: Option<&ArmPath>,
        raw_path: &str,
        (api_version, body): (Option<&String>, Option<&Value>),
    ) -> Option<Self> {
        let path = path?;
        let Target::Connector { group, name } = &path.target else {
            return None;
        };
        if !shared.bodies.is_on() || method != Method::PUT {
            return None;
        }
        let key = connector_path(&path.subscription, group, name).to_ascii_lowercase();
        let api_version = api_version.cloned().unwrap_or_default();
        let mut world = shared.world();
        let switches = world.switches_of(&path.subscription);
        let stored = world
            .subscription(&path.subscription)
            .and_then(|subscription| subscription.resources.get(&key))
            .and_then(|stored| {
                serde_json::from_slice(&shown(stored, &switches, &api_version)).ok()
            });
        Some(Self {
            path: raw_path.to_owned(),
            body: body?.clone(),
            api_version,
            stored,
        })
    }

    /// A body that could not be kept must not pass for one that was.
    pub(crate) fn answered(&self, shared: &Shared, status: Option<u16>) -> Result<(), Answer> {
        let sent = SentBody {
            api_version: &self.api_version,
            path: &self.path,
            status,
            body: &self.body,
            stored: self.stored.as_ref(),
        };
        shared
            .bodies
            .record(&sent)
            .map_err(|error| Answer::arm(500, "BodyNotRecorded", format!("The double: {error}")))
    }
}
