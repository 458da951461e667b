//! Why an execution failed for an instance, and what to do about it.

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The instance is no more.
    Gone,
    /// A policy denies it.
    Denied,
    /// Systems Manager cannot act in the role that it was given.
    Role,
    /// The instance has as many tags as it can have.
    TagLimit,
    /// A tag policy of the organization forbids a key or value.
    TagPolicy,
    /// Somebody else's instance, which only the service that runs it may change.
    ManagedByAService,
    /// Whatever else; it may work the next time.
    Passing,
}

/// Parts of messages by which a cause is known, the most telling first.
const SIGNS: [(&str, Cause); 12] = [
    ("InvalidInstanceID", Cause::Gone),
    ("does not exist", Cause::Gone),
    ("TagLimitExceeded", Cause::TagLimit),
    ("TagPolicyViolation", Cause::TagPolicy),
    ("tag policy", Cause::TagPolicy),
    ("OperationNotPermitted", Cause::ManagedByAService),
    ("assume role is unable", Cause::Role),
    ("unable to assume", Cause::Role),
    ("explicit deny", Cause::Denied),
    ("UnauthorizedOperation", Cause::Denied),
    ("AccessDenied", Cause::Denied),
    ("not authorized to perform", Cause::Denied),
];

impl Cause {
    /// The cause that a message tells of.
    pub fn of(message: &str) -> Self {
        let known = SIGNS.iter().find(|(sign, _)| message.contains(sign));
        known.map_or(Self::Passing, |(_, cause)| *cause)
    }

    /// Whether to try again within the same run.
    pub fn is_passing(self) -> bool {
        self == Self::Passing
    }

    /// Whether it is the same for every instance, so that trying the others would only cost money.
    pub fn is_common(self) -> bool {
        matches!(self, Self::Denied | Self::Role)
    }

    /// What to do about it.
    pub fn fix(self) -> &'static str {
        match self {
            Self::Gone => "Nothing: the instance is no more",
            Self::Denied => {
                "Let the role DefenderConnectorRunbook do what is denied; a service control policy \
                 or a permissions boundary can deny it as well"
            }
            Self::Role => {
                "See that the role DefenderConnectorRunbook (templates/access.yaml) exists and \
                 that ssm.amazonaws.com may assume it"
            }
            Self::TagLimit => "Remove tags of the instance until four fit within EC2's limit of 50",
            Self::TagPolicy => "Choose a tag value that the organization's tag policy allows",
            Self::ManagedByAService => {
                "Exclude the instance with ExclusionTags: the service that runs it does not let \
                 its tags be changed"
            }
            Self::Passing => "The next run tries again",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_known_by_the_services_own_words() {
        let ec2 = |message: &str, code: &str| {
            format!(
                "Step fails when it is Execute/Cancelling action. {message} (Service: AmazonEC2; \
                 Status Code: 400; Error Code: {code}; Request ID: 1; Proxy: null). Please refer \
                 to Automation Service Troubleshooting Guide for more diagnosis details."
            )
        };
        for (message, cause) in [
            (
                ec2(
                    "The instance ID 'i-1' does not exist",
                    "InvalidInstanceID.NotFound",
                ),
                Cause::Gone,
            ),
            (
                ec2(
                    "You are not authorized to perform this operation.",
                    "UnauthorizedOperation",
                ),
                Cause::Denied,
            ),
            (
                ec2("Tag limit exceeded.", "TagLimitExceeded"),
                Cause::TagLimit,
            ),
            (
                ec2("The tag policy does not allow it", "TagPolicyViolation"),
                Cause::TagPolicy,
            ),
            (
                ec2("Request limit exceeded.", "RequestLimitExceeded"),
                Cause::Passing,
            ),
            (
                "The defined assume role is unable to be assumed.".to_owned(),
                Cause::Role,
            ),
            (String::new(), Cause::Passing),
        ] {
            assert_eq!(Cause::of(&message), cause, "{message}");
        }
    }

    #[test]
    fn only_what_passes_is_tried_again_and_only_rights_are_common() {
        for (cause, passing, common) in [
            (Cause::Gone, false, false),
            (Cause::Denied, false, true),
            (Cause::Role, false, true),
            (Cause::TagLimit, false, false),
            (Cause::TagPolicy, false, false),
            (Cause::ManagedByAService, false, false),
            (Cause::Passing, true, false),
        ] {
            assert_eq!((cause.is_passing(), cause.is_common()), (passing, common));
            assert!(!cause.fix().is_empty());
        }
    }
}
