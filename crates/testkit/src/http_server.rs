//! The accept loop under every double: answers through a router, or breaks the connection.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tower_service::Service;

/// How a handler asks for its connection to be broken instead of answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Broken {
    /// Closed in good order, without an answer.
    Closed,
    /// A TCP reset.
    Reset,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was broken on purpose")
    }
}

impl Error for Broken {}

impl IntoResponse for Broken {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

/// A listening double; stops, with every open connection, when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    task: AbortHandle,
}

impl Server {
    pub(crate) fn serve(listener: TcpListener, router: Router) -> Self {
        Self {
            task: tokio::spawn(accept(listener, router)).abort_handle(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Binds the loopback address; port 0 takes a free one. Returns the base URL too.
pub(crate) async fn bind(port: u16) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    Ok((listener, base_url))
}

async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve_connection(stream, router.clone()));
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, router: Router) {
    let reset = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request: Request<Incoming>| {
        let mut router = router.clone();
        let reset = Arc::clone(&reset);
        Box::pin(async move {
            let answer: Result<Response<Body>, Infallible> =
                router.call(request.map(Body::new)).await;
            let Ok(response) = answer;
            match response.extensions().get::<Broken>().copied() {
                None => Ok(response),
                Some(broken) => {
                    reset.store(matches!(broken, Broken::Reset), Ordering::Relaxed);
                    Err(broken)
                }
            }
        })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // How the connection ended is the client's concern.
    let _ended = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let stream = connection.into_parts().io.into_inner();
    if reset.load(Ordering::Relaxed) {
        let _refused = stream.set_zero_linger();
    }
}
