//! Our own look at an account: what Defender could not use there, by name.

use onboarding::ports::{AccountIdentity, Connectors, FormerConnectors};
use onboarding::provider::{Provider, SeenProvider};
use onboarding::roles::RoleTrust;
use onboarding::trust::Trusted;
use onboarding::{AccountId, Offering, PortError, RoleArn, RoleKey, RoleName, WantedConnector};
use tracing::warn;

use connector_properties::Wanted;

use super::Registration;
use crate::error::Unusable;

impl<C: Connectors, I: AccountIdentity, F: FormerConnectors> Registration<C, I, F> {
    /// What Defender could not use. A look that fails finds nothing: the service's own answer is
    /// then all there is to say.
    pub(super) async fn look(&self, target: &WantedConnector, wanted: &Wanted) -> Vec<Unusable> {
        let account = &target.account;
        let found = async {
            let mut found = self
                .look_at_provider(account, &Provider::Defender, wanted)
                .await?;
            if wanted.ciem_subject.is_some() {
                let ciem = Provider::Ciem(self.tenant.clone());
                found.extend(self.look_at_provider(account, &ciem, wanted).await?);
            }
            let trusted = self.trusted(target, wanted);
            for (key, name) in &wanted.roles {
                found.extend(self.look_at_role(&trusted, *key, name).await?);
            }
            Ok::<_, PortError>(found)
        };
        found.await.unwrap_or_else(|error| {
            warn!(account.id = %account, "could not look at the roles of account {account}: {error}");
            Vec::new()
        })
    }

    async fn look_at_provider(
        &self,
        account: &AccountId,
        provider: &Provider,
        wanted: &Wanted,
    ) -> Result<Vec<Unusable>, PortError> {
        let arn = provider.arn(&self.partition, account);
        let Some(seen) = self.identity.provider(provider).await? else {
            return Ok(vec![Unusable::NoProvider(arn)]);
        };
        let lacking = lacking(provider, &seen, wanted).into_iter();
        Ok(lacking
            .map(|audience| Unusable::NoAudience {
                provider: arn.clone(),
                audience,
            })
            .collect())
    }

    fn trusted(&self, target: &WantedConnector, wanted: &Wanted) -> Trusted {
        let oidc = wanted.role(RoleKey::CiemOidc).cloned();
        let oidc = oidc.map_or_else(
            || RoleArn::seen(String::new()),
            |name| RoleArn::new(&self.partition, &target.account, &name),
        );
        let external_id = target.offerings.iter().find_map(|one| match one {
            Offering::DefenderForContainersAws(one) => one.data_collection_external_id.as_ref(),
            _ => None,
        });
        Trusted {
            account: target.account.clone(),
            partition: self.partition.clone(),
            tenant: self.tenant.clone(),
            ciem_subject: wanted.ciem_subject.clone(),
            ciem_oidc_role: oidc,
            external_id: external_id.and_then(|id| id.parse().ok()),
        }
    }

    async fn look_at_role(
        &self,
        trusted: &Trusted,
        key: RoleKey,
        name: &RoleName,
    ) -> Result<Option<Unusable>, PortError> {
        let arn = RoleArn::new(&self.partition, &trusted.account, name);
        let Some(role) = self.identity.role(name).await? else {
            return Ok(Some(Unusable::NoRole(arn)));
        };
        let defect = trusted.defect(&role, key);
        Ok(defect.map(|defect| Unusable::Trust { role: arn, defect }))
    }
}

/// The audiences that the wanted roles need of a provider and that it does not have.
fn lacking(provider: &Provider, seen: &SeenProvider, wanted: &Wanted) -> Vec<&'static str> {
    let asks = |audience: &'static str| match provider {
        Provider::Ciem(_) => true,
        Provider::Defender => wanted
            .roles
            .iter()
            .any(|(key, _)| key.facts().trust == RoleTrust::Defender(audience)),
    };
    let audiences = provider.audiences().iter().copied();
    audiences
        .filter(|audience| asks(audience) && !seen.audiences.contains(*audience))
        .collect()
}
