//! One organizational unit.

use onboarding::PortError;
use onboarding::organization::OuId;

use super::{OrganizationDirectory, explain};
use crate::failure::Failure;

impl OrganizationDirectory {
    /// Whether there is a unit of this id.
    pub async fn has_unit(&self, id: &OuId) -> Result<bool, PortError> {
        self.describe_unit(id).await.map_err(explain)
    }

    async fn describe_unit(&self, id: &OuId) -> Result<bool, Failure> {
        let call = self.call("organizations:DescribeOrganizationalUnit");
        let request = self
            .client()
            .describe_organizational_unit()
            .organizational_unit_id(id.as_str());
        match call.send(request.send()).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.is("OrganizationalUnitNotFound") => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use onboarding::FailureKind;
    use serde_json::json;

    use super::*;
    use crate::Organizations;
    use crate::rig::{Answer, Wire, in_five_minutes, refused_in_json};

    async fn has_unit(wire: &Wire) -> Result<bool, PortError> {
        let directory = Organizations::new(&wire.sdk()).directory(in_five_minutes());
        directory
            .has_unit(&"ou-a1b2-11112222".parse().unwrap())
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_unit_is_there_or_it_is_not() {
        let wire = Wire::new(|_, asked| {
            assert_eq!(asked.json()["OrganizationalUnitId"], "ou-a1b2-11112222");
            let unit = json!({"OrganizationalUnit": {"Id": "ou-a1b2-11112222"}});
            Answer::Body(200, unit.to_string())
        });
        assert!(has_unit(&wire).await.unwrap());
        let missing =
            |_, _: &_| refused_in_json(400, "OrganizationalUnitNotFoundException", "none");
        assert!(!has_unit(&Wire::new(missing)).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn whether_it_is_there_is_never_guessed() {
        let denied = |_, _: &_| refused_in_json(400, "AccessDeniedException", "no");
        let error = has_unit(&Wire::new(denied)).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Denied);
    }
}
