//! One cold start: a fresh process against a Runtime API of its own, measured when it asks for
//! its first event.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const POLLS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_micros(200);
const FIRST_POLL: &str = "GET /2018-06-01/runtime/invocation/next ";

/// What a start cost.
#[derive(Debug, Clone, Copy)]
pub struct ColdStart {
    /// Of all threads of the process.
    pub cpu: Duration,
    /// From fork to first poll.
    pub wall: Duration,
    /// The most that was resident.
    pub resident_bytes: u64,
}

/// Starts `bootstrap` once and ends it after its first poll.
pub fn measure(bootstrap: &Path) -> Result<ColdStart> {
    start(&mut Command::new(bootstrap))
        .with_context(|| format!("cold start of {}", bootstrap.display()))
}

fn start(command: &mut Command) -> Result<ColdStart> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot open a port")?;
    listener.set_nonblocking(true)?;
    let endpoint = listener.local_addr()?.to_string();
    let started = Instant::now();
    let mut child = as_deployed(command, &endpoint)
        .spawn()
        .context("it cannot be started")?;
    let measured = first_poll(&listener, &mut child, started);
    // It may be gone already; then there is nothing to end.
    let _ = child.kill();
    child.wait()?;
    measured
}

/// The connection stays open while the process is looked at: an answer, or none, would let it
/// work on.
fn first_poll(listener: &TcpListener, child: &mut Child, started: Instant) -> Result<ColdStart> {
    while started.elapsed() < POLLS_WITHIN {
        match listener.accept() {
            Ok((connection, _)) => {
                let request_line = request_line(&connection)?;
                let wall = started.elapsed();
                if !request_line.starts_with(FIRST_POLL) {
                    bail!("the first request was {request_line:?}, not a poll");
                }
                return look(child.id(), wall);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if let Some(status) = child.try_wait()? {
                    bail!("it ended before it polled: {status}");
                }
                thread::sleep(LOOK_EVERY);
            }
            Err(error) => return Err(error.into()),
        }
    }
    bail!("it did not poll within {} s", POLLS_WITHIN.as_secs())
}

fn request_line(connection: &TcpStream) -> Result<String> {
    connection.set_nonblocking(false)?;
    connection.set_read_timeout(Some(POLLS_WITHIN))?;
    let mut line = String::new();
    BufReader::new(connection.take(4096)).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn look(process: u32, wall: Duration) -> Result<ColdStart> {
    let mut cpu = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task")).context("this needs Linux")? {
        cpu += on_cpu(&fs::read_to_string(thread?.path().join("schedstat"))?)?;
    }
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    Ok(ColdStart {
        cpu,
        wall,
        resident_bytes: most_resident(&status)?,
    })
}

/// `schedstat` of a thread: nanoseconds on the processor, nanoseconds waiting, slices.
fn on_cpu(schedstat: &str) -> Result<Duration> {
    let first = schedstat
        .split_whitespace()
        .next()
        .context("an empty schedstat")?;
    Ok(Duration::from_nanos(
        first.parse().context("a schedstat without a number")?,
    ))
}

fn most_resident(status: &str) -> Result<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("the process's status names no peak memory")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}

/// The environment of the deployed function, with endpoints where nobody listens: a start must
/// not call anyone.
fn as_deployed<'a>(command: &'a mut Command, endpoint: &str) -> &'a mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", endpoint),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "bench"),
            ("AWS_SECRET_ACCESS_KEY", "bench"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("AZURE_AUTHORITY_HOST", "http://127.0.0.1:9"),
            ("AZURE_RESOURCE_MANAGER_URL", "http://127.0.0.1:9"),
            ("AZURE_TENANT_ID", "7e4a1c52-0d3b-4f6e-9a81-5c2b7d90e613"),
            ("AZURE_CLIENT_ID", "b3f0d6a4-92c7-4e1d-8b5f-16a7c4e83d20"),
            (
                "AZURE_SUBSCRIPTION_ID",
                "2f9c7b1e-83d4-4a65-b0ef-d417a6c25938",
            ),
            ("AZURE_RESOURCE_GROUP", "defender"),
            ("AZURE_LOCATION", "eastus"),
            ("AZURE_AUTHENTICATION", "Federation"),
            (
                "AZURE_SIGN_IN_ROLE_ARN",
                "arn:aws:iam::111111111111:role/DefenderConnectorAzureSignIn",
            ),
            ("DEPLOYMENT_ID", "bench"),
            (
                "STACK_ID",
                "arn:aws:cloudformation:eu-west-1:111111111111:stack/bench/1",
            ),
            ("RUN_BUCKET", "bench"),
            (
                "WANTED_STATE_PARAMETER",
                "/defender-connector/bench/wanted-state",
            ),
        ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_figures_are_read() {
        assert_eq!(
            on_cpu("11250000 75300 12\n").unwrap(),
            Duration::from_micros(11_250)
        );
        let status = "Name:\tbootstrap\nVmPeak:\t  100 kB\nVmHWM:\t    9120 kB\n";
        assert_eq!(most_resident(status).unwrap(), 9120 * 1024);
        assert!(most_resident("Name: x").is_err());
    }

    #[test]
    fn a_process_that_polls_is_measured() {
        let poll = "exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}; \
                    printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n\\r\\n' >&3; read -u 3";
        let start = start(Command::new("/bin/bash").args(["-c", poll])).unwrap();
        assert!(start.cpu > Duration::ZERO && start.cpu <= start.wall * 2);
        assert!(start.resident_bytes > 100_000);
    }

    #[test]
    fn another_request_is_not_taken_for_a_poll() {
        let other = "exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}; \
                     printf 'GET /elsewhere HTTP/1.1\\r\\n\\r\\n' >&3; read -u 3";
        let error = start(Command::new("/bin/bash").args(["-c", other])).unwrap_err();
        assert!(error.to_string().contains("GET /elsewhere"), "{error}");
    }

    #[test]
    fn a_process_that_dies_first_is_an_error() {
        let error = start(Command::new("/bin/sh").args(["-c", "exit 4"])).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("ended before it polled: exit status: 4"),
            "{error}"
        );
    }
}
