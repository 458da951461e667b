//! Marks who is being taken out. They decide between a run that puts in and one that takes away:
//! whichever of the two began first, what is marked is only taken out. Every function goes by these
//! keys:
//!
//! | key | |
//! |---|---|
//! | `leaving/all` | the delete of the whole deployment is under way |
//! | `leaving/<account>` | this account is not wanted any more |
//! | `leaving/arc/all` | Arc auto-provisioning is taken away from every account |
//! | `leaving/arc/<account>` | Arc auto-provisioning is taken away from this account |
//!
//! They last until they are taken away: a delete that failed may be resumed after weeks.

use std::collections::BTreeSet;
use std::fmt;

use onboarding::{AccountId, PortError};
use serde_json::json;

use super::{RunObjects, explain};
use crate::failure::Failure;

const PREFIX: &str = "leaving/";

/// Who is being taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving<'a> {
    /// Every account.
    All,
    /// One account.
    Account(&'a AccountId),
    /// Every account, as far as Arc auto-provisioning goes.
    ArcOfAll,
    /// One account, as far as Arc auto-provisioning goes.
    ArcOf(&'a AccountId),
}

impl fmt::Display for Leaving<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("leaving/all"),
            Self::Account(account) => write!(f, "leaving/{account}"),
            Self::ArcOfAll => f.write_str("leaving/arc/all"),
            Self::ArcOf(account) => write!(f, "leaving/arc/{account}"),
        }
    }
}

impl RunObjects {
    /// Marks who is being taken out.
    pub async fn mark_leaving(&self, who: Leaving<'_>) -> Result<(), PortError> {
        self.put_json(&who.to_string(), &json!({})).await
    }

    /// Takes the mark away, whether it is there or not.
    pub async fn unmark_leaving(&self, who: Leaving<'_>) -> Result<(), PortError> {
        self.remove(&who.to_string()).await
    }

    /// Whether there is a mark of just this kind.
    pub async fn is_marked_leaving(&self, who: Leaving<'_>) -> Result<bool, PortError> {
        Ok(self.get(&who.to_string()).await?.is_some())
    }

    /// Whether an account of the organization is being taken out, alone or with all the others.
    pub async fn is_leaving(&self, account: &AccountId) -> Result<bool, PortError> {
        let marked = tokio::try_join!(
            self.is_marked_leaving(Leaving::All),
            self.is_marked_leaving(Leaving::Account(account)),
        )?;
        Ok(marked.0 || marked.1)
    }

    /// Whether Arc auto-provisioning is being taken away from an account of the organization, alone
    /// or with the rest.
    pub async fn is_arc_leaving(&self, account: &AccountId) -> Result<bool, PortError> {
        let marked = tokio::try_join!(
            self.is_leaving(account),
            self.is_marked_leaving(Leaving::ArcOfAll),
            self.is_marked_leaving(Leaving::ArcOf(account)),
        )?;
        Ok(marked.0 || marked.1 || marked.2)
    }

    /// The accounts that are marked one by one.
    pub async fn leaving_accounts(&self) -> Result<BTreeSet<AccountId>, PortError> {
        let keys = self.list(PREFIX).await.map_err(explain)?;
        let accounts = keys.iter().filter_map(|key| key.strip_prefix(PREFIX));
        Ok(accounts
            .filter_map(|account| account.parse().ok())
            .collect())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let (client, bucket) = self.client();
        let mut pages = client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        let call = self.call("s3:ListBucket");
        let mut keys = Vec::new();
        while let Some(page) = call
            .send(Box::pin(async { pages.next().await.transpose() }))
            .await?
        {
            let listed = page.contents.into_iter().flatten();
            keys.extend(listed.filter_map(|object| object.key));
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use onboarding::FailureKind;

    use super::*;
    use crate::RunBucket;
    use crate::rig::{Answer, Wire, in_five_minutes};

    fn account() -> AccountId {
        "111122223333".parse().unwrap()
    }

    fn objects(wire: &Wire) -> RunObjects {
        RunBucket::new(&wire.sdk(), "defender-runs").objects(in_five_minutes())
    }

    /// A bucket in which these objects are.
    fn holding(keys: &'static [&'static str]) -> Wire {
        Wire::new(move |_, asked| {
            let path = asked.uri.split_once(".com/").unwrap().1;
            let path = path.split('?').next().unwrap();
            if keys.contains(&path) {
                return Answer::Body(200, "{}".to_owned());
            }
            Answer::Body(404, "<Error><Code>NoSuchKey</Code></Error>".to_owned())
        })
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_leaves_alone_or_with_all_the_others() {
        for (keys, leaves, arc_leaves) in [
            (&[][..], false, false),
            (&["leaving/all"], true, true),
            (&["leaving/111122223333"], true, true),
            (&["leaving/arc/all"], false, true),
            (&["leaving/arc/111122223333"], false, true),
            (
                &["leaving/444455556666", "leaving/arc/444455556666"],
                false,
                false,
            ),
            (&["pending/leaving/111122223333.json"], false, false),
        ] {
            let objects = objects(&holding(keys));
            assert_eq!(
                objects.is_leaving(&account()).await.unwrap(),
                leaves,
                "{keys:?}"
            );
            let arc = objects.is_arc_leaving(&account()).await.unwrap();
            assert_eq!(arc, arc_leaves, "{keys:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whether_it_leaves_is_never_guessed() {
        let wire = Wire::new(|_, asked| {
            let (status, code) = if asked.uri.contains("leaving/all") {
                (403, "AccessDenied")
            } else {
                (404, "NoSuchKey")
            };
            Answer::Body(status, format!("<Error><Code>{code}</Code></Error>"))
        });
        let error = objects(&wire).is_leaving(&account()).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Denied);
    }

    #[tokio::test(start_paused = true)]
    async fn a_mark_is_put_down_and_taken_away_by_its_key() {
        let wire = Wire::new(|_, _| Answer::Body(200, String::new()));
        let objects = objects(&wire);
        let account = account();
        let all = [
            Leaving::All,
            Leaving::Account(&account),
            Leaving::ArcOfAll,
            Leaving::ArcOf(&account),
        ];
        for who in all {
            objects.mark_leaving(who).await.unwrap();
            objects.unmark_leaving(who).await.unwrap();
        }
        let asked = wire.asked();
        let asked: Vec<(&str, &str)> = asked
            .iter()
            .map(|one| {
                let path = one.uri.split_once(".com/").unwrap().1;
                (one.method.as_str(), path.split('?').next().unwrap())
            })
            .collect();
        let expected = [
            "leaving/all",
            "leaving/111122223333",
            "leaving/arc/all",
            "leaving/arc/111122223333",
        ];
        let expected: Vec<(&str, &str)> = expected
            .iter()
            .flat_map(|key| [("PUT", *key), ("DELETE", *key)])
            .collect();
        assert_eq!(asked, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn marked_accounts_are_read_from_every_page() {
        let wire = Wire::new(|position, asked| {
            assert!(asked.uri.contains("prefix=leaving%2F"), "{}", asked.uri);
            let (keys, more) = match position {
                0 => (
                    ["leaving/111122223333", "leaving/all"],
                    "<IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken>",
                ),
                _ => (
                    ["leaving/444455556666", "leaving/arc/777788889999"],
                    "<IsTruncated>false</IsTruncated>",
                ),
            };
            let [one, two] = keys.map(|key| format!("<Contents><Key>{key}</Key></Contents>"));
            let body = format!("<ListBucketResult>{one}{two}{more}</ListBucketResult>");
            Answer::Body(200, body)
        });
        let marked = objects(&wire).leaving_accounts().await.unwrap();
        let marked: Vec<&str> = marked.iter().map(AccountId::as_str).collect();
        assert_eq!(marked, ["111122223333", "444455556666"]);
        assert_eq!(wire.asked().len(), 2);
    }
}
