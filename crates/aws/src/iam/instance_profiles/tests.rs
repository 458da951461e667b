use onboarding::FailureKind;

use super::*;
use crate::iam::tests::{absent, account, session_of};
use crate::rig::{Answer, answered, refused};

fn profile() -> ProfileName {
    ProfileName::of_arn("arn:aws:iam::111122223333:instance-profile/team/web").unwrap()
}

const GET: &str = "GetInstanceProfile";

/// A profile with or without a role.
fn profile_with(role: Option<&str>) -> Answer {
    let role = role.map_or_else(String::new, |name| {
        format!(
            "<member><Path>/</Path><RoleName>{name}</RoleName><RoleId>A</RoleId><Arn>a</Arn>\
             <CreateDate>2024-01-01T00:00:00Z</CreateDate></member>"
        )
    });
    answered(
        GET,
        &format!(
            "<InstanceProfile><Path>/team/</Path><InstanceProfileName>web</InstanceProfileName>\
             <InstanceProfileId>I</InstanceProfileId><Arn>a</Arn><CreateDate>2024-01-01T00:00:00Z\
             </CreateDate><Roles>{role}</Roles></InstanceProfile>"
        ),
    )
}

fn policies(names: &[&str], marker: Option<&str>) -> Answer {
    let members = names
        .iter()
        .map(|name| format!("<member><PolicyName>{name}</PolicyName></member>"))
        .collect::<Vec<_>>()
        .concat();
    let more = marker.map_or_else(String::new, |marker| {
        format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>")
    });
    answered(
        "ListAttachedRolePolicies",
        &format!("<AttachedPolicies>{members}</AttachedPolicies>{more}"),
    )
}

#[tokio::test(start_paused = true)]
async fn the_needed_policy_is_found_on_whichever_page() {
    let wire = account(
        |action, asked| match (action, asked.field("Marker").as_deref()) {
            (GET, _) => profile_with(Some("web-role")),
            (_, None) => policies(&["ReadOnlyAccess"], Some("2")),
            (_, Some(_)) => policies(&["AmazonSSMManagedInstanceCore"], None),
        },
    );
    let profiles = InstanceProfiles::new(session_of(&wire));
    let found = profiles.policies(&profile()).await.unwrap();
    assert_eq!(found, ProfilePolicies::Sufficient);
    let asked = wire.asked();
    assert_eq!(
        asked[1].field("InstanceProfileName").as_deref(),
        Some("web")
    );
    assert_eq!(asked[2].field("RoleName").as_deref(), Some("web-role"));
    assert_eq!(asked[1].access_key, "SESSIONKEY");
}

#[tokio::test(start_paused = true)]
async fn a_profile_without_role_or_policy_is_insufficient_and_one_that_is_gone_unknown() {
    for (role, expected) in [
        (Some("web-role"), ProfilePolicies::Insufficient),
        (None, ProfilePolicies::Insufficient),
    ] {
        let wire = account(move |action, _| match action {
            GET => profile_with(role),
            _ => policies(&["ReadOnlyAccess"], None),
        });
        let profiles = InstanceProfiles::new(session_of(&wire));
        assert_eq!(profiles.policies(&profile()).await.unwrap(), expected);
    }
    let wire = account(|_, _| absent());
    let profiles = InstanceProfiles::new(session_of(&wire));
    assert_eq!(
        profiles.policies(&profile()).await.unwrap(),
        ProfilePolicies::Unknown
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_named_with_its_role() {
    let wire = account(|_, _| refused(403, "AccessDenied", "no"));
    let profiles = InstanceProfiles::new(session_of(&wire));
    let error = profiles.policies(&profile()).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    assert!(
        error
            .reason
            .contains("DefenderConnectorAccess of account 111122223333 (templates/access.yaml) must be allowed iam:GetInstanceProfile"),
        "{}",
        error.reason
    );
}
