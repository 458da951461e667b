//! The platforms that Azure Arc's agent supports.

use crate::inert::inert;

/// What an instance runs, in the words of Systems Manager's agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// Such as `Amazon Linux`.
    pub name: String,
    /// Such as `2023`.
    pub version: String,
}

/// Whether the agent can be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Support {
    /// It can.
    Supported,
    /// Microsoft does not name the platform.
    NotSupported,
}

/// One line of Microsoft's list.
struct Supported {
    /// How the platform's name begins, in lower case.
    name: &'static str,
    versions: Versions,
    /// Whether it is supported on arm64 as well.
    arm64: bool,
}

enum Versions {
    /// First part, from and to.
    Major(u32, u32),
    /// The first part and the second.
    Exact(&'static [(u32, u32)]),
    /// A year in the name, from and to: Windows' own version counts builds.
    YearInName(u32, u32),
}

const UBUNTU_LTS: &[(u32, u32)] = &[(18, 4), (20, 4), (22, 4), (24, 4), (26, 4)];
const SLES: &[(u32, u32)] = &[(12, 5), (15, 4), (15, 5), (15, 6), (15, 7)];

/// "Supported operating systems" of Azure Arc's Connected Machine agent, 2026.
const SUPPORTED: [Supported; 11] = [
    linux("amazon linux", Versions::Exact(&[(2, 0), (2023, 0)])),
    Supported {
        arm64: false,
        ..linux("red hat enterprise linux", Versions::Major(7, 10))
    },
    linux("ubuntu", Versions::Exact(UBUNTU_LTS)),
    linux("sles", Versions::Exact(SLES)),
    linux("suse linux enterprise server", Versions::Exact(SLES)),
    linux("debian", Versions::Major(11, 13)),
    linux("almalinux", Versions::Major(8, 9)),
    linux("rocky linux", Versions::Major(8, 9)),
    linux("oracle linux", Versions::Major(7, 10)),
    Supported {
        arm64: false,
        ..linux("microsoft windows server", Versions::YearInName(2012, 2025))
    },
    Supported {
        arm64: false,
        ..linux("windows server", Versions::YearInName(2012, 2025))
    },
];

const fn linux(name: &'static str, versions: Versions) -> Supported {
    Supported {
        name,
        versions,
        arm64: true,
    }
}

impl Platform {
    /// Whether Arc's agent supports it on this architecture, `x86_64` or `arm64` in EC2's words.
    pub fn support(&self, architecture: &str) -> Support {
        let name = self.name.trim().to_lowercase();
        let on = |line: &&Supported| match architecture {
            "x86_64" => true,
            "arm64" => line.arm64,
            _ => false,
        };
        let listed = SUPPORTED
            .iter()
            .filter(on)
            .any(|line| is_named(&name, line.name) && line.versions.hold(&name, &self.version));
        if listed {
            Support::Supported
        } else {
            Support::NotSupported
        }
    }

    /// Name and version, made harmless to show.
    pub fn shown(&self) -> String {
        inert(&format!("{} {}", self.name, self.version), 120)
    }
}

/// The agent calls the former Amazon Linux, which is not supported, "Amazon Linux AMI".
fn is_named(name: &str, wanted: &str) -> bool {
    let rest = name.strip_prefix(wanted);
    rest.is_some_and(|rest| !rest.starts_with(" ami") && !rest.starts_with(char::is_alphanumeric))
}

impl Versions {
    fn hold(&self, name: &str, version: &str) -> bool {
        let mut parts = version
            .trim()
            .split('.')
            .map(|part| part.parse::<u32>().ok());
        let major = parts.next().flatten();
        let minor = parts.next().unwrap_or(Some(0));
        match self {
            Self::Major(from, to) => major.is_some_and(|major| (*from..=*to).contains(&major)),
            Self::Exact(versions) => major
                .zip(minor)
                .is_some_and(|version| versions.contains(&version)),
            Self::YearInName(from, to) => {
                let years = name.split(' ').filter_map(|word| word.parse::<u32>().ok());
                years.into_iter().any(|year| (*from..=*to).contains(&year))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_supported(name: &str, version: &str, architecture: &str) -> bool {
        let platform = Platform {
            name: name.to_owned(),
            version: version.to_owned(),
        };
        platform.support(architecture) == Support::Supported
    }

    #[test]
    fn what_microsoft_lists_is_supported() {
        for (name, versions) in [
            ("Amazon Linux", &["2", "2023"][..]),
            ("Red Hat Enterprise Linux", &["7", "7.9", "8.6", "10.0"]),
            ("Red Hat Enterprise Linux Server", &["7.9"]),
            ("Ubuntu", &["18.04", "20.04", "22.04", "24.04", "26.04"]),
            ("SLES", &["12.5", "15.4", "15.7"]),
            ("Debian GNU/Linux", &["11", "12", "13"]),
            ("AlmaLinux", &["8.9", "9.2"]),
            ("Rocky Linux", &["8.5", "9.1"]),
            ("Oracle Linux Server", &["7.9", "8.7", "10.0"]),
            ("Microsoft Windows Server 2022 Datacenter", &["10.0.20348"]),
            ("Microsoft Windows Server 2012 R2 Standard", &["6.3.9600"]),
            ("Microsoft Windows Server 2025 Datacenter", &["10.0.26100"]),
        ] {
            for version in versions {
                assert!(is_supported(name, version, "x86_64"), "{name} {version}");
                let arm = !name.contains("Red Hat") && !name.contains("Windows");
                assert_eq!(
                    is_supported(name, version, "arm64"),
                    arm,
                    "{name} {version}"
                );
            }
        }
    }

    #[test]
    fn what_it_does_not_list_is_not() {
        for (name, version) in [
            ("Amazon Linux AMI", "2018.03"),
            ("Amazon Linux", "2022"),
            ("Red Hat Enterprise Linux", "6.10"),
            ("Ubuntu", "23.10"),
            ("Ubuntu", "16.04"),
            ("SLES", "15.3"),
            ("SLES", "12.4"),
            ("Debian GNU/Linux", "10"),
            ("CentOS Linux", "7"),
            ("Rocky Linux", "10.0"),
            ("Microsoft Windows Server 2008 R2 Standard", "6.1.7601"),
            ("Microsoft Windows 10 Pro", "10.0.19045"),
            ("macOS", "14.4"),
            ("Bottlerocket", "1.20"),
            ("", ""),
        ] {
            assert!(!is_supported(name, version, "x86_64"), "{name} {version}");
        }
        assert!(!is_supported("Ubuntu", "22.04", "i386"), "32 bit");
        assert!(!is_supported("Ubuntu", "22.04", "x86_64_mac"));
    }

    proptest! {
        #[test]
        fn whatever_an_agent_says_does_not_panic_and_is_shown_inert(name in any::<String>(), version in any::<String>()) {
            let platform = Platform { name, version };
            platform.support("x86_64");
            prop_assert!(!platform.shown().contains(char::is_control));
        }
    }
}
