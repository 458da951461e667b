//! Requests to servers on this machine.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body, Error};

use crate::output::inert;

/// A client that uses no proxy, and for which every status is an answer.
pub fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(timeout))
        .build();
    Agent::new_with_config(config)
}

/// What a GET gives.
pub fn get(url: &str) -> Result<Value> {
    answer(url, agent(Duration::from_secs(30)).get(url).call())
}

/// Posts a document.
pub fn post(url: &str, document: &Value) -> Result<Value> {
    answer(
        url,
        agent(Duration::from_secs(30)).post(url).send_json(document),
    )
}

/// Puts a document.
pub fn put(url: &str, document: &Value) -> Result<Value> {
    answer(
        url,
        agent(Duration::from_secs(30)).put(url).send_json(document),
    )
}

/// The body of a success; an empty one is null.
pub fn answer(what: &str, sent: Result<Response<Body>, Error>) -> Result<Value> {
    let mut response = sent.with_context(|| format!("{what}: no answer"))?;
    let body = response.body_mut().read_to_string()?;
    if !response.status().is_success() {
        bail!("{what}: {}: {}", response.status(), inert(&body, 400));
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&body).with_context(|| format!("{what}: the answer is not JSON"))
}
