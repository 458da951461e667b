//! The physical ids under which CloudFormation knows what we make.

use crate::{AccountId, ConnectorId};

/// Marks the id of a Create that was killed: nobody knows how far it got, or under which id an
/// adopted connector was written.
const INTERRUPTED: &str = "#interrupted";

/// The physical id of a Create that was killed while it may have been writing.
pub fn interrupted(id: &ConnectorId) -> String {
    format!("{id}{INTERRUPTED}")
}

/// What the Delete of a physical id has to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// This connector and no other one, even of the same account.
    One(ConnectorId),
    /// Whatever this deployment has for the account: the Create was killed, or `CloudFormation`
    /// made the id up because no answer ever came.
    Whatever,
}

/// Reads a physical id.
pub fn reach(physical_id: &str) -> Reach {
    // `seen`: an adopted connector may have a name that our own rules do not give.
    plain(physical_id).map_or(Reach::Whatever, Reach::One)
}

fn plain(physical_id: &str) -> Option<ConnectorId> {
    if physical_id.ends_with(INTERRUPTED) {
        None
    } else {
        ConnectorId::seen(physical_id)
    }
}

/// The physical id to answer an update with. ARM ids have no case but physical ids do: the same
/// connector keeps the spelling it has, or `CloudFormation` would see a replacement and delete it.
pub fn after_update(before: &str, now: &ConnectorId) -> String {
    match plain(before) {
        Some(same) if same == *now => before.to_owned(),
        _ => now.to_string(),
    }
}

/// The physical id of what a stack has looked up of its organization.
pub fn deployment_scope(stack_id: &str) -> String {
    format!("deployment-scope:{}", stack_in(stack_id))
}

/// The physical id of what takes out of the organization what an update loses.
pub fn organization_narrowing(stack_id: &str) -> String {
    format!("organization-narrowing:{}", stack_in(stack_id))
}

/// The physical id of everything that a stack has put into its organization.
pub fn organization_onboarding(stack_id: &str) -> String {
    format!("organization-onboarding:{}", stack_in(stack_id))
}

/// Name and GUID in a stack's ARN.
fn stack_in(stack_id: &str) -> &str {
    stack_id
        .split_once(":stack/")
        .map_or(stack_id, |(_, name)| name)
}

/// Begins the id of the tags of an account's instances.
const ARC_TAGS: &str = "arc-tags:";

/// The physical id of the tags that a stack has put on the instances of an account: the same one
/// each time, and another one only for another account.
pub fn arc_tags(stack_id: &str, account: &AccountId) -> String {
    format!("{ARC_TAGS}{}:{account}", stack_in(stack_id))
}

/// The account in such an id.
pub fn arc_account(physical_id: &str) -> Option<AccountId> {
    let rest = physical_id.strip_prefix(ARC_TAGS)?;
    rest.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/rg/providers/Microsoft.Security/securityConnectors/aws-1";

    #[test]
    fn only_a_plain_arm_id_reaches_one_connector() {
        let id: ConnectorId = ID.parse().unwrap();
        assert_eq!(reach(ID), Reach::One(id.clone()));
        assert_eq!(reach(&interrupted(&id)), Reach::Whatever);
        assert_eq!(reach("stack-SecurityConnector-1ABCDEF"), Reach::Whatever);
    }

    #[test]
    fn the_id_of_the_tags_names_stack_and_account() {
        let account: AccountId = "111122223333".parse().unwrap();
        let id = arc_tags(
            "arn:aws:cloudformation:eu-west-1:111122223333:stack/mdc/6c2f",
            &account,
        );
        assert_eq!(id, "arc-tags:mdc/6c2f:111122223333");
        assert_eq!(arc_account(&id), Some(account));
        for other in ["", "arc-tags:x", "not-created:mdc/6c2f:111122223333"] {
            assert_eq!(arc_account(other), None, "{other}");
        }
    }

    #[test]
    fn what_an_organization_has_once_is_named_by_the_stack() {
        let stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/mdc/6c2f";
        assert_eq!(
            [
                deployment_scope(stack),
                organization_narrowing(stack),
                organization_onboarding(stack)
            ],
            [
                "deployment-scope:mdc/6c2f",
                "organization-narrowing:mdc/6c2f",
                "organization-onboarding:mdc/6c2f"
            ]
        );
    }

    #[test]
    fn an_update_of_the_same_connector_never_looks_like_a_replacement() {
        let id: ConnectorId = ID.parse().unwrap();
        let shouted = ID.to_uppercase();
        assert_eq!(after_update(&shouted, &id), shouted);
        assert_eq!(after_update(&ID.replace("aws-1", "aws-2"), &id), ID);
        assert_eq!(after_update(&interrupted(&id), &id), ID);
    }
}
