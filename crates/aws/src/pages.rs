//! Long lists, page by page.

use std::collections::HashSet;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use onboarding::FailureKind;
use tokio::time::sleep;
use tracing::warn;

use crate::call::Call;
use crate::failure::Failure;
use crate::pace::Pace;

/// How often a list is begun anew whose token has expired.
const RESTARTS: u32 = 3;
/// How often a page is asked for again that the SDK has given up on for too many requests. Begun
/// anew, a long list would only cost more of them.
const THROTTLED: u32 = 6;
const THROTTLED_PAUSE: Duration = Duration::from_secs(5);

/// Part of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// Its items, of which there may be none although more pages follow.
    pub(crate) items: Vec<T>,
    /// What the next page is asked for with.
    pub(crate) next: Option<String>,
}

/// What comes of asking for a page.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    /// The page.
    Page(Page<T>),
    /// The token does not count any more.
    StaleToken,
}

/// A list that comes in pages.
pub(crate) trait Listing: Sync {
    /// What it is a list of.
    type Item: Send;

    /// The call that a page is asked for with.
    fn call(&self) -> Call<'_>;
    /// How often it may be made, where that is known.
    fn pace(&self) -> Option<&Pace>;
    /// Asks for a page.
    fn page(
        &self,
        token: Option<String>,
    ) -> impl Future<Output = Result<Answer<Self::Item>, Failure>> + Send;
}

/// Shows every item. One may come twice: where a token expires the list is begun anew.
pub(crate) async fn walk<L: Listing>(
    listing: &L,
    each: &mut (dyn FnMut(L::Item) + Send),
) -> Result<(), Failure> {
    let mut token: Option<String> = None;
    let mut used = HashSet::new();
    let (mut restarts, mut throttled) = (0, 0);
    loop {
        let page = match listing.page(token.clone()).await {
            Ok(Answer::Page(page)) => page,
            Ok(Answer::StaleToken) if token.is_some() && restarts < RESTARTS => {
                restarts += 1;
                warn!(
                    aws.action = listing.call().action,
                    "a list is begun anew: its token is not good any more"
                );
                (token, used) = (None, HashSet::new());
                continue;
            }
            Ok(Answer::StaleToken) => {
                return Err(broken(listing, "the tokens of its pages do not last"));
            }
            Err(failure) if is_throttled(&failure) && throttled < THROTTLED => {
                throttled += 1;
                if let Some(pace) = listing.pace() {
                    pace.empty();
                }
                sleep(THROTTLED_PAUSE).await;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        throttled = 0;
        page.items.into_iter().for_each(&mut *each);
        token = page.next.filter(|next| !next.is_empty());
        let Some(next) = &token else {
            return Ok(());
        };
        if !used.insert(mark(next)) {
            return Err(broken(listing, "its pages go round in a circle"));
        }
    }
}

fn is_throttled(failure: &Failure) -> bool {
    matches!(failure.kind(), FailureKind::Throttled { .. })
}

fn broken<L: Listing>(listing: &L, message: &str) -> Failure {
    listing.call().failure(FailureKind::Transient, message)
}

/// A token may be a hundred thousand characters long.
fn mark(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}
