use std::collections::BTreeMap;
use std::sync::Arc;

use onboarding::provider::AUDIENCE_CSPM;
use onboarding::{Deployment, FailureKind};
use serde_json::json;

use super::*;
use crate::account_session::{AccountAccess, AccountSession, Assumption};
use crate::rig::{
    ACCOUNT, Answer, Asked, LATER, SESSION_SECRET, Wire, answered, in_five_minutes, refused,
    session,
};
use crate::sessions::{RoleSessions, SessionName};

pub(super) const DEFENDER: Provider = Provider::Defender;
const GET: &str = "GetOpenIDConnectProvider";
const DELETE: &str = "DeleteOpenIDConnectProvider";

/// An account that answers IAM from a function; its access role can be assumed.
pub(crate) fn account(iam: impl Fn(&str, &Asked) -> Answer + Send + Sync + 'static) -> Wire {
    Wire::new(move |_, asked| match asked.action().as_str() {
        "AssumeRole" => session("SESSIONKEY", LATER),
        action => iam(action, asked),
    })
}

fn access(wire: &Wire) -> AccountAccess {
    let sdk = wire.sdk();
    let sessions = Arc::new(RoleSessions::new(&sdk));
    AccountAccess::new(&sdk, sessions, "aws".parse().unwrap())
}

fn identity_by(access: &AccountAccess, request: &str) -> IamIdentity {
    access.identity(
        Assumption::Kept,
        &ACCOUNT.parse().unwrap(),
        SessionName::for_request(request),
        in_five_minutes(),
    )
}

pub(crate) fn session_of(wire: &Wire) -> AccountSession {
    access(wire).session(
        &ACCOUNT.parse().unwrap(),
        SessionName::for_request("r-1"),
        in_five_minutes(),
    )
}

pub(super) fn identity(wire: &Wire) -> IamIdentity {
    identity_by(&access(wire), "r-1")
}

/// What IAM was asked, without the session.
pub(super) fn of_iam(wire: &Wire) -> Vec<Asked> {
    wire.asked()
        .into_iter()
        .filter(|asked| asked.action() != "AssumeRole")
        .collect()
}

pub(super) fn deployment() -> Deployment {
    Deployment {
        id: "prod".parse().unwrap(),
        stack_id: "arn:aws:cloudformation:x".to_owned(),
    }
}

pub(super) fn done(action: &str) -> Answer {
    answered(action, "")
}

pub(super) fn absent() -> Answer {
    refused(404, "NoSuchEntity", "not there")
}

pub(super) fn seen(audiences: &[&str], tags: &BTreeMap<String, String>) -> Answer {
    let audiences = audiences
        .iter()
        .map(|audience| format!("<member>{audience}</member>"))
        .collect::<Vec<_>>()
        .concat();
    let tags = tags
        .iter()
        .map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>"))
        .collect::<Vec<_>>()
        .concat();
    answered(
        GET,
        &format!("<ClientIDList>{audiences}</ClientIDList><Tags>{tags}</Tags>"),
    )
}

#[tokio::test(start_paused = true)]
async fn the_account_is_acted_in_with_its_access_role_and_one_session() {
    let wire = account(|_, _| absent());
    let identity = identity(&wire);
    assert_eq!(identity.provider(&DEFENDER).await.unwrap(), None);
    assert_eq!(
        identity
            .role(&"CspmMonitorAws".parse().unwrap())
            .await
            .unwrap(),
        None
    );
    let asked = wire.asked();
    assert_eq!(wire.actions(), ["AssumeRole", GET, "GetRole"]);
    assert_eq!(
        asked[0].field("RoleArn").unwrap(),
        "arn:aws:iam::111122223333:role/DefenderConnectorAccess"
    );
    assert_eq!(
        asked[0].field("RoleSessionName").unwrap(),
        "DefenderConnector-r-1"
    );
    assert_eq!(asked[1].access_key, "SESSIONKEY");
    assert_eq!(
        asked[1].header("x-amz-security-token"),
        Some("the-session-token")
    );
    assert_eq!(
        asked[1].field("OpenIDConnectProviderArn").unwrap(),
        "arn:aws:iam::111122223333:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"
    );
    assert_eq!(asked[2].field("RoleName").unwrap(), "CspmMonitorAws");
    let shown = format!("{identity:?}");
    assert!(
        !shown.contains(SESSION_SECRET) && !shown.contains("SESSIONKEY"),
        "{shown}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_without_the_access_role_says_which_template_is_missing() {
    let wire = Wire::new(|_, _| refused(403, "AccessDenied", "not authorized: sts:AssumeRole"));
    let error = identity(&wire).provider(&DEFENDER).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    insta::assert_snapshot!(error.reason, @"sts:AssumeRole for role arn:aws:iam::111122223333:role/DefenderConnectorAccess: 403 AccessDenied: not authorized: sts:AssumeRole. The role DefenderConnectorAccess of account 111122223333 (templates/access.yaml) must exist and trust this function's role, which must be allowed sts:AssumeRole on it; a service control policy can deny it as well (gave up after 6 tries in 51 s; request id request-1)");
}

#[tokio::test(start_paused = true)]
async fn the_provider_is_read_with_audiences_and_tags() {
    let tags = deployment().tags();
    let answer = tags.clone();
    let wire = account(move |_, _| seen(&["api://x", AUDIENCE_CSPM], &answer));
    let provider = identity(&wire).provider(&DEFENDER).await.unwrap().unwrap();
    assert_eq!(provider.tags, tags);
    assert_eq!(
        provider.audiences,
        ["api://x".to_owned(), AUDIENCE_CSPM.to_owned()].into()
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_named_with_its_role_and_the_session_is_dropped() {
    let wire = account(|_, _| refused(403, "AccessDenied", "User: x is not authorized"));
    let access = access(&wire);
    let error = identity_by(&access, "r-1")
        .role(&"CspmMonitorAws".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    insta::assert_snapshot!(error.reason, @"iam:GetRole in account 111122223333: 403 AccessDenied: User: x is not authorized. The role DefenderConnectorAccess of account 111122223333 (templates/access.yaml) must be allowed iam:GetRole; a service control policy can deny it as well (request id request-1)");
    let again = identity_by(&access, "r-2");
    assert!(again.provider(&DEFENDER).await.is_err());
    assert_eq!(wire.actions(), ["AssumeRole", "GetRole", "AssumeRole", GET]);
}

#[tokio::test(start_paused = true)]
async fn a_role_is_read_with_trust_and_tags() {
    let wire = account(|action, _| {
        answered(
            action,
            "<Role><Path>/</Path><RoleName>CspmMonitorAws</RoleName><RoleId>A</RoleId>\
             <Arn>arn:aws:iam::111122223333:role/CspmMonitorAws</Arn>\
             <CreateDate>2024-01-01T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument>\
             <Tags><member><Key>StackId</Key><Value>s</Value></member></Tags></Role>",
        )
    });
    let role = identity(&wire)
        .role(&"CspmMonitorAws".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(role.trust, json!({"Statement": []}));
    assert_eq!(
        role.tags,
        BTreeMap::from([("StackId".to_owned(), "s".to_owned())])
    );
}

#[tokio::test(start_paused = true)]
async fn throttling_and_collisions_are_waited_out_by_the_sdk() {
    for (status, code) in [
        (400, "Throttling"),
        (409, "ConcurrentModification"),
        (503, "Busy"),
    ] {
        let wire = Wire::new(move |position, asked| match asked.action().as_str() {
            "AssumeRole" => session("SESSIONKEY", LATER),
            _ if position < 3 => refused(status, code, "again"),
            action => done(action),
        });
        identity(&wire)
            .release_provider(&DEFENDER, &Release::Delete)
            .await
            .unwrap();
        assert_eq!(wire.actions()[1..], [DELETE, DELETE, DELETE], "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_is_entered_anew_where_it_is_asked_for() {
    let wire = account(|_, _| refused(404, "NoSuchEntity", "no"));
    let access = access(&wire);
    let entered = || {
        wire.actions()
            .iter()
            .filter(|one| *one == "AssumeRole")
            .count()
    };
    for (assumption, sessions) in [
        (Assumption::Kept, 1),
        (Assumption::Kept, 1),
        (Assumption::Anew, 2),
        (Assumption::AnewAtOnce, 3),
        (Assumption::Kept, 3),
    ] {
        let identity = access.identity(
            assumption,
            &ACCOUNT.parse().unwrap(),
            SessionName::for_request("r-1"),
            in_five_minutes(),
        );
        identity.access().await.unwrap();
        assert_eq!(entered(), sessions, "{assumption:?}");
    }
    identity_by(&access, "r-2").enter().await.unwrap();
    assert_eq!(entered(), 4);
}
