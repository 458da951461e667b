use onboarding::FailureKind;
use onboarding::ports::AccountIdentity;
use onboarding::provider::{
    AUDIENCE_CSPM, AUDIENCES, Adoption, Release, adopt, audience_tag, release,
};

use super::*;
use crate::iam::tests::{DEFENDER, absent, account, deployment, done, identity, of_iam, seen};
use crate::rig::{ACCOUNT, refused};

const GET: &str = "GetOpenIDConnectProvider";
const CREATE: &str = "CreateOpenIDConnectProvider";
const TAG: &str = "TagOpenIDConnectProvider";
const ADD: &str = "AddClientIDToOpenIDConnectProvider";
const REMOVE: &str = "RemoveClientIDFromOpenIDConnectProvider";
const UNTAG: &str = "UntagOpenIDConnectProvider";
const DELETE: &str = "DeleteOpenIDConnectProvider";

#[tokio::test(start_paused = true)]
async fn a_new_provider_gets_all_in_one_call() {
    let wire = account(|action, _| done(action));
    identity(&wire)
        .adopt_provider(&DEFENDER, &adopt(&DEFENDER, None, &deployment()))
        .await
        .unwrap();
    let [asked] = &of_iam(&wire)[..] else {
        panic!("{:?}", wire.actions())
    };
    assert_eq!(asked.action(), CREATE);
    assert_eq!(asked.field("Url").unwrap(), DEFENDER.url());
    for position in 1..=AUDIENCES.len() {
        let audience = asked
            .field(&format!("ClientIDList.member.{position}"))
            .unwrap();
        assert_eq!(audience, AUDIENCES[position - 1]);
    }
    let tags: BTreeMap<_, _> = (1..=10)
        .filter_map(|n| {
            let part = |part| asked.field(&format!("Tags.member.{n}.{part}"));
            Some((part("Key")?, part("Value")?))
        })
        .collect();
    assert_eq!(tags["ManagedBy"], "defender-connector-aws");
    assert_eq!(tags[&audience_tag(AUDIENCE_CSPM)], "prod");
    assert_eq!(tags.len(), 10);
    assert_eq!(asked.field("ThumbprintList.member.1"), None);
}

#[tokio::test(start_paused = true)]
async fn the_customers_own_provider_has_its_own_url_and_arn() {
    let tenant = "0b1f6471-1bf0-4dda-aec3-111122223333";
    let ciem = Provider::Ciem(tenant.parse().unwrap());
    let wire = account(|action, _| match action {
        GET => absent(),
        action => done(action),
    });
    let identity = identity(&wire);
    assert_eq!(identity.provider(&ciem).await.unwrap(), None);
    let adoption = adopt(&ciem, None, &deployment());
    identity.adopt_provider(&ciem, &adoption).await.unwrap();
    let asked = of_iam(&wire);
    assert_eq!(
        asked[0].field("OpenIDConnectProviderArn").unwrap(),
        format!("arn:aws:iam::{ACCOUNT}:oidc-provider/sts.windows.net/{tenant}/")
    );
    assert_eq!(
        asked[1].field("Url").unwrap(),
        format!("https://sts.windows.net/{tenant}/")
    );
    assert_eq!(
        asked[1].field("ClientIDList.member.1").unwrap(),
        "api://mciem-aws-oidc-app"
    );
}

#[tokio::test(start_paused = true)]
async fn the_thumbprint_is_given_only_where_iam_asks_for_it() {
    for (code, message) in [
        (
            "InvalidInput",
            "Thumbprint list must contain fewer than 5 and more than 0 entries",
        ),
        ("OpenIdIdpCommunicationError", "could not reach it"),
    ] {
        let wire = account(
            move |action, asked| match asked.field("ThumbprintList.member.1") {
                Some(thumbprint) if thumbprint.len() == 40 => done(action),
                _ => refused(400, code, message),
            },
        );
        identity(&wire)
            .adopt_provider(&DEFENDER, &adopt(&DEFENDER, None, &deployment()))
            .await
            .unwrap();
        assert_eq!(wire.actions(), ["AssumeRole", CREATE, CREATE], "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_second_merges_into_what_is_there() {
    let theirs: Vec<&str> = AUDIENCES[2..].to_vec();
    let wire = account(move |action, _| match action {
        CREATE => refused(409, "EntityAlreadyExists", "exists"),
        GET => seen(&theirs, &BTreeMap::new()),
        action => done(action),
    });
    identity(&wire)
        .adopt_provider(&DEFENDER, &adopt(&DEFENDER, None, &deployment()))
        .await
        .unwrap();
    assert_eq!(wire.actions()[1..], [CREATE, GET, TAG, ADD, ADD]);
    let tagged = &of_iam(&wire)[2];
    let key = |n| tagged.field(&format!("Tags.member.{n}.Key"));
    assert_eq!(key(1).unwrap(), audience_tag(AUDIENCES[0]));
    assert_eq!(key(2).unwrap(), audience_tag(AUDIENCES[1]));
    assert_eq!(key(3), None, "a provider of others is not marked as ours");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_gone_again_is_a_conflict() {
    let wire = account(|action, _| match action {
        CREATE => refused(409, "EntityAlreadyExists", "exists"),
        _ => absent(),
    });
    let error = identity(&wire)
        .adopt_provider(&DEFENDER, &adopt(&DEFENDER, None, &deployment()))
        .await
        .unwrap_err();
    assert_eq!(error.kind, FailureKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn records_are_written_before_audiences_are_added() {
    let wire = account(|action, _| done(action));
    let there = SeenProvider {
        audiences: AUDIENCES[1..]
            .iter()
            .map(|audience| (*audience).to_owned())
            .collect(),
        tags: BTreeMap::new(),
    };
    identity(&wire)
        .adopt_provider(&DEFENDER, &adopt(&DEFENDER, Some(&there), &deployment()))
        .await
        .unwrap();
    assert_eq!(wire.actions()[1..], [TAG, ADD]);
    assert_eq!(of_iam(&wire)[1].field("ClientID").unwrap(), AUDIENCES[0]);
    identity(&wire)
        .adopt_provider(&DEFENDER, &Adoption::Nothing)
        .await
        .unwrap();
    assert_eq!(wire.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_audience_is_not_added_where_its_record_could_not_be_written() {
    let wire = account(|_, _| refused(409, "LimitExceeded", "Cannot exceed quota"));
    let there = SeenProvider::default();
    let error = identity(&wire)
        .adopt_provider(&DEFENDER, &adopt(&DEFENDER, Some(&there), &deployment()))
        .await;
    let error = error.unwrap_err();
    assert_eq!(wire.actions()[1..], [TAG]);
    assert_eq!(error.kind, FailureKind::Invalid);
    assert!(
        error.reason.contains("as many tags as IAM allows"),
        "{}",
        error.reason
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_added_is_taken_away_before_its_record() {
    let wire = account(|action, _| done(action));
    let mut tags = deployment().tags();
    tags.insert(audience_tag(AUDIENCE_CSPM), "prod".to_owned());
    let there = SeenProvider {
        audiences: ["api://foreign".to_owned(), AUDIENCE_CSPM.to_owned()].into(),
        tags,
    };
    let step = release(Some(&there), &deployment(), false);
    identity(&wire)
        .release_provider(&DEFENDER, &step)
        .await
        .unwrap();
    assert_eq!(wire.actions()[1..], [REMOVE, UNTAG]);
    let asked = of_iam(&wire);
    assert_eq!(asked[0].field("ClientID").unwrap(), AUDIENCE_CSPM);
    assert_eq!(
        asked[1].field("TagKeys.member.1").unwrap(),
        audience_tag(AUDIENCE_CSPM)
    );
    assert_eq!(asked[1].field("TagKeys.member.4").unwrap(), "StackId");
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_given_back() {
    let withdraw = Release::Withdraw {
        audiences: vec!["a".into()],
        tags: vec!["t".into()],
    };
    for (step, actions) in [
        (Release::Delete, &[DELETE][..]),
        (withdraw, &[REMOVE, UNTAG][..]),
    ] {
        let wire = account(|_, _| absent());
        identity(&wire)
            .release_provider(&DEFENDER, &step)
            .await
            .unwrap();
        assert_eq!(wire.actions()[1..], *actions);
    }
    for step in [Release::Keep, Release::Nothing] {
        let wire = account(|_, _| absent());
        identity(&wire)
            .release_provider(&DEFENDER, &step)
            .await
            .unwrap();
        assert_eq!(wire.actions(), [""; 0], "{step:?}");
    }
    let wire = account(|_, _| refused(403, "AccessDenied", "no"));
    assert!(
        identity(&wire)
            .release_provider(&DEFENDER, &Release::Delete)
            .await
            .is_err()
    );
}
