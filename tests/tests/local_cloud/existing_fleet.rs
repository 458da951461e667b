//! Instances in two regions that are there before the stack is.

use anyhow::Result;
use integration_tests::{Fleet, Instance, NewInstance, REGIONS, Stack};

/// The tag that leaves an instance out.
pub const EXCLUSION: (&str, &str) = ("Arc", "No");

/// One of each kind.
pub struct Existing {
    /// Without any of the four tags.
    pub bare: Instance,
    /// With other values under two of the keys.
    pub wrong: Instance,
    /// With the four tags.
    pub right: Instance,
    /// With the tag that leaves it out.
    pub excluded: Instance,
    /// Gone, and still described.
    pub terminated: Instance,
    /// Without an instance profile.
    pub unmanaged: Instance,
    /// Not running.
    pub stopped: Instance,
}

impl Existing {
    /// Makes them.
    pub async fn make(fleet: &Fleet<'_>) -> Result<Self> {
        let [near, far] = REGIONS;
        let new = NewInstance::default();
        let tags = &[
            ("Name", "web"),
            ("Cloud", "GCP"),
            ("MDFCSecurityConnector", "false"),
        ];
        let right = fleet.make(near, new).await?;
        for (key, value) in fleet.four_tags(&right) {
            fleet.tag(&right, &key, &value).await?;
        }
        let (managed, state) = (false, "terminated");
        Ok(Self {
            bare: fleet
                .make(
                    near,
                    NewInstance {
                        tags: &[("Name", "db")],
                        ..new
                    },
                )
                .await?,
            wrong: fleet.make(far, NewInstance { tags, ..new }).await?,
            right,
            excluded: fleet
                .make(
                    far,
                    NewInstance {
                        tags: &[EXCLUSION],
                        ..new
                    },
                )
                .await?,
            terminated: fleet.make(near, NewInstance { state, ..new }).await?,
            unmanaged: fleet.make(far, NewInstance { managed, ..new }).await?,
            stopped: fleet
                .make(
                    near,
                    NewInstance {
                        state: "stopped",
                        ..new
                    },
                )
                .await?,
        })
    }

    /// Those that are to be written.
    pub fn to_be_tagged(&self) -> [&Instance; 4] {
        [&self.bare, &self.wrong, &self.unmanaged, &self.stopped]
    }
}

/// The stack, which leaves such instances out.
pub fn stack<'a>(fleet: &Fleet<'a>) -> Stack<'a> {
    let (key, value) = EXCLUSION;
    fleet
        .stack()
        .with("ArcExclusionTags", &format!("{key}={value}"))
}
