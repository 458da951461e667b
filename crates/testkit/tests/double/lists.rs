use serde_json::json;

use crate::support::{Azure, GROUP, SUBSCRIPTION, VERSION, foundational, json_of, refusal};

fn of_subscription() -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/securityConnectors?api-version={VERSION}"
    )
}

/// Follows every link; returns the sizes of the pages and all names.
async fn follow(azure: &Azure, path: &str) -> (Vec<usize>, Vec<String>) {
    let (mut sizes, mut names) = (Vec::new(), Vec::new());
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = json_of(azure.get(&path).await).await;
        let value = page["value"].as_array().unwrap();
        sizes.push(value.len());
        names.extend(
            value
                .iter()
                .map(|one| one["name"].as_str().unwrap().to_owned()),
        );
        next = page["nextLink"].as_str().map(|link| {
            link.strip_prefix(azure.double.base_url())
                .unwrap()
                .to_owned()
        });
    }
    (sizes, names)
}

#[tokio::test]
async fn pages_follow_each_other_even_after_an_empty_one() {
    let azure = Azure::start().await;
    for number in 0..5 {
        let account = format!("11112222333{number}");
        azure
            .put(&format!("aws-{number}"), &foundational(&account))
            .await;
    }
    assert_eq!(follow(&azure, &of_subscription()).await.0, [5]);
    azure
        .double
        .switch(Some(SUBSCRIPTION), json!({ "pageSize": 2 }))
        .unwrap();
    assert_eq!(follow(&azure, &of_subscription()).await.0, [2, 2, 1]);
    azure
        .double
        .switch(Some(SUBSCRIPTION), json!({ "emptyFirstPage": true }))
        .unwrap();
    let (sizes, names) = follow(&azure, &of_subscription()).await;
    assert_eq!(sizes, [0, 2, 2, 1]);
    assert_eq!(names, ["aws-0", "aws-1", "aws-2", "aws-3", "aws-4"]);
    let wrong = azure
        .get(&format!("{}&$skipToken=x", of_subscription()))
        .await;
    assert_eq!(refusal(wrong).await, (400, "InvalidSkipToken".to_owned()));
}

#[tokio::test]
async fn a_groups_list_holds_its_own_only() {
    let azure = Azure::start().await;
    azure.put("aws-1", &foundational("111122223331")).await;
    azure.double.seed_connector(
        SUBSCRIPTION,
        "elsewhere",
        "portal",
        foundational("111122223332"),
    );
    let group = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Security/securityConnectors?api-version={VERSION}"
    );
    assert_eq!(follow(&azure, &group).await.1, ["aws-1"]);
    assert_eq!(
        follow(&azure, &of_subscription()).await.1,
        ["portal", "aws-1"]
    );
}

#[tokio::test]
async fn classic_connectors_have_a_list_of_their_own() {
    let azure = Azure::start().await;
    let path = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/connectors");
    let classic = json!({ "name": "old", "properties": {} });
    assert!(
        azure
            .double
            .set_raw(&format!("{path}/old"), classic.to_string())
    );
    let (_, names) = follow(&azure, &format!("{path}?api-version=2020-01-01-preview")).await;
    assert_eq!(names, ["old"]);
    assert_eq!(
        follow(&azure, &of_subscription()).await.1,
        Vec::<String>::new()
    );
    let newer = azure.get(&format!("{path}?api-version={VERSION}")).await;
    assert_eq!(
        refusal(newer).await,
        (400, "NoRegisteredProviderFound".to_owned())
    );
}
