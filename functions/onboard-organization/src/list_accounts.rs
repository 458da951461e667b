//! Finds the accounts that a run works on, and writes them down for the state machine.
//!
//! Whoever is to be taken out is marked before the list is there, and the mark is what allows it.
//! Stopped anywhere and begun anew, it comes to the same.

use onboarding::organization::{Intent, Plan, Skipped, plan};
use serde::Serialize;
use tokio::time::Instant;
use tracing::info;

use crate::bucket::Bucket;
use crate::cloud::Cloud;
use crate::command;
use crate::connectors::SeenConnectors;
use crate::error::OrganizationError;
use crate::run::{Entry, Run, since_1970};
use crate::subscription;

mod entries;
mod look;
mod marks;
mod task;

use look::Seen;
use task::{Task, Work};

/// The accounts of a run, as the state machine goes on with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Listed {
    /// The bucket of the list.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// How many accounts are in it.
    pub count: usize,
    /// How many of them to work on at once.
    pub max_concurrency: u16,
    /// How many accounts are not worked on.
    pub skipped_count: usize,
}

/// Lists the accounts of one run.
#[derive(Debug)]
pub struct Listing<'a, C> {
    /// The clouds.
    pub cloud: &'a Cloud<C>,
    /// What is asked for.
    pub asked: &'a command::ListAccounts,
    /// Until when.
    pub deadline: Instant,
}

impl<C: SeenConnectors> Listing<'_, C> {
    /// Lists them.
    pub async fn list(&self) -> Result<Listed, OrganizationError> {
        let bucket = self.bucket();
        match self.task().await? {
            Task::Idle(reason) => {
                info!(run.id = %self.asked.run_id, "nothing is to be done: {reason}");
                if self.asked.request_id.is_none() {
                    // A delete may have emptied the bucket, which could not go with something in it.
                    return Ok(self.nothing());
                }
                self.write(&bucket, Vec::new(), &[], 1, Some(reason)).await
            }
            Task::Work(work) => {
                self.check_subscription(&bucket, &work).await?;
                let mut seen = self.look(&work).await?;
                let plan = self.settle(&bucket, &work, &mut seen).await?;
                self.put_down(&bucket, &work, &seen, plan).await
            }
        }
    }

    async fn check_subscription(
        &self,
        bucket: &Bucket,
        work: &Work,
    ) -> Result<(), OrganizationError> {
        if work.intent() != Intent::Onboard {
            return Ok(());
        }
        let this = &self.cloud.settings().subscription_id;
        match subscription::refusal(bucket, this).await? {
            Some(refusal) => Err(OrganizationError::Conflict(refusal)),
            None => Ok(()),
        }
    }

    /// Decides about every account, and marks who is to be taken out. Azure is looked at once more
    /// after that: what an older run writes before it sees the mark is found then, and what it
    /// writes later it takes back itself.
    async fn settle(
        &self,
        bucket: &Bucket,
        work: &Work,
        seen: &mut Seen,
    ) -> Result<Plan, OrganizationError> {
        loop {
            let plan = self.plan(work, seen)?;
            self.check_unchanged(work).await?;
            let unmarked = marks::missing(work.intent(), &plan, &seen.marked);
            if unmarked.is_empty() {
                return Ok(plan);
            }
            bucket.mark(&unmarked, true).await?;
            seen.marked.extend(unmarked);
            self.look_again(work, seen).await?;
        }
    }

    fn plan(&self, work: &Work, seen: &Seen) -> Result<Plan, OrganizationError> {
        work.check_alone(&seen.connectors)?;
        let mut plan = plan(work.purpose(), &seen.look(work));
        if self.asked.request_id.is_some() {
            entries::without_management(&mut plan, &work.scope);
        }
        entries::add_lost_tags(&mut plan, work, &seen.accounts);
        Ok(plan)
    }

    fn bucket(&self) -> Bucket {
        self.cloud.bucket(self.deadline)
    }

    async fn put_down(
        &self,
        bucket: &Bucket,
        work: &Work,
        seen: &Seen,
        plan: Plan,
    ) -> Result<Listed, OrganizationError> {
        let Plan { items, skipped } = plan;
        let now = since_1970().as_secs();
        let (entries, at_once) = entries::of(items, work, seen.last.as_ref(), now);
        marks::take_away(bucket, work, &entries, seen).await?;
        let targets = match work.scope.wanted() {
            none if none.is_empty() => work.scope.targets(&self.root(seen).await?),
            chosen => chosen.clone(),
        };
        if work.intent() == Intent::Onboard {
            // Each time: what lies below runs/ expires.
            let this = &self.cloud.settings().subscription_id;
            bucket.keep_subscription(this).await?;
        }
        let state = work.state.clone().with_targets(&targets);
        bucket.keep_wanted(&self.asked.run_id, &state).await?;
        info!(
            run.id = %self.asked.run_id,
            accounts = entries.len(),
            skipped = skipped.len(),
            "{} accounts to work on, {} at once; {} are left alone",
            entries.len(), at_once, skipped.len()
        );
        self.write(bucket, entries, &skipped, at_once, None).await
    }

    fn nothing(&self) -> Listed {
        Listed {
            bucket: self.cloud.settings().run_bucket.clone(),
            key: String::new(),
            count: 0,
            max_concurrency: 1,
            skipped_count: 0,
        }
    }

    async fn write(
        &self,
        bucket: &Bucket,
        entries: Vec<Entry>,
        skipped: &[Skipped],
        at_once: u16,
        idle: Option<String>,
    ) -> Result<Listed, OrganizationError> {
        let id = &self.asked.run_id;
        bucket.keep_skipped(id, skipped).await?;
        let key = bucket.keep_entries(id, &entries).await?;
        let is_partial = self.asked.account_ids.is_some() || self.asked.redrive.is_some();
        let run = Run {
            is_partial,
            ..Run::beginning(self.asked.intent, idle)
        };
        bucket.keep_run(id, &run).await?;
        Ok(Listed {
            bucket: self.cloud.settings().run_bucket.clone(),
            key,
            count: entries.len(),
            max_concurrency: at_once,
            skipped_count: skipped.len(),
        })
    }

    /// A list that was read while an update changed what is wanted may be of accounts that it takes
    /// out.
    async fn check_unchanged(&self, work: &Work) -> Result<(), OrganizationError> {
        let Some(read) = &work.stored else {
            return Ok(());
        };
        if self.cloud.wanted_state(self.deadline).await? == *read {
            return Ok(());
        }
        Err(OrganizationError::Changed(
            "what the stack wants has changed while its accounts were listed".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests;
