//! EC2's answers in XML, as far as they are read.

use serde::Deserialize;

use super::super::aws_instances::AwsInstance;

#[derive(Deserialize)]
pub(crate) struct Items<T> {
    #[serde(rename = "item", default = "Vec::new")]
    pub items: Vec<T>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

#[derive(Deserialize)]
pub(crate) struct RegionsAnswer {
    #[serde(rename = "regionInfo", default)]
    pub regions: Items<Region>,
}

#[derive(Deserialize)]
pub(crate) struct Region {
    #[serde(rename = "regionName")]
    pub name: String,
}

#[derive(Deserialize)]
pub(crate) struct InstancesAnswer {
    #[serde(rename = "reservationSet", default)]
    reservations: Items<Reservation>,
    #[serde(rename = "nextToken")]
    pub next_token: Option<String>,
}

#[derive(Deserialize)]
struct Reservation {
    #[serde(rename = "instancesSet", default)]
    instances: Items<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    #[serde(rename = "instanceId")]
    id: String,
    #[serde(rename = "instanceState")]
    state: State,
    #[serde(default)]
    architecture: String,
    #[serde(rename = "iamInstanceProfile")]
    profile: Option<Profile>,
    #[serde(rename = "tagSet", default)]
    tags: Items<Tag>,
}

#[derive(Deserialize)]
struct State {
    name: String,
}

/// That there is one is all that counts.
#[derive(Deserialize)]
struct Profile {}

#[derive(Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

impl InstancesAnswer {
    /// The instances of the page; Systems Manager has not been asked yet.
    pub(crate) fn instances(&self) -> impl Iterator<Item = AwsInstance> {
        self.reservations
            .items
            .iter()
            .flat_map(|reservation| &reservation.instances.items)
            .map(Instance::seen)
    }
}

impl Instance {
    fn seen(&self) -> AwsInstance {
        let tag = |tag: &Tag| (tag.key.clone(), tag.value.clone());
        AwsInstance {
            id: self.id.clone(),
            state: self.state.name.clone(),
            architecture: self.architecture.clone(),
            has_profile: self.profile.is_some(),
            tags: self.tags.items.iter().map(tag).collect(),
            node: None,
        }
    }
}
