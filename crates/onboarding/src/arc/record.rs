//! What a run remembers of a Region between two invocations of the function.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ExecutionId, InstanceId, RegionReport};

/// Kept as an object in S3. It decides nothing but what is counted and how often is tried: what
/// is done follows from what EC2 and Systems Manager show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegionRecord {
    /// The instances that this run has seen wrong, each with what stood under our keys. Those of
    /// them that are right in the end were tagged by it, whichever invocation did it.
    #[serde(default)]
    pub wrong: BTreeMap<InstanceId, BTreeMap<String, String>>,
    /// The executions that made them right, as far as an invocation came to write it down.
    #[serde(default)]
    pub executions: BTreeMap<InstanceId, ExecutionId>,
    /// How often it has tried, by instance.
    #[serde(default)]
    pub tries: BTreeMap<InstanceId, u32>,
    /// What came of it, once the Region is done.
    #[serde(default)]
    pub report: Option<RegionReport>,
}

impl RegionRecord {
    /// Notes an instance that was seen wrong, the first time with what will be replaced; whether
    /// it is new.
    pub fn note_wrong(
        &mut self,
        instance: &InstanceId,
        replaced: impl FnOnce() -> BTreeMap<String, String>,
    ) -> bool {
        if self.wrong.contains_key(instance) {
            return false;
        }
        self.wrong.insert(instance.clone(), replaced());
        true
    }

    /// Notes another try for an instance.
    pub fn note_try(&mut self, instance: &InstanceId) {
        *self.tries.entry(instance.clone()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wrong_once_is_remembered() {
        let id: InstanceId = "i-0123abcd".parse().unwrap();
        let mut record = RegionRecord::default();
        let replaced = || BTreeMap::from([("Cloud".to_owned(), "x".to_owned())]);
        assert!(record.note_wrong(&id, replaced));
        assert!(!record.note_wrong(&id, BTreeMap::new));
        assert_eq!(record.wrong[&id], replaced());
        record.executions.insert(id.clone(), ExecutionId::seen("e"));
        record.note_try(&id);
        record.note_try(&id);
        assert_eq!(record.tries[&id], 2);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<RegionRecord>(&text).unwrap(), record);
        assert_eq!(
            serde_json::from_str::<RegionRecord>("{}").unwrap(),
            RegionRecord::default()
        );
    }
}
