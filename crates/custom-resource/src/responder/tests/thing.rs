//! A resource that behaves as its properties say, and a sender that keeps what it is given.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Context, Done, Failure, Handler, PhysicalId, ReplyError, ReplySender, Responder,
    ResponseOrigins, ResponseUrl,
};

pub fn event(request_type: &str, behaviour: &str) -> Value {
    let mut event = json!({
        "RequestType": request_type,
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:things",
        "ResponseURL": "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x?X-Amz-Signature=s3cr3t",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/mdc/6c2f",
        "RequestId": "8d1e",
        "LogicalResourceId": "Thing",
        "ResourceType": "Custom::Thing",
        "ResourceProperties": {"ServiceToken": "arn", "ServiceTimeout": "720", "Behaviour": behaviour},
    });
    if request_type != "Create" {
        event["PhysicalResourceId"] = json!("thing-1");
        event["OldResourceProperties"] = json!({"ServiceToken": "arn", "Behaviour": "succeed"});
    }
    event
}

#[derive(Debug, Clone)]
pub struct Sent {
    pub text: String,
    pub until: Instant,
}

#[derive(Debug, Default)]
pub struct Things {
    history: Arc<Mutex<Vec<&'static str>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
    deaf: bool,
}

#[derive(Debug)]
pub struct Sender(Things);

pub fn responder(things: &Things) -> Responder<Sender> {
    let sender = Sender(Things {
        history: Arc::clone(&things.history),
        sent: Arc::clone(&things.sent),
        deaf: things.deaf,
    });
    Responder::new(sender, ResponseOrigins::new("us-east-1", None))
}

impl ReplySender for Sender {
    async fn send(&self, _: &ResponseUrl, body: Vec<u8>, until: Instant) -> Result<(), ReplyError> {
        self.0.note("answer");
        let text = String::from_utf8(body).unwrap();
        self.0.sent.lock().unwrap().push(Sent { text, until });
        if self.0.deaf {
            Err(ReplyError::Forbidden)
        } else {
            Ok(())
        }
    }
}

impl Things {
    pub fn that_nobody_hears() -> Self {
        Self {
            deaf: true,
            ..Self::default()
        }
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    pub fn history(&self) -> Vec<&'static str> {
        self.history.lock().unwrap().clone()
    }

    fn note(&self, what: &'static str) {
        self.history.lock().unwrap().push(what);
    }

    async fn behave(&self, behaviour: &str, context: &Context) -> Result<(), Failure> {
        if behaviour.starts_with("declare, ") {
            context.declare(id("thing-2"));
        }
        match behaviour.trim_start_matches("declare, ") {
            "fail" => Err(Failure::new("the service said no").caused_by("connection reset")),
            "panic" => panic!("X-Amz-Signature=s3cr3t"),
            "hang" => {
                let _work = Work(self);
                std::future::pending().await
            }
            _ => Ok(()),
        }
    }
}

/// Notes when work in progress is given up.
struct Work<'a>(&'a Things);

impl Drop for Work<'_> {
    fn drop(&mut self) {
        self.0.note("work dropped");
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Properties {
    behaviour: String,
}

fn id(text: &str) -> PhysicalId {
    text.parse().unwrap()
}

impl Handler for Things {
    type Properties = Properties;

    async fn create(&self, wanted: Properties, context: &Context) -> Result<Done, Failure> {
        self.note("create");
        self.behave(&wanted.behaviour, context).await?;
        Ok(Done::new(id("thing-2"))
            .with("Name", "a thing")
            .with("Count", 1))
    }

    async fn update(
        &self,
        wanted: Properties,
        old: &Value,
        given: &PhysicalId,
        context: &Context,
    ) -> Result<Done, Failure> {
        self.note("update");
        assert_eq!(*old, json!({"Behaviour": "succeed"}));
        self.behave(&wanted.behaviour, context).await?;
        let replaced = wanted.behaviour == "replace";
        Ok(Done::new(if replaced {
            id("thing-3")
        } else {
            given.clone()
        })
        .with("Count", 2))
    }

    async fn delete(&self, raw: &Value, _: &PhysicalId, context: &Context) -> Result<(), Failure> {
        self.note("delete");
        self.behave(raw["Behaviour"].as_str().unwrap_or_default(), context)
            .await
    }
}

/// Everything that is logged on this thread while it collects.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn collect(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
