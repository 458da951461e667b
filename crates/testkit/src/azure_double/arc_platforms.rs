//! The platforms that Azure Arc's agent supports, as data.

use std::sync::LazyLock;

use serde::Deserialize;

use super::aws_instances::AwsNode;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Platform {
    /// In the words of Systems Manager's agent, in lower case.
    #[serde(default)]
    names: Vec<String>,
    /// Windows has its year in the name, followed by the edition.
    #[serde(default)]
    begins_with: Option<String>,
    /// Any, where none are listed.
    #[serde(default)]
    versions: Vec<String>,
    architectures: Vec<String>,
}

static PLATFORMS: LazyLock<Vec<Platform>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/arc-platforms.json"))
        .unwrap_or_else(|error| panic!("data/arc-platforms.json is no list of platforms: {error}"))
});

/// Whether the agent can be installed on a node of this architecture.
pub(crate) fn supports(node: &AwsNode, architecture: &str) -> bool {
    PLATFORMS
        .iter()
        .any(|platform| platform.covers(node, architecture))
}

impl Platform {
    fn covers(&self, node: &AwsNode, architecture: &str) -> bool {
        let name = node.platform_name.to_lowercase();
        let begins = self
            .begins_with
            .as_ref()
            .is_some_and(|start| name.starts_with(start));
        let version = &node.platform_version;
        let listed =
            |wanted: &String| version == wanted || version.starts_with(&format!("{wanted}."));
        (begins || self.names.contains(&name))
            && (self.versions.is_empty() || self.versions.iter().any(listed))
            && self.architectures.iter().any(|one| one == architecture)
    }
}

#[cfg(test)]
mod tests {
    use super::super::aws_instances::AwsInstance;
    use super::*;

    fn supported(name: &str, version: &str, architecture: &str) -> bool {
        let node = AwsInstance::managed("i").running(name, version).node;
        supports(&node.unwrap(), architecture)
    }

    #[test]
    fn name_version_and_architecture_count() {
        assert!(supported("Amazon Linux", "2023", "arm64"));
        assert!(supported("Ubuntu", "22.04", "x86_64"));
        assert!(supported("Red Hat Enterprise Linux", "9.4", "x86_64"));
        let windows = "Microsoft Windows Server 2022 Datacenter";
        assert!(supported(windows, "10.0.20348", "x86_64"));
        for (name, version, architecture) in [
            ("Amazon Linux AMI", "2018.03", "x86_64"),
            ("Amazon Linux", "2022", "x86_64"),
            ("Ubuntu", "23.04", "x86_64"),
            ("Ubuntu", "22.04", "i386"),
            ("Red Hat Enterprise Linux", "9.4", "arm64"),
            ("SLES", "15.3", "x86_64"),
            (windows, "10.0.20348", "arm64"),
            (
                "Microsoft Windows Server 2008 R2 Standard",
                "6.1.7601",
                "x86_64",
            ),
            ("macOS", "14.4", "arm64"),
        ] {
            assert!(!supported(name, version, architecture), "{name} {version}");
        }
    }
}
