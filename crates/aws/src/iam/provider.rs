//! An OIDC identity provider: created or merged into, deleted or given back.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::Tag;
use onboarding::FailureKind;
use onboarding::provider::{Provider, SeenProvider, audience_tag};
use tracing::info;

use super::IamIdentity;
use super::role::pair;
use crate::failure::Failure;

/// Thumbprint that Microsoft's own template gives. IAM finds one out by itself; this is for where
/// it cannot.
const THUMBPRINT: &str = "626d44e704d1ceabe3bf0d53397464ac8080142c";

impl IamIdentity {
    pub(super) async fn get_provider(
        &self,
        which: &Provider,
    ) -> Result<Option<SeenProvider>, Failure> {
        let request = self.client().await?.get_open_id_connect_provider();
        let request = request.open_id_connect_provider_arn(self.arn_of(which));
        match self
            .call("iam:GetOpenIDConnectProvider")
            .send(request.send())
            .await
        {
            Ok(answer) => Ok(Some(SeenProvider {
                audiences: answer.client_id_list().iter().cloned().collect(),
                tags: answer.tags().iter().map(pair).collect(),
            })),
            Err(failure) if failure.is("NoSuchEntity") => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Creates the provider. Where somebody else was quicker, adds to theirs what it lacks.
    pub(super) async fn create_or_join(
        &self,
        which: &Provider,
        audiences: &[&'static str],
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let failure = match self.create(which, audiences, tags).await {
            Ok(()) => return Ok(()),
            Err(failure) if failure.is("EntityAlreadyExists") => failure,
            Err(failure) => return Err(failure),
        };
        let seen = self.get_provider(which).await?.ok_or(failure)?;
        let missing = lacking(&seen.audiences, audiences);
        info!(
            audiences = missing.len(),
            "the identity provider was made meanwhile; adding {} audiences to it",
            missing.len()
        );
        let recorded = |audience: &&str| {
            let key = audience_tag(audience);
            let owner = tags.get(&key)?.clone();
            Some((key, owner))
        };
        let records = missing.iter().filter_map(recorded).collect();
        self.merge(which, &missing, &records).await
    }

    async fn create(
        &self,
        which: &Provider,
        audiences: &[&str],
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        match self.create_with(which, audiences, tags, None).await {
            Err(failure) if wants_thumbprint(&failure) => {
                self.create_with(which, audiences, tags, Some(THUMBPRINT))
                    .await
            }
            other => other,
        }
    }

    async fn create_with(
        &self,
        which: &Provider,
        audiences: &[&str],
        tags: &BTreeMap<String, String>,
        thumbprint: Option<&str>,
    ) -> Result<(), Failure> {
        let call = self.call("iam:CreateOpenIDConnectProvider");
        let audiences = audiences
            .iter()
            .map(|audience| (*audience).to_owned())
            .collect();
        let request = self.client().await?.create_open_id_connect_provider();
        let request = request
            .url(which.url())
            .set_client_id_list(Some(audiences))
            .set_thumbprint_list(thumbprint.map(|thumbprint| vec![thumbprint.to_owned()]))
            .set_tags(Some(self.tag_list(tags)?));
        call.send(request.send())
            .await
            .map(drop)
            .map_err(|failure| {
                explain_quota(
                    failure,
                    "The account has as many identity providers as its quota \
                allows: delete one that is not used, or have the quota raised",
                )
            })
    }

    /// Records first, then adds: an interruption in between leaves a record too many, and never
    /// an audience that nobody would take away.
    pub(super) async fn merge(
        &self,
        which: &Provider,
        audiences: &[&str],
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let client = self.client().await?;
        if !tags.is_empty() {
            let request = client.tag_open_id_connect_provider();
            let request = request
                .open_id_connect_provider_arn(self.arn_of(which))
                .set_tags(Some(self.tag_list(tags)?));
            let tagged = self
                .call("iam:TagOpenIDConnectProvider")
                .send(request.send())
                .await;
            tagged.map_err(|failure| {
                explain_quota(
                    failure,
                    "The identity provider has as many tags as IAM allows: \
                    remove some that are not needed",
                )
            })?;
        }
        for audience in audiences {
            let request = client.add_client_id_to_open_id_connect_provider();
            let request = request
                .open_id_connect_provider_arn(self.arn_of(which))
                .client_id(*audience);
            let call = self.call("iam:AddClientIDToOpenIDConnectProvider");
            call.send(request.send()).await.map_err(|failure| {
                explain_quota(
                    failure,
                    "The identity provider has as many audiences (client ids) \
                    as IAM allows: remove some that are not needed",
                )
            })?;
        }
        Ok(())
    }

    pub(super) async fn delete_provider(&self, which: &Provider) -> Result<(), Failure> {
        let request = self.client().await?.delete_open_id_connect_provider();
        let request = request.open_id_connect_provider_arn(self.arn_of(which));
        gone_is_fine(
            self.call("iam:DeleteOpenIDConnectProvider")
                .send(request.send())
                .await,
        )
    }

    /// Takes away first, then the record: interrupted in between, the next time does the rest.
    pub(super) async fn withdraw(
        &self,
        which: &Provider,
        audiences: &[String],
        tags: &[String],
    ) -> Result<(), Failure> {
        let client = self.client().await?;
        for audience in audiences {
            let request = client.remove_client_id_from_open_id_connect_provider();
            let request = request
                .open_id_connect_provider_arn(self.arn_of(which))
                .client_id(audience);
            let call = self.call("iam:RemoveClientIDFromOpenIDConnectProvider");
            gone_is_fine(call.send(request.send()).await)?;
        }
        if tags.is_empty() {
            return Ok(());
        }
        let request = client.untag_open_id_connect_provider();
        let request = request
            .open_id_connect_provider_arn(self.arn_of(which))
            .set_tag_keys(Some(tags.to_vec()));
        gone_is_fine(
            self.call("iam:UntagOpenIDConnectProvider")
                .send(request.send())
                .await,
        )
    }

    fn tag_list(&self, tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, Failure> {
        tags.iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect::<Result<_, _>>()
            .map_err(|_| {
                let call = self.call("iam:TagOpenIDConnectProvider");
                call.failure(FailureKind::Invalid, "a tag lacks its key or value")
            })
    }
}

/// The audiences that are not among those seen.
fn lacking(seen: &BTreeSet<String>, wanted: &[&'static str]) -> Vec<&'static str> {
    wanted
        .iter()
        .filter(|audience| !seen.contains(**audience))
        .copied()
        .collect()
}

/// Whether IAM could not find the thumbprint out by itself.
fn wants_thumbprint(failure: &Failure) -> bool {
    failure.is("OpenIdIdpCommunicationError")
        || (failure.kind() == FailureKind::Invalid
            && failure
                .message()
                .to_ascii_lowercase()
                .contains("thumbprint"))
}

fn explain_quota(failure: Failure, advice: &str) -> Failure {
    if failure.is("LimitExceeded") {
        failure.advised(advice)
    } else {
        failure
    }
}

fn gone_is_fine<O>(answer: Result<O, Failure>) -> Result<(), Failure> {
    match answer {
        Err(failure) if !failure.is("NoSuchEntity") => Err(failure),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
