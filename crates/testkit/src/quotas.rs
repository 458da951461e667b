//! The quotas that doubles keep, from the one file that holds them, as they are published: AWS's per
//! account and Region, Resource Manager's per subscription and principal. How long an execution takes is no quota; the tests take it from here too.

use serde::Deserialize;

/// All of them.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quotas {
    /// Systems Manager Automation.
    pub automation: Automation,
    /// `CreateTags` and `DeleteTags`, a bucket for each.
    pub tag_requests: Bucket,
    /// Descriptions of instances.
    pub instances: Pages,
    /// Azure Resource Manager.
    pub resource_manager: ResourceManager,
    /// Organizations.
    pub organizations: Organizations,
    /// Step Functions' Distributed Map, with standard children.
    pub distributed_map: DistributedMap,
}

/// Organizations, for one account that asks.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Organizations {
    /// How many accounts a list tells of.
    pub accounts_per_page: usize,
    /// `ListAccounts`.
    pub account_lists: Requests,
    /// `DescribeAccount`.
    pub account_descriptions: Requests,
}

/// The children of a Distributed Map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DistributedMap {
    /// How many run at once.
    pub at_once: usize,
    /// How many begin in a second.
    pub starts_per_second: u32,
}

/// Azure Resource Manager's buckets by kind of operation.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceManager {
    /// GET.
    pub reads: Requests,
    /// PUT, PATCH and POST.
    pub writes: Requests,
    /// DELETE.
    pub deletes: Requests,
}

/// A token bucket of whole requests.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requests {
    /// What it holds.
    pub burst: u32,
    /// What comes in.
    pub per_second: f64,
}

/// Executions of runbooks. Children and rate-control executions count among those at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Automation {
    /// How many run at once.
    pub at_once: usize,
    /// How many wait.
    pub queued: usize,
    /// How many that have children run at once.
    pub rate_controls_at_once: usize,
    /// How many that have children wait.
    pub rate_controls_queued: usize,
    /// How many target maps a call may have.
    pub target_maps: usize,
    /// How long one takes.
    pub execution_seconds: u64,
    /// How many a description tells of.
    pub described_per_page: usize,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bucket {
    /// What it holds.
    pub burst: f64,
    /// What comes in.
    pub per_second: f64,
}

/// The largest pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pages {
    /// Of EC2's description.
    pub described_per_page: usize,
    /// Of Systems Manager's.
    pub nodes_per_page: usize,
}

impl Quotas {
    /// What the file says.
    pub fn published() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("../data/quotas.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_what_is_published() {
        let quotas = Quotas::published().unwrap();
        assert_eq!(
            (quotas.automation.at_once, quotas.automation.queued),
            (100, 5000)
        );
        assert!((quotas.tag_requests.per_second - 10.0).abs() < f64::EPSILON);
        let ResourceManager { reads, writes, .. } = quotas.resource_manager;
        assert_eq!((reads.burst, writes.burst), (250, 200));
        assert_eq!(quotas.organizations.accounts_per_page, 20);
        assert_eq!(quotas.distributed_map.starts_per_second, 100);
    }
}
