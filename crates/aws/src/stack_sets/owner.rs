//! Whose a stack set is.

use std::collections::BTreeMap;

use onboarding::PortError;
use onboarding::organization::StackSetName;

use super::{StackSetInstances, explain};
use crate::failure::Failure;

impl StackSetInstances {
    /// The tags of a stack set, which say whose it is; `None` where there is none of that name.
    pub async fn tags(
        &self,
        stack_set: &StackSetName,
    ) -> Result<Option<BTreeMap<String, String>>, PortError> {
        self.read_tags(stack_set).await.map_err(explain)
    }

    async fn read_tags(
        &self,
        stack_set: &StackSetName,
    ) -> Result<Option<BTreeMap<String, String>>, Failure> {
        let place = format!("for stack set {stack_set}");
        let call = self.call("cloudformation:DescribeStackSet", &place);
        let request = self
            .client
            .describe_stack_set()
            .stack_set_name(stack_set.as_str());
        let answer = match call.send(request.send()).await {
            Ok(answer) => answer,
            Err(failure) if failure.is("StackSetNotFound") => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let tags = answer.stack_set.and_then(|stack_set| stack_set.tags);
        let pairs = tags.into_iter().flatten().filter_map(|tag| {
            let key = tag.key?;
            Some((key, tag.value.unwrap_or_default()))
        });
        Ok(Some(pairs.collect()))
    }
}

#[cfg(test)]
mod tests {
    use onboarding::FailureKind;
    use onboarding::organization::{StackSetKind, StackSetNamePrefix};

    use super::*;
    use crate::StackSets;
    use crate::rig::{Answer, Wire, answered, in_five_minutes, refused};

    async fn tags(wire: &Wire) -> Result<Option<BTreeMap<String, String>>, PortError> {
        let stack_set = StackSetNamePrefix::default_prefix().stack_set(StackSetKind::Access);
        let instances = StackSets::new(&wire.sdk()).instances(in_five_minutes());
        instances.tags(&stack_set).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_stack_set_says_whose_it_is() {
        let wire = Wire::new(|_, asked| {
            assert!(asked.field("StackSetName").unwrap().ends_with("-Access"));
            let tags = "<member><Key>DeploymentId</Key><Value>mine</Value></member>";
            answered(
                "DescribeStackSet",
                &format!("<StackSet><Tags>{tags}</Tags></StackSet>"),
            )
        });
        let found = tags(&wire).await.unwrap().unwrap();
        assert_eq!(found["DeploymentId"], "mine");
        assert_eq!(wire.actions(), ["DescribeStackSet"]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_not_there_is_nobodys_and_a_refusal_is_none() {
        let missing = |_, _: &_| refused(404, "StackSetNotFoundException", "not found");
        assert_eq!(tags(&Wire::new(missing)).await.unwrap(), None);
        let denied = |_, _: &_| -> Answer { refused(403, "AccessDenied", "no") };
        let error = tags(&Wire::new(denied)).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Denied);
        assert!(error.reason.contains("cloudformation:DescribeStackSet"));
    }
}
