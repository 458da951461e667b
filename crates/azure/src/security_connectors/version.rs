//! Which API version connectors are read and written with.

use onboarding::ports::ServiceOffer;
use onboarding::{ApiVersion, ApiVersionSetting};
use tracing::info;

use super::SecurityConnectors;
use crate::arm::SERVICE;
use crate::sign_in::Credential;
use crate::{Error, Kind};

impl<C: Credential> SecurityConnectors<'_, C> {
    /// The version in use. Only `Auto` asks the service, and only once.
    pub async fn version(&self) -> Result<ApiVersion, Error> {
        match self.dialect.api_version {
            ApiVersionSetting::Fixed(version) => Ok(version),
            ApiVersionSetting::Auto => {
                let newest = self.version.get_or_try_init(|| self.newest()).await?;
                Ok(*newest)
            }
        }
    }

    async fn newest(&self) -> Result<ApiVersion, Error> {
        let offer = self.service_offer().await?;
        let newest = ApiVersion::newest_of(&offer.api_versions).ok_or_else(|| none_known(offer))?;
        info!(azure.api_version = %newest, "chose the newest API version that is offered");
        Ok(newest)
    }
}

fn none_known(offer: &ServiceOffer) -> Error {
    let offered = if offer.api_versions.is_empty() {
        "none".to_owned()
    } else {
        offer.api_versions.join(", ")
    };
    let why = format!(
        "no API version of security connectors that the registration of Microsoft.Security offers \
         is known here; it offers {offered}"
    );
    let known = ApiVersion::ALL.map(ApiVersion::as_str).join(" or ");
    let advice = format!(
        "AzureApiVersion is Auto: install a release that knows one of them, or set AzureApiVersion \
         to {known} to try it all the same"
    );
    Error::new(Kind::Invalid, SERVICE, "choose an API version", &why).advised(Some(advice))
}
