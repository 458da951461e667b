//! Logging to standard output, as Lambda's `LoggingConfig` asks for it.

use std::io;
use std::str::FromStr;

use lambda_runtime::tracing::Subscriber;
use lambda_runtime::tracing::subscriber::filter::{LevelFilter, Targets};
use lambda_runtime::tracing::subscriber::fmt::MakeWriter;
use lambda_runtime::tracing::subscriber::prelude::*;
use lambda_runtime::tracing::subscriber::{Layer, Registry, fmt};

use crate::Environment;

/// Our own crates, by the names of their modules. They alone may log below `INFO`.
const OURS: [&str; 12] = [
    "aws",
    "aws_compute",
    "azure",
    "connector_properties",
    "custom_resource",
    "deferral",
    "lambda_support",
    "onboard_organization",
    "onboarding",
    "provision_arc",
    "register_account",
    "reply_guard",
];

/// Crates that could tell too much even at `INFO`. The longest name that fits a target decides, so
/// `aws_` is not ours although it begins with `aws`.
const QUIET: [&str; 7] = ["aws_", "h2", "hyper", "reqwest", "rustls", "tokio", "tower"];

/// Starts logging. A second call in the same process changes nothing.
pub(crate) fn start(environment: &Environment) {
    // Fails only where a subscriber is set already, which is then as good.
    let _ = subscriber(environment, io::stdout).try_init();
}

fn subscriber<W>(environment: &Environment, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = environment
        .text_or_none("AWS_LAMBDA_LOG_LEVEL")
        .and_then(|text| LevelFilter::from_str(text).ok())
        .unwrap_or(LevelFilter::INFO);
    let json = environment
        .text_or_none("AWS_LAMBDA_LOG_FORMAT")
        .is_some_and(|format| format.eq_ignore_ascii_case("json"));
    let lines = fmt::layer().with_writer(writer);
    let layer = if json {
        lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed()
    } else {
        // CloudWatch Logs has the time of every line.
        lines.without_time().with_ansi(false).boxed()
    };
    Box::new(Registry::default().with(layer.with_filter(targets(level))))
}

/// Who may log what. At `TRACE` the runtime writes whole events, which hold the pre-signed
/// `ResponseURL`; below `WARN` the SDK and HTTP crates write requests. So the level that is asked
/// for holds for our own crates only.
fn targets(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_targets(QUIET.map(|target| (target, level.min(LevelFilter::WARN))))
        .with_targets(OURS.map(|target| (target, level)))
}

#[cfg(test)]
mod tests;
