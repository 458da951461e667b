//! `Plans`: what is absent or `Off` is off, but for foundational CSPM, which every connector has.

use std::fmt;
use std::marker::PhantomData;

use custom_resource::Failure;
use onboarding::plans::{AgentlessScanning, ArcAutoProvisioning, ArcProxy, PrivateLinkScope};
use onboarding::{ExclusionTags, Plans};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess};

mod containers;
mod cspm;
mod databases;
mod servers;

/// `Plans`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PlanProperties {
    #[serde(default)]
    cspm: Option<cspm::CspmProperties>,
    #[serde(default, deserialize_with = "unless_off")]
    servers: Option<servers::ServersProperties>,
    #[serde(default, deserialize_with = "unless_off")]
    containers: Option<containers::ContainersProperties>,
    #[serde(default, deserialize_with = "unless_off")]
    databases: Option<databases::DatabasesProperties>,
}

impl PlanProperties {
    /// The plans, or the property that cannot be had beside another one.
    pub fn plans(&self) -> Result<Plans, Failure> {
        let cspm = self.cspm.as_ref().map(cspm::CspmProperties::plan);
        let servers = self.servers.as_ref().map(servers::ServersProperties::plan);
        let containers = self
            .containers
            .as_ref()
            .map(containers::ContainersProperties::plan);
        let databases = self
            .databases
            .as_ref()
            .map(databases::DatabasesProperties::plan);
        Ok(Plans {
            cspm: cspm.transpose()?.unwrap_or_default(),
            servers: servers.transpose()?,
            containers: containers.transpose()?,
            databases: databases.transpose()?,
        })
    }
}

/// What cannot be had: the path below `Plans`, and what it would need.
fn needs(path: &str, what: &str) -> Failure {
    Failure::new(format!("ResourceProperties.Plans.{path}: needs {what}"))
}

/// Refuses a property that is set where another one forbids it.
fn only_with(allowed: bool, set: bool, path: &str, what: &str) -> Result<(), Failure> {
    if set && !allowed {
        return Err(needs(path, what));
    }
    Ok(())
}

/// Agentless scanning of a plan, where its tags make sense only with it.
fn scanning(
    on: bool,
    tags: Option<&ExclusionTags>,
    plan: &str,
) -> Result<Option<AgentlessScanning>, Failure> {
    let path = format!("{plan}.ExclusionTags");
    only_with(on, tags.is_some(), &path, "AgentlessScanning=true")?;
    Ok(on.then(|| AgentlessScanning {
        exclusion_tags: tags.map(|tags| tags.0.clone()).unwrap_or_default(),
    }))
}

/// Azure Arc of a plan, where its settings make sense only with it.
fn arc(
    on: bool,
    proxy: Option<&ArcProxy>,
    scope: Option<&PrivateLinkScope>,
    plan: &str,
) -> Result<Option<ArcAutoProvisioning>, Failure> {
    for (name, set) in [
        ("ArcProxy", proxy.is_some()),
        ("ArcPrivateLinkScope", scope.is_some()),
    ] {
        let path = format!("{plan}.{name}");
        only_with(on, set, &path, "ArcAutoProvisioning=true")?;
    }
    Ok(on.then(|| ArcAutoProvisioning {
        proxy: proxy.cloned(),
        private_link_scope: scope.cloned(),
    }))
}

/// An object, or `Off`.
fn unless_off<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(UnlessOff(PhantomData))
}

struct UnlessOff<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for UnlessOff<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map, or Off")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<T>, E> {
        match text {
            "Off" => Ok(None),
            other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

#[cfg(test)]
mod tests;
