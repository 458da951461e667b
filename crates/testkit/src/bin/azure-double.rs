//! The Azure double as a process of its own, for the local cloud.
//!
//! Its environment may say where the connectors that it is sent are kept: see `testkit::bodies`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool"
)]

use std::io::{Read, stdin};
use std::process::ExitCode;

use testkit::azure_double::{AwsView, AzureDouble};
use tokio::sync::oneshot;

struct Options {
    port: u16,
    aws: AwsView,
    watch_stdin: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("azure-double: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let options = options(std::env::args().skip(1))?;
    let double = AzureDouble::start_with(options.port, options.aws)
        .await
        .map_err(|error| format!("cannot listen on port {}: {error}", options.port))?;
    println!("azure-double listening on {}", double.base_url());
    if options.watch_stdin {
        parent_is_gone().await;
    } else {
        std::future::pending::<()>().await;
    }
    Ok(())
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        port: 0,
        aws: AwsView::NotLookedAt,
        watch_stdin: false,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--port" => {
                options.port = value()?
                    .parse()
                    .map_err(|error| format!("--port: {error}"))?;
            }
            "--aws-endpoint" => options.aws = AwsView::Emulator(value()?),
            "--watch-stdin" => options.watch_stdin = true,
            _ => {
                return Err(format!(
                    "unknown option {word}; known are --port, --aws-endpoint and --watch-stdin"
                ));
            }
        }
    }
    Ok(options)
}

/// Standard input ends when whoever started us is gone, however it went.
async fn parent_is_gone() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let mut rest = [0_u8; 256];
        while stdin().read(&mut rest).is_ok_and(|read| read > 0) {}
        let _nobody_waits = ended.send(());
    });
    let _thread_panicked = end.await;
}
