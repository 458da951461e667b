//! Faults on order: the n-th matching request is delayed, refused or cut off.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What goes wrong with requests that match.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Fault {
    /// Only this method; any when absent.
    pub method: Option<String>,
    /// Only where path and query contain this text, whatever its case.
    pub path_contains: Option<String>,
    /// So many matching requests pass unharmed first.
    pub skip: u32,
    /// So many are hit then; one when absent.
    pub times: Option<u32>,
    /// The status answered instead of the service's; without one the request goes on.
    pub status: Option<u16>,
    /// Headers of that answer.
    pub headers: BTreeMap<String, String>,
    /// Its body: a string is sent as it is, anything else as JSON.
    pub body: Option<Value>,
    /// Waited before anything else.
    pub delay_milliseconds: u64,
    /// The connection is closed without an answer.
    pub close: bool,
    /// The connection stays open without an answer.
    pub hang: bool,
    /// The request takes effect before it is answered by the fault.
    pub after_applying: bool,
}

impl Fault {
    /// Answers with this status instead.
    pub fn status(status: u16) -> Self {
        Self {
            status: Some(status),
            ..Self::default()
        }
    }

    /// Closes the connection without an answer.
    pub fn closed() -> Self {
        Self {
            close: true,
            ..Self::default()
        }
    }

    /// Never answers.
    pub fn hanging() -> Self {
        Self {
            hang: true,
            ..Self::default()
        }
    }

    /// Answers as usual, later.
    pub fn delayed(delay: Duration) -> Self {
        let delay_milliseconds = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self {
            delay_milliseconds,
            ..Self::default()
        }
    }

    /// Only requests with this method.
    #[must_use]
    pub fn on(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only requests whose path and query contain this text.
    #[must_use]
    pub fn at(mut self, path_contains: &str) -> Self {
        self.path_contains = Some(path_contains.to_owned());
        self
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// Hits so many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Hits every matching request.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets the body of the answer.
    #[must_use]
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Lets the request take effect before the fault answers it.
    #[must_use]
    pub fn after_applying(mut self) -> Self {
        self.after_applying = true;
        self
    }

    /// Whether the fault takes the place of the service's answer.
    pub(crate) fn replaces_answer(&self) -> bool {
        self.close || self.hang || self.status.is_some()
    }

    fn matches(&self, method: &Method, path_and_query: &str) -> bool {
        let method_fits = self
            .method
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()));
        let path_fits = self.path_contains.as_ref().is_none_or(|wanted| {
            path_and_query
                .to_ascii_lowercase()
                .contains(&wanted.to_ascii_lowercase())
        });
        method_fits && path_fits
    }
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pending: Vec<Fault>,
}

impl Faults {
    pub(crate) fn add(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.pending.extend(faults);
    }

    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }

    /// The fault for this request, counting it off. The first that matches decides.
    pub(crate) fn take(&mut self, method: &Method, path_and_query: &str) -> Option<Fault> {
        let index = self
            .pending
            .iter()
            .position(|fault| fault.matches(method, path_and_query))?;
        let fault = &mut self.pending[index];
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let left = fault.times.unwrap_or(1);
        let hit = (left > 0).then(|| fault.clone());
        if left <= 1 {
            self.pending.remove(index);
        } else if left < u32::MAX {
            fault.times = Some(left - 1);
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_skips_then_hits_then_is_gone() {
        let mut faults = Faults::default();
        faults.add([Fault::status(503)
            .on("PUT")
            .at("SecurityConnectors")
            .after(1)
            .times(2)]);
        let path = "/subscriptions/s/providers/Microsoft.Security/securityConnectors/a";
        let hits: Vec<bool> = (0..5)
            .map(|_| faults.take(&Method::PUT, path).is_some())
            .collect();
        assert_eq!(hits, [false, true, true, false, false]);
        assert!(faults.take(&Method::GET, path).is_none());
    }

    #[test]
    fn other_methods_and_paths_are_not_counted() {
        let mut faults = Faults::default();
        faults.add([Fault::closed().on("DELETE").at("/b")]);
        assert!(faults.take(&Method::GET, "/b").is_none());
        assert!(faults.take(&Method::DELETE, "/a").is_none());
        assert!(faults.take(&Method::DELETE, "/b").is_some());
    }
}
