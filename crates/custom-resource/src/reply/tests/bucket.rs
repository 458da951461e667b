//! A bucket on a bare socket: it shows the very bytes that were sent, and can misbehave in ways
//! that an HTTP server would not let itself.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How the bucket takes one PUT. When its list is empty it answers 200.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// A reply with this status.
    Status(u16),
    /// A redirection there.
    Redirect(String),
    /// The connection is reset after the request.
    Reset,
    /// The reply stops in the middle of the status line.
    StopHalfWay,
    /// The reply never comes.
    Silence,
    /// The reply comes late.
    Late(Duration),
}

/// A PUT that arrived.
#[derive(Debug, Clone)]
pub struct Put {
    /// Request line and headers, as they came.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Put {
    /// A header's value, without blanks around it.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

pub struct Bucket {
    address: SocketAddr,
    puts: Arc<Mutex<Vec<Put>>>,
    server: JoinHandle<()>,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Bucket {
    pub async fn start(behaviours: &[Behaviour]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let puts = Arc::new(Mutex::new(Vec::new()));
        let left = Arc::new(Mutex::new(VecDeque::from(behaviours.to_vec())));
        let seen = Arc::clone(&puts);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&left)));
            }
        });
        Self {
            address,
            puts,
            server,
        }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn puts(&self) -> Vec<Put> {
        self.puts.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    puts: Arc<Mutex<Vec<Put>>>,
    left: Arc<Mutex<VecDeque<Behaviour>>>,
) {
    let Some(put) = read(&mut stream).await else {
        return;
    };
    puts.lock().unwrap().push(put);
    let behaviour = left
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or(Behaviour::Status(200));
    let reply = match behaviour {
        Behaviour::Status(status) => reply(status, ""),
        Behaviour::Redirect(location) => reply(307, &format!("location: {location}\r\n")),
        Behaviour::Reset => {
            // Bytes that are closed over unread reset the connection.
            stream.set_zero_linger().unwrap();
            return;
        }
        Behaviour::StopHalfWay => "HTTP/1.1 2".to_owned(),
        Behaviour::Silence => std::future::pending().await,
        Behaviour::Late(pause) => {
            tokio::time::sleep(pause).await;
            reply(200, "")
        }
    };
    let _ = stream.write_all(reply.as_bytes()).await;
}

fn reply(status: u16, headers: &str) -> String {
    format!("HTTP/1.1 {status} Said\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n")
}

async fn read(stream: &mut TcpStream) -> Option<Put> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let put = Put {
        head,
        body: bytes.split_off(end + 4),
    };
    let length: usize = put.header("content-length")?.parse().unwrap();
    let mut put = put;
    while put.body.len() < length {
        if stream.read_buf(&mut put.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(put)
}
