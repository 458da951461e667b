//! The connector of an organization, and those that Defender makes for its members.

use azure::Dialect;
use onboarding::connector::WantedOrganization;
use onboarding::diff::Difference;
use onboarding::{ApiVersion, ApiVersionSetting, Connector, Deployment};
use testkit::azure_double::{AwsAccounts, AwsOrganization, AwsView};

use super::*;

const MANAGEMENT: &str = "123456789012";
const MEMBERS: [&str; 2] = ["222222222222", "333333333333"];

fn ours() -> Deployment {
    Deployment {
        id: "prod".parse().unwrap(),
        stack_id: "arn:stack".into(),
    }
}

fn organization(excluded: &[&str]) -> WantedConnector {
    WantedConnector {
        organization: Some(WantedOrganization {
            stack_set_name: "DefenderConnector-Members-Account".into(),
            excluded_account_ids: excluded.iter().map(|id| id.parse().unwrap()).collect(),
        }),
        tags: ours().tags(),
        ..wanted(4)
    }
}

/// The double looks at the organization, and at nothing in its accounts.
async fn with_organization() -> (AzureDouble, Arm) {
    let (double, arm) = start(SUBJECT, 0).await;
    let accounts = AwsAccounts::default();
    accounts.set_organization(AwsOrganization::of(MANAGEMENT, MEMBERS));
    double.set_aws_view(AwsView::Accounts(accounts));
    // Tags that members may come to have, too.
    let how = json!({"lookIntoAws": false, "discovery": {"copiesTags": true}});
    double.switch(None, how).unwrap();
    (double, arm)
}

fn of<'a>(all: &'a [Connector], account: &str) -> Option<&'a Connector> {
    let account = account.parse().unwrap();
    all.iter().find(|one| one.connects(&account))
}

#[tokio::test]
async fn it_is_written_and_its_members_are_told_apart() {
    for version in ApiVersion::ALL {
        let (double, arm) = with_organization().await;
        let port = connectors(&arm).speaking(Dialect {
            api_version: ApiVersionSetting::Fixed(version),
            ..Dialect::default()
        });
        let all = organization(&[]);
        let written = port.put(&all, None).await.unwrap();
        assert_eq!(differences(&all, &written), vec![]);
        assert!(written.is_organization() && written.is_owned_by(&ours()));

        double.discover(SUBSCRIPTION).await.unwrap();
        let seen = port.list().await.unwrap();
        assert_eq!(seen.len(), 3);
        let member = of(&seen, MEMBERS[0]).unwrap();
        assert_eq!(member.member_of(), Some(MANAGEMENT));
        assert!(
            !member.is_owned_by(&ours()),
            "whatever its tags: {:?}",
            member.tags
        );

        let fewer = organization(&[MEMBERS[0]]);
        let there = of(&seen, MANAGEMENT).unwrap();
        assert_eq!(differences(&fewer, there), [Difference::OrganizationalData]);
        let changed = port.put(&fewer, Some(there)).await.unwrap();
        assert_eq!(differences(&fewer, &changed), vec![]);
        let seen = port.list().await.unwrap();
        assert!(of(&seen, MEMBERS[0]).is_none() && of(&seen, MEMBERS[1]).is_some());
    }
}

#[tokio::test]
async fn a_members_connector_is_not_written_by_us() {
    let (double, arm) = with_organization().await;
    let port = connectors(&arm);
    port.put(&organization(&[]), None).await.unwrap();
    double.discover(SUBSCRIPTION).await.unwrap();
    let seen = port.list().await.unwrap();
    let member = of(&seen, MEMBERS[0]).unwrap();
    let error = port.remove(&member.id).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Invalid, "{error}");
    let error = port
        .put(&organization(&[]), Some(member))
        .await
        .unwrap_err();
    assert!(
        error.reason.contains("belongs to an organization"),
        "{error}"
    );
    port.remove(&organization(&[]).id).await.unwrap();
    assert_eq!(port.list().await.unwrap(), vec![]);
}
