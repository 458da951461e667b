//! `Custom::IdentityProvider`: an OIDC provider of Defender's in the account, before its roles.

use std::collections::BTreeSet;

use azure::Dialect;
use connector_properties::IdentityProviderProperties;
use connector_properties::raw::{account_in, provider_in, role_names_in};
use custom_resource::{Context, Done, Failure, Handler, PhysicalId};
use onboarding::provider::Provider;
use onboarding::{RoleKey, RoleName};
use serde_json::Value;

use crate::cloud::Cloud;
use crate::error::{failed, failed_to_delete};
use crate::identity::newly_named;

/// The resource, in the cloud that the function was started for.
#[derive(Debug)]
pub struct IdentityProvider<'a>(pub &'a Cloud);

impl Handler for IdentityProvider<'_> {
    type Properties = IdentityProviderProperties;

    async fn create(&self, wanted: Self::Properties, context: &Context) -> Result<Done, Failure> {
        self.provide(&wanted, &wanted.roles()?, context).await
    }

    async fn update(
        &self,
        wanted: Self::Properties,
        old: &Value,
        _id: &PhysicalId,
        context: &Context,
    ) -> Result<Done, Failure> {
        // Another account is a replacement: all its names are new. CloudFormation then deletes
        // the provider of the old one.
        let same_account = account_in(old).is_some_and(|before| before == wanted.account_id);
        let known = if same_account {
            role_names_in(old)
        } else {
            BTreeSet::new()
        };
        let roles = newly_named(&wanted.roles()?, &known);
        self.provide(&wanted, &roles, context).await
    }

    async fn delete(&self, raw: &Value, id: &PhysicalId, context: &Context) -> Result<(), Failure> {
        // The id names account and provider; the properties may be anything.
        let named = id
            .as_str()
            .split(':')
            .nth(4)
            .and_then(|account| account.parse().ok());
        let account = named
            .or_else(|| account_in(raw))
            .unwrap_or_else(|| self.0.own_account());
        let provider = Provider::of_arn(id.as_str()).unwrap_or_else(|| provider_in(raw));
        let registration = self.0.registration(&account, Dialect::default(), context);
        registration
            .withdraw_identity(&account, &provider)
            .await
            .map_err(|error| failed_to_delete(error, context))
    }
}

impl IdentityProvider<'_> {
    async fn provide(
        &self,
        wanted: &IdentityProviderProperties,
        roles: &[(RoleKey, RoleName)],
        context: &Context,
    ) -> Result<Done, Failure> {
        let account = &wanted.account_id;
        let provider = wanted.provider(&self.0.limits())?;
        let arn = provider.arn(self.0.partition(), account);
        let id: PhysicalId = arn
            .parse()
            .map_err(|_| Failure::new("the provider's ARN is too long"))?;
        let registration = self.0.registration(account, Dialect::default(), context);
        registration
            .check_role_names(account, roles)
            .await
            .map_err(failed)?;
        let declare = || context.declare(id.clone());
        registration
            .provide_identity(account, &provider, declare)
            .await
            .map_err(failed)?;
        Ok(Done::new(id).with("ProviderArn", arn))
    }
}
