//! The Azure side of one test: a tenant, an application and a subscription that nobody else uses.

use uuid::Uuid;

/// Ids and names, made up anew for each test.
#[derive(Debug, Clone)]
pub struct Tenancy {
    /// Entra tenant.
    pub tenant: String,
    /// Application that the functions sign in as.
    pub client: String,
    /// Application that the test itself reads with.
    pub auditor: String,
    /// The auditor's secret.
    pub auditor_secret: String,
    /// Subscription.
    pub subscription: String,
    /// Resource group of the connector.
    pub resource_group: String,
    /// Location as the stack's parameter names it; the service says "East US".
    pub location: String,
}

impl Tenancy {
    /// A tenancy of its own.
    pub fn new() -> Self {
        let id = || Uuid::new_v4().to_string();
        Self {
            tenant: id(),
            client: id(),
            auditor: id(),
            auditor_secret: format!("auditor~{}", id()),
            subscription: id(),
            resource_group: "Defender-RG".to_owned(),
            location: "eastus".to_owned(),
        }
    }

    /// The ARM id of a connector in the resource group.
    pub fn connector_id(&self, name: &str) -> String {
        self.connector_id_in(&self.resource_group, name)
    }

    /// The ARM id of a connector in any resource group of the subscription.
    pub fn connector_id_in(&self, resource_group: &str, name: &str) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{resource_group}/providers/Microsoft.Security/securityConnectors/{name}",
            self.subscription
        )
    }
}

impl Default for Tenancy {
    fn default() -> Self {
        Self::new()
    }
}
