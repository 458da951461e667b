//! Everything the double knows, behind one lock that is never held across an await.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::aws_view::AwsView;
use super::defender::discovery::Discovered;
use super::faults::Faults;
use super::operations::Operation;
use super::requests::{Counters, RequestLog};
use super::resources::Resources;
use super::setup::{ApplicationSetup, DoubleSetup, SubscriptionSetup, TenantSetup};
use super::switches::Switches;
use super::throttle::Throttle;
use crate::bodies::Recorder;

/// Shared by all requests.
pub(crate) struct Shared {
    pub base_url: String,
    pub http: reqwest::Client,
    pub started: Instant,
    pub bodies: Recorder,
    world: Mutex<World>,
}

/// The mutable part. Ids are keys in lower case.
#[derive(Default)]
pub(crate) struct World {
    pub tenants: BTreeMap<String, Tenant>,
    pub subscriptions: BTreeMap<String, Subscription>,
    pub tokens: HashMap<String, IssuedToken>,
    pub switches: Switches,
    pub aws: AwsView,
    pub requests: RequestLog,
}

pub(crate) struct Tenant {
    pub applications: BTreeMap<String, Application>,
    pub token_lifetime: Duration,
    pub faults: Faults,
}

pub(crate) struct Application {
    pub setup: ApplicationSetup,
    pub object_id: String,
    pub replication_failures_left: u32,
}

/// Who a bearer token stands for.
#[derive(Clone, Debug)]
pub(crate) struct IssuedToken {
    pub principal: Principal,
    pub expires: Instant,
}

#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub tenant: String,
    pub client: String,
    pub object: String,
}

pub(crate) struct Subscription {
    pub setup: SubscriptionSetup,
    pub resources: Resources,
    /// What was put there past all checks: fields the table does not know are the service's own.
    pub seeded: BTreeMap<String, Vec<u8>>,
    /// Arc machines that Defender made, by path.
    pub provisioned: BTreeMap<String, Provisioned>,
    /// Connectors that Defender made for members of an organization, by path.
    pub discovered: BTreeMap<String, Discovered>,
    /// Connectors for organizations that Defender looks at from time to time, by path.
    pub watched: BTreeSet<String>,
    pub operations: BTreeMap<String, Operation>,
    pub throttle: Throttle,
    pub faults: Faults,
    pub counters: Counters,
    /// Set where the subscription's behaviour differs from the rest.
    pub switches: Option<Switches>,
}

/// The instance that an Arc machine was made for.
#[derive(Clone, Debug)]
pub(crate) struct Provisioned {
    pub account: String,
    pub region: String,
    pub instance: String,
}

impl Shared {
    pub(crate) fn new(base_url: String, http: reqwest::Client, setup: DoubleSetup) -> Self {
        let world = World {
            aws: setup.aws,
            ..World::default()
        };
        Self {
            base_url,
            http,
            started: Instant::now(),
            bodies: setup.bodies,
            world: Mutex::new(world),
        }
    }

    /// A panic elsewhere must not take the double down with it.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// Adds a tenant or replaces it; tokens it issued stay good.
    pub(crate) fn set_tenant(&mut self, setup: TenantSetup) {
        let applications = setup
            .applications
            .into_iter()
            .map(|setup| {
                (
                    setup.client_id.to_ascii_lowercase(),
                    Application::new(setup),
                )
            })
            .collect();
        let tenant = Tenant {
            applications,
            token_lifetime: Duration::from_secs(setup.token_lifetime_seconds),
            faults: Faults::default(),
        };
        self.tenants
            .insert(setup.tenant_id.to_ascii_lowercase(), tenant);
    }

    /// Adds a subscription, or changes its settings; its resources stay.
    pub(crate) fn set_subscription(&mut self, setup: SubscriptionSetup) {
        let id = setup.subscription_id.to_ascii_lowercase();
        match self.subscriptions.get_mut(&id) {
            Some(subscription) => {
                subscription.setup = setup;
                subscription.throttle = Throttle::default();
            }
            None => {
                self.subscriptions.insert(id, Subscription::new(setup));
            }
        }
    }

    pub(crate) fn subscription(&mut self, id: &str) -> Option<&mut Subscription> {
        self.subscriptions.get_mut(&id.to_ascii_lowercase())
    }

    pub(crate) fn tenant(&mut self, id: &str) -> Option<&mut Tenant> {
        self.tenants.get_mut(&id.to_ascii_lowercase())
    }

    /// The switches that hold in a subscription.
    pub(crate) fn switches_of(&self, subscription: &str) -> Switches {
        self.subscriptions
            .get(&subscription.to_ascii_lowercase())
            .and_then(|subscription| subscription.switches.clone())
            .unwrap_or_else(|| self.switches.clone())
    }
}

impl Application {
    fn new(setup: ApplicationSetup) -> Self {
        let object_id = setup
            .object_id
            .clone()
            .unwrap_or_else(|| Uuid::new_v4().to_string());
        Self {
            object_id,
            replication_failures_left: setup.replication_failures,
            setup,
        }
    }
}

impl Subscription {
    fn new(setup: SubscriptionSetup) -> Self {
        Self {
            setup,
            resources: Resources::default(),
            seeded: BTreeMap::new(),
            provisioned: BTreeMap::new(),
            discovered: BTreeMap::new(),
            watched: BTreeSet::new(),
            operations: BTreeMap::new(),
            throttle: Throttle::default(),
            faults: Faults::default(),
            counters: Counters::default(),
            switches: None,
        }
    }

    /// The group as it was spelled when it was made.
    pub(crate) fn group(&self, name: &str) -> Option<&str> {
        self.setup
            .resource_groups
            .iter()
            .find(|group| group.eq_ignore_ascii_case(name))
            .map(String::as_str)
    }

    /// Resources directly under a collection, whose path is in lower case.
    pub(crate) fn resources_where(
        &self,
        fits: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        self.resources.iter().filter(move |(path, _)| fits(path))
    }
}
