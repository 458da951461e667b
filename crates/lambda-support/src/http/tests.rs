use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

/// Answers every request with a redirect to itself, and counts.
fn redirecting() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, target) = (Arc::clone(&asked), url.clone());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let read = stream.read(&mut [0; 4096]).unwrap();
            if read > 0 {
                count.fetch_add(1, Ordering::SeqCst);
                let head = "HTTP/1.1 302 Found\r\ncontent-length: 0\r\nconnection: close\r\n";
                stream
                    .write_all(format!("{head}location: {target}/next\r\n\r\n").as_bytes())
                    .unwrap();
            }
        }
    });
    (url, asked)
}

fn naming(variable: &str, url: &str) -> Environment {
    [(variable, url)].into_iter().collect()
}

#[tokio::test]
async fn plain_http_is_refused_where_no_endpoint_names_it() {
    let (url, asked) = redirecting();
    for environment in [
        Environment::default(),
        naming("AZURE_AUTHORITY_HOST", "https://login.example"),
        naming("AZURE_RESOURCE_MANAGER_URL", "httpx://"),
        naming("STACK_ID", "http://not-an-endpoint"),
    ] {
        let error = client(&environment)
            .unwrap()
            .get(&url)
            .send()
            .await
            .unwrap_err();
        assert!(error.is_builder(), "{error:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_named_plain_endpoint_is_asked_and_its_redirects_are_not_followed() {
    for variable in ENDPOINTS {
        let (url, asked) = redirecting();
        let environment = naming(variable, &url.replace("http", "HTTP"));
        let answer = client(&environment)
            .unwrap()
            .get(&url)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 302, "{variable}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}
