//! `Plans.Databases`.

use custom_resource::{Failure, scalars};
use onboarding::plans::{ArcProxy, Databases, PrivateLinkScope};
use serde::Deserialize;

use super::arc;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DatabasesProperties {
    #[serde(default, deserialize_with = "scalars::boolean")]
    arc_auto_provisioning: bool,
    arc_proxy: Option<ArcProxy>,
    arc_private_link_scope: Option<PrivateLinkScope>,
    #[serde(default, deserialize_with = "scalars::boolean")]
    rds: bool,
    #[serde(default, deserialize_with = "scalars::boolean")]
    dspm: bool,
}

impl DatabasesProperties {
    pub(super) fn plan(&self) -> Result<Databases, Failure> {
        let (proxy, scope) = (
            self.arc_proxy.as_ref(),
            self.arc_private_link_scope.as_ref(),
        );
        Ok(Databases {
            arc_auto_provisioning: arc(self.arc_auto_provisioning, proxy, scope, "Databases")?,
            rds: self.rds,
            dspm: self.dspm,
        })
    }
}
