//! An Azure Resource Manager client: five verbs, lists, long-running operations.
//!
//! Only idempotent verbs are offered, so a try that was cut off can be made again without asking
//! whether the first one took effect.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::answer::Answer;
use crate::sign_in::{Credential, TokenSource};
use crate::{Deadline, Error, Kind, Patience};

mod exchange;
mod fault;
mod paging;
mod polling;

/// How the service is named in errors.
pub(crate) const SERVICE: &str = "Azure Resource Manager";

/// A client for one Resource Manager and one identity.
pub struct ArmClient<C> {
    http: reqwest::Client,
    base: Url,
    tokens: TokenSource<C>,
    patience: Patience,
}

impl<C> fmt::Debug for ArmClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArmClient")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// What to ask, and until when.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What it is for, as in "could not …".
    pub operation: &'a str,
    /// The path of the resource, from `/subscriptions` on.
    pub path: &'a str,
    /// The API version of the resource type.
    pub api_version: &'a str,
    /// When it must have ended.
    pub deadline: Deadline,
}

/// What a DELETE found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It was there, or the service did not say.
    Done,
    /// There was nothing, or not even the group it would be in.
    Absent,
}

/// One request, made as often as it takes.
#[derive(Debug)]
struct Request<'a> {
    operation: &'a str,
    method: Method,
    url: Url,
    body: Option<&'a Value>,
    deadline: Deadline,
}

impl Request<'_> {
    /// How long one try may take. A write of a connector has the service look into AWS before it
    /// answers: half a minute was seen.
    fn one_try(&self) -> Duration {
        match self.method {
            Method::GET => Duration::from_mins(1),
            _ => Duration::from_mins(3),
        }
    }
}

impl<C: Credential> ArmClient<C> {
    /// A client for the Resource Manager at `base`. Nothing is sent yet.
    pub fn new(
        http: reqwest::Client,
        base: Url,
        tokens: TokenSource<C>,
        patience: Patience,
    ) -> Self {
        Self {
            http,
            base,
            tokens,
            patience,
        }
    }

    /// Where the tokens come from.
    pub fn tokens(&self) -> &TokenSource<C> {
        &self.tokens
    }

    /// Reads a resource; an absent one is an error of kind [`Kind::NotFound`].
    pub async fn get(&self, call: &Call<'_>) -> Result<Value, Error> {
        let answer = self.send(&self.request(call, Method::GET, None)).await?;
        Ok(answer.body)
    }

    /// Creates or replaces a resource, and returns it as it is when the service is done.
    pub async fn put(&self, call: &Call<'_>, body: &Value) -> Result<Value, Error> {
        self.write(call, Method::PUT, body).await
    }

    /// Changes a resource, and returns it as it is when the service is done.
    pub async fn patch(&self, call: &Call<'_>, body: &Value) -> Result<Value, Error> {
        self.write(call, Method::PATCH, body).await
    }

    /// Deletes a resource and waits until the service is done.
    pub async fn delete(&self, call: &Call<'_>) -> Result<Deleted, Error> {
        let request = self.request(call, Method::DELETE, None);
        match self.send(&request).await {
            Ok(answer) => match self.finish(call, &request, answer).await {
                Ok(_) => Ok(Deleted::Done),
                Err(error) if is_gone(&error) => Ok(Deleted::Done),
                Err(error) => Err(error),
            },
            Err(error) if is_gone(&error) => Ok(Deleted::Absent),
            Err(error) => Err(error),
        }
    }

    async fn write(&self, call: &Call<'_>, method: Method, body: &Value) -> Result<Value, Error> {
        let request = self.request(call, method, Some(body));
        let answer = self.send(&request).await?;
        match self.finish(call, &request, answer).await? {
            Value::Null => self.get(call).await,
            resource => Ok(resource),
        }
    }

    fn request<'a>(&self, call: &Call<'a>, method: Method, body: Option<&'a Value>) -> Request<'a> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend(call.path.split('/').filter(|part| !part.is_empty()));
        }
        url.query_pairs_mut()
            .append_pair("api-version", call.api_version);
        Request {
            operation: call.operation,
            method,
            url,
            body,
            deadline: call.deadline,
        }
    }

    /// A link that the service gave. The token goes to Resource Manager and nowhere else.
    fn own_link(&self, link: &str, operation: &str) -> Result<Url, Error> {
        let url = self
            .base
            .join(link)
            .ok()
            .filter(|url| url.origin() == self.base.origin());
        url.ok_or_else(|| {
            let why = "the answer links to another host than Resource Manager; not followed";
            Error::new(Kind::Invalid, SERVICE, operation, why)
        })
    }
}

/// A success and what it said.
#[derive(Debug)]
struct Success {
    answer: Answer,
    body: Value,
}

/// Whether an error says that a resource is not there because it, or its group, is gone. A
/// subscription that is not found is a wrong setting, and a 404 in a shape that is not Azure's
/// may be anyone's.
pub(crate) fn is_gone(error: &Error) -> bool {
    let elsewhere = [
        "SubscriptionNotFound",
        "InvalidSubscriptionId",
        "NoRegisteredProviderFound",
    ];
    error.kind() == Kind::NotFound
        && !error.is_code(&elsewhere)
        && !error.is_code(&[fault::UNREADABLE])
}

#[cfg(test)]
mod tests;
