use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

use super::*;
use crate::rig::{ASSERTION, SECRET, TOKEN, federation, patience, source};

#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// While there is one subscriber only, a line that another thread reaches first is switched off by
/// that thread's lack of one, for all threads.
static BYSTANDER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

/// Everything that this thread logs, until the guard is dropped.
pub(super) fn logging() -> (Lines, tracing::subscriber::DefaultGuard) {
    LazyLock::force(&BYSTANDER);
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    (lines, tracing::subscriber::set_default(subscriber))
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn everything_that_is_logged_is_free_of_secrets_and_has_the_ids() {
    let (lines, guard) = logging();
    let (server, arm) = azure().await;
    let at = id().to_string();
    let busy = ResponseTemplate::new(503).insert_header("x-ms-correlation-request-id", "corr-7");
    Mock::given(method("PUT"))
        .respond_with(busy)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    answer(&server, "PUT", &at, ok(seen("1", "prod"))).await;
    answer(
        &server,
        "GET",
        &at,
        arm_error(401, "ExpiredAuthenticationToken"),
    )
    .await;
    connectors(&arm).put(&wanted(), None).await.unwrap();
    let refused = connectors(&arm).get(&id()).await.unwrap_err();
    let federated = crate::ArmClient::new(
        crate::rig::http(),
        server.uri().parse().unwrap(),
        source(&server.uri(), federation()),
        patience(),
    );
    let also = federated.get(&crate::rig::call(&at)).await.unwrap_err();
    drop(guard);
    let logged = lines.text();
    assert!(
        logged.contains("corr-7") && logged.contains("trying again"),
        "{logged}"
    );
    assert!(
        logged.contains("http.status=200") && logged.contains("azure.client_request_id"),
        "{logged}"
    );
    let shown = format!("{logged} {refused:?} {refused} {also:?} {also} {arm:?}");
    for secret in [TOKEN, SECRET, ASSERTION, "CspmMonitorAws"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
