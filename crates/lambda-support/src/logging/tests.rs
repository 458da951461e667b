use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use lambda_runtime::tracing::subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn logged(variables: &[(&str, &str)], write: impl FnOnce()) -> String {
    let log = Log::default();
    let subscriber = subscriber(&variables.iter().copied().collect(), log.clone());
    tracing::subscriber::with_default(subscriber, write);
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn at_every_level() {
    macro_rules! levels {
        ($($target:literal)*) => {$(
            tracing::trace!(target: $target, concat!("trace of ", $target));
            tracing::debug!(target: $target, concat!("debug of ", $target));
            tracing::info!(target: $target, concat!("info of ", $target));
            tracing::warn!(target: $target, concat!("warn of ", $target));
        )*};
    }
    levels!("aws::iam" "register_account" "aws_smithy_runtime::client" "hyper_util" "reqwest" "lambda_runtime::layers");
}

#[test]
fn only_our_own_crates_get_below_info_and_transports_stay_quiet() {
    let log = logged(&[("AWS_LAMBDA_LOG_LEVEL", "TRACE")], at_every_level);
    for present in [
        "trace of aws::iam",
        "trace of register_account",
        "info of lambda_runtime",
        "warn of hyper_util",
    ] {
        assert!(log.contains(present), "{present}: {log}");
    }
    for absent in [
        "info of aws_smithy_runtime",
        "info of hyper_util",
        "info of reqwest",
        "debug of lambda_runtime",
    ] {
        assert!(!log.contains(absent), "{absent}: {log}");
    }
}

#[test]
fn the_level_can_be_raised_for_all() {
    let log = logged(&[("AWS_LAMBDA_LOG_LEVEL", "ERROR")], at_every_level);
    assert_eq!(log, "");
    let log = logged(&[], at_every_level);
    assert!(
        log.contains("info of aws::iam") && !log.contains("debug of aws::iam"),
        "{log}"
    );
}

#[test]
fn json_lines_have_what_lambda_filters_by_and_our_fields_at_the_top() {
    let log = logged(&[("AWS_LAMBDA_LOG_FORMAT", "JSON")], || {
        tracing::info!(account.id = "111122223333", "one\nline");
    });
    assert_eq!(log.lines().count(), 1);
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "one\nline");
    assert_eq!(line["account.id"], "111122223333");
    assert!(
        line["timestamp"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z')),
        "{line}"
    );
}
