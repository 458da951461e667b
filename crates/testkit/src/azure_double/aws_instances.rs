//! EC2 instances as Defender meets them, and what Systems Manager knows of each.

use std::collections::BTreeMap;

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsInstance {
    /// Its id.
    pub id: String,
    /// Its state in EC2's words.
    pub state: String,
    /// Such as `x86_64` or `arm64`.
    pub architecture: String,
    /// Whether it has an instance profile.
    pub has_profile: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What Systems Manager knows of it, where it is managed.
    pub node: Option<AwsNode>,
}

/// A managed node, in Systems Manager's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsNode {
    /// `Online` or `ConnectionLost`.
    pub ping: String,
    /// Such as `Linux`.
    pub platform_type: String,
    /// Such as `Amazon Linux`.
    pub platform_name: String,
    /// Such as `2023`.
    pub platform_version: String,
}

impl AwsInstance {
    /// One that Systems Manager manages and Arc supports: it runs Amazon Linux 2023.
    pub fn managed(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            state: "running".to_owned(),
            architecture: "x86_64".to_owned(),
            has_profile: true,
            tags: BTreeMap::new(),
            node: Some(AwsNode {
                ping: "Online".to_owned(),
                platform_type: "Linux".to_owned(),
                platform_name: "Amazon Linux".to_owned(),
                platform_version: "2023".to_owned(),
            }),
        }
    }

    /// One that Systems Manager does not know.
    pub fn unmanaged(id: impl Into<String>) -> Self {
        Self {
            has_profile: false,
            node: None,
            ..Self::managed(id)
        }
    }

    /// The same with a tag.
    #[must_use]
    pub fn tagged(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same with another platform.
    #[must_use]
    pub fn running(mut self, platform_name: &str, platform_version: &str) -> Self {
        if let Some(node) = &mut self.node {
            platform_name.clone_into(&mut node.platform_name);
            platform_version.clone_into(&mut node.platform_version);
        }
        self
    }

    /// Whether it is no more, or about to be.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.state.as_str(), "shutting-down" | "terminated")
    }
}
