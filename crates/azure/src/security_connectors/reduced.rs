//! Connectors by the thousand, each reduced to what matters as it is read.

use onboarding::{Connector, PortError};

use super::SecurityConnectors;
use super::merge;
use crate::sign_in::Credential;

impl<C: Credential> SecurityConnectors<'_, C> {
    /// Every connector of the subscription, of every environment. No more is kept than what `read`
    /// makes of each: a whole one is kilobytes.
    pub async fn list_reduced<T: Send>(
        &self,
        read: impl Fn(&Connector) -> Option<T> + Send + Sync,
    ) -> Result<Vec<T>, PortError> {
        let path = self.provider_path("/securityConnectors");
        let version = self.version().await?.as_str();
        let call = self.call(
            "list the security connectors of the subscription",
            &path,
            version,
        );
        let reduced = |body| read(&merge::read(body)?);
        Ok(self.arm.list_of(&call, reduced).await?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::Mock;
    use wiremock::matchers::{method, path};

    use super::*;
    use crate::rig::{SUBSCRIPTION, azure, ok, soon};

    #[tokio::test]
    async fn of_each_is_kept_what_it_is_reduced_to_and_of_some_nothing() {
        let (server, arm) = azure().await;
        let of = |name: &str, cloud: &str| {
            let id = format!(
                "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Security/securityConnectors/{name}"
            );
            json!({"id": id, "properties": {"environmentName": cloud}})
        };
        let list = ok(json!({"value": [of("one", "AWS"), of("two", "GCP"), {"id": "odd"}]}));
        let at = format!(
            "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/securityConnectors"
        );
        Mock::given(method("GET"))
            .and(path(at))
            .respond_with(list)
            .mount(&server)
            .await;
        let connectors = SecurityConnectors::new(&arm, SUBSCRIPTION.parse().unwrap(), soon());
        let aws = |one: &Connector| (one.environment == "AWS").then(|| one.name().to_string());
        assert_eq!(connectors.list_reduced(aws).await.unwrap(), ["one"]);
    }
}
