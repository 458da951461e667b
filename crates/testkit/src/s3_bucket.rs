//! A bucket of S3 at the other end of the wire, as far as single objects and listings go.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use percent_encoding::percent_decode_str;

use crate::aws_wire::{Answer, Asked};

/// A bucket.
#[derive(Debug, Default)]
pub struct Bucket(Mutex<BTreeMap<String, String>>);

fn refused(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Answer::Body(status, body)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl Bucket {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is in it, by key.
    pub fn objects(&self) -> BTreeMap<String, String> {
        self.lock().clone()
    }

    /// Puts an object in.
    pub fn put(&self, key: &str, body: impl Into<String>) {
        self.lock().insert(key.to_owned(), body.into());
    }

    /// Takes an object out.
    pub fn remove(&self, key: &str) {
        self.lock().remove(key);
    }

    /// What S3 answers.
    pub fn answer(&self, asked: &Asked) -> Answer {
        let (_, rest) = asked.uri.split_once(".com/").unwrap_or_default();
        let (key, query) = rest.split_once('?').unwrap_or((rest, ""));
        let key = decoded(key);
        let mut objects = self.lock();
        match asked.method.as_str() {
            "PUT" if asked.header("if-none-match").is_some() && objects.contains_key(&key) => {
                refused(412, "PreconditionFailed")
            }
            "PUT" => {
                objects.insert(key, asked.body.clone());
                Answer::Body(200, String::new())
            }
            "DELETE" => {
                objects.remove(&key);
                Answer::Body(204, String::new())
            }
            _ if key.is_empty() => listing(&objects, query),
            _ => objects
                .get(&key)
                .cloned()
                .map_or_else(|| refused(404, "NoSuchKey"), |body| Answer::Body(200, body)),
        }
    }
}

fn listing(objects: &BTreeMap<String, String>, query: &str) -> Answer {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let prefix = pairs.find(|(name, _)| *name == "prefix");
    let prefix = prefix.map(|(_, value)| decoded(value)).unwrap_or_default();
    let mut body = "<ListBucketResult><IsTruncated>false</IsTruncated>".to_owned();
    for key in objects.keys().filter(|key| key.starts_with(&prefix)) {
        // Writing to a String cannot fail.
        let _ = write!(body, "<Contents><Key>{key}</Key></Contents>");
    }
    body.push_str("</ListBucketResult>");
    Answer::Body(200, body)
}
