//! Lists in pages.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::{ArmClient, Call, Request, SERVICE};
use crate::sign_in::Credential;
use crate::{Error, Kind};

/// Why a listing broke off.
enum Broken {
    /// It failed, and would again.
    Off(Error),
    /// Its links went stale or in a circle; the start may give good ones.
    Links(Error),
}

impl<C: Credential> ArmClient<C> {
    /// Every resource of a collection, each once. A listing whose links turn out stale is begun
    /// anew once.
    pub async fn list(&self, call: &Call<'_>) -> Result<Vec<Value>, Error> {
        self.list_of(call, Some).await
    }

    /// The same, of which no more is kept than what `read` makes of each: resources can be large
    /// and many.
    pub(crate) async fn list_of<T: Send>(
        &self,
        call: &Call<'_>,
        read: impl Fn(Value) -> Option<T> + Send + Sync,
    ) -> Result<Vec<T>, Error> {
        match self.pages(call, &read).await {
            Err(Broken::Links(_)) => match self.pages(call, &read).await {
                Ok(items) => Ok(items),
                Err(Broken::Off(error) | Broken::Links(error)) => Err(error),
            },
            Err(Broken::Off(error)) => Err(error),
            Ok(items) => Ok(items),
        }
    }

    async fn pages<T: Send>(
        &self,
        call: &Call<'_>,
        read: &(impl Fn(Value) -> Option<T> + Send + Sync),
    ) -> Result<Vec<T>, Broken> {
        let mut next = Some(self.request(call, Method::GET, None).url);
        let mut visited: HashSet<Url> = HashSet::new();
        let mut known: HashSet<String> = HashSet::new();
        let mut items = Vec::new();
        while let Some(url) = next {
            if !visited.insert(url.clone()) {
                return Err(Broken::Links(broken(
                    call,
                    "the list links back to a page already read",
                )));
            }
            let first = visited.len() == 1;
            let mut page = self
                .page(call, url)
                .await
                .map_err(|error| match error.status() {
                    // A link's place in the list has a short life.
                    Some(400 | 410) if !first => Broken::Links(error),
                    _ => Broken::Off(error),
                })?;
            let Some(value) = page.get_mut("value").and_then(Value::as_array_mut) else {
                return Err(Broken::Off(broken(
                    call,
                    "the list has no array named value",
                )));
            };
            let new = value.drain(..).filter(|item| {
                let id = item.get("id").and_then(Value::as_str);
                id.is_none_or(|id| known.insert(id.to_ascii_lowercase()))
            });
            items.extend(new.filter_map(read));
            next = match page
                .get("nextLink")
                .and_then(Value::as_str)
                .filter(|link| !link.is_empty())
            {
                Some(link) => Some(self.own_link(link, call.operation).map_err(Broken::Off)?),
                None => None,
            };
        }
        Ok(items)
    }

    async fn page(&self, call: &Call<'_>, url: Url) -> Result<Value, Error> {
        let request = Request {
            operation: call.operation,
            method: Method::GET,
            url,
            body: None,
            deadline: call.deadline,
        };
        Ok(self.send(&request).await?.body)
    }
}

fn broken(call: &Call<'_>, why: &str) -> Error {
    Error::new(Kind::Transient, SERVICE, call.operation, why).request("GET", call.path)
}
