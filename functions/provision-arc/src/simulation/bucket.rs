//! S3, as far as single objects go.

use std::collections::BTreeMap;
use std::sync::Mutex;

use testkit::aws_wire::{Answer, Asked};

#[derive(Debug, Default)]
pub struct Bucket(Mutex<BTreeMap<String, String>>);

fn refused(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Answer::Body(status, body)
}

impl Bucket {
    /// What is in it, by key.
    pub fn objects(&self) -> BTreeMap<String, String> {
        self.0.lock().unwrap().clone()
    }

    pub fn answer(&self, asked: &Asked) -> Answer {
        let (_, rest) = asked.uri.split_once(".com/").unwrap();
        let key = rest.split('?').next().unwrap().to_owned();
        let mut objects = self.0.lock().unwrap();
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
            _ => objects
                .get(&key)
                .cloned()
                .map_or_else(|| refused(404, "NoSuchKey"), |body| Answer::Body(200, body)),
        }
    }
}
