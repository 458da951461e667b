//! What the subscription's registration of `Microsoft.Security` offers.

use onboarding::ports::ServiceOffer;
use serde::Deserialize;
use serde_json::Value;

use super::SecurityConnectors;
use crate::arm::SERVICE;
use crate::sign_in::Credential;
use crate::{Error, Kind};

const API_VERSION: &str = "2021-04-01";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    registration_state: String,
    #[serde(default)]
    resource_types: Vec<ResourceType>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceType {
    #[serde(rename = "resourceType")]
    name: String,
    #[serde(default)]
    locations: Vec<String>,
    #[serde(default)]
    api_versions: Vec<String>,
}

impl<C: Credential> SecurityConnectors<'_, C> {
    /// Whether the provider is registered, where it takes connectors, and in which versions.
    /// Asked for once.
    pub async fn service_offer(&self) -> Result<&ServiceOffer, Error> {
        self.offer.get_or_try_init(|| self.registration()).await
    }

    async fn registration(&self) -> Result<ServiceOffer, Error> {
        let path = self.provider_path("");
        let operation = "read the registration of Microsoft.Security";
        let call = self.call(operation, &path, API_VERSION);
        let body = self.arm.get(&call).await?;
        read(body).map_err(|error| {
            let message = format!("the answer is not as its API describes it: {error}");
            Error::new(Kind::Transient, SERVICE, operation, &message).request("GET", &path)
        })
    }
}

fn read(body: Value) -> Result<ServiceOffer, serde_json::Error> {
    let provider: Provider = serde_json::from_value(body)?;
    let mut types = provider.resource_types.into_iter();
    let connectors = types.find(|kind| kind.name.eq_ignore_ascii_case("securityConnectors"));
    let (locations, api_versions) = connectors
        .map(|kind| (kind.locations, kind.api_versions))
        .unwrap_or_default();
    let registered = provider
        .registration_state
        .eq_ignore_ascii_case("Registered");
    Ok(ServiceOffer {
        registered,
        locations,
        api_versions,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_row_of_the_connectors_is_taken() {
        let offer = read(json!({"registrationState": "Registered", "resourceTypes": [
            {"resourceType": "pricings", "locations": ["West US"]},
            {"resourceType": "SecurityConnectors", "locations": ["East US"],
             "apiVersions": ["2024-08-01-preview"]}]}));
        let offer = offer.unwrap();
        assert!(offer.registered);
        assert_eq!(offer.locations, ["East US"]);
        assert_eq!(offer.api_versions, ["2024-08-01-preview"]);
    }

    #[test]
    fn a_registration_under_way_is_none_yet() {
        let offer = read(json!({"registrationState": "Registering"})).unwrap();
        assert!(!offer.registered && offer.locations.is_empty());
        assert!(read(json!([])).is_err());
    }
}
