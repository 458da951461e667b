//! `cargo xtask demo|test|lint|bench`: the one list of this project's commands.

use std::process::ExitCode;

mod azure;
mod bench;
mod boto;
mod checks;
mod command;
mod demo;
mod http;
mod inventory;
mod lint;
mod local_cloud;
mod log_check;
mod output;
mod process;
mod project;
mod sam;
mod secrets;
mod settings;
mod setup;
mod suite;
mod summary;
mod table;
mod unittest;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match command::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<summary::Shown>() => ExitCode::FAILURE,
        Err(error) => {
            output::line(format!("\nerror: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
