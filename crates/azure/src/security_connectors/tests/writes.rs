use super::*;

#[tokio::test]
async fn a_new_connector_is_put_under_its_name() {
    let (server, arm) = azure().await;
    let created = ResponseTemplate::new(201).set_body_json(seen("1", "prod"));
    answer(&server, "PUT", &id().to_string(), created).await;
    let written = connectors(&arm).put(&wanted(), None).await.unwrap();
    assert_eq!(written.id, id());
    let example = include_str!("new-connector.json");
    let example: Value = serde_json::from_str(example).unwrap();
    assert_eq!(sent(&server, 201).await, [example]);
}

#[tokio::test]
async fn a_connector_that_changed_in_between_is_read_and_written_again() {
    let (server, arm) = azure().await;
    let at = id().to_string();
    let stale = arm_error(412, "PreconditionFailed");
    Mock::given(method("PUT"))
        .respond_with(stale)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    answer(&server, "GET", &at, ok(seen("2", "prod"))).await;
    answer(&server, "PUT", &at, ok(seen("3", "prod"))).await;
    let before = merge::read(seen("1", "prod")).unwrap();
    connectors(&arm)
        .put(&wanted(), Some(&before))
        .await
        .unwrap();
    let sent = asked(&server).await;
    let etag =
        |index: usize| serde_json::from_slice::<Value>(&sent[index].body).unwrap()["etag"].clone();
    assert_eq!((sent.len(), etag(0), etag(2)), (3, json!("1"), json!("2")));
}

#[tokio::test]
async fn one_that_keeps_changing_is_given_up_after_three_writes() {
    let (server, arm) = azure().await;
    let at = id().to_string();
    answer(&server, "PUT", &at, arm_error(412, "PreconditionFailed")).await;
    answer(&server, "GET", &at, ok(seen("2", "prod"))).await;
    let before = merge::read(seen("1", "prod")).unwrap();
    let error = connectors(&arm)
        .put(&wanted(), Some(&before))
        .await
        .unwrap_err();
    assert_eq!(error.kind, FailureKind::Conflict);
    let writes = asked(&server)
        .await
        .iter()
        .filter(|r| r.method.as_str() == "PUT")
        .count();
    assert_eq!(writes, 3);
}

#[tokio::test]
async fn one_that_changed_hands_is_not_written_over() {
    for now in [
        ok(seen("2", "somebody-else")),
        arm_error(404, "ResourceNotFound"),
    ] {
        let (server, arm) = azure().await;
        let at = id().to_string();
        answer(&server, "PUT", &at, arm_error(412, "PreconditionFailed")).await;
        answer(&server, "GET", &at, now).await;
        let before = merge::read(seen("1", "prod")).unwrap();
        let error = connectors(&arm)
            .put(&wanted(), Some(&before))
            .await
            .unwrap_err();
        assert_eq!(error.kind, FailureKind::Conflict);
        assert_eq!(asked(&server).await.len(), 2);
    }
}

#[tokio::test]
async fn a_refusal_by_defender_is_passed_on_with_its_correlation() {
    let (server, arm) = azure().await;
    let body = json!({"statusCode": 400, "errorMessage": "Identity provider is missing from AWS account/s",
        "errorCorrelation": "11111111-2222-3333-4444-555555555555"});
    let refused = ResponseTemplate::new(400).set_body_json(body);
    answer(&server, "PUT", &id().to_string(), refused).await;
    let error = connectors(&arm).put(&wanted(), None).await.unwrap_err();
    assert!(error.refused_content);
    assert_eq!(error.kind, FailureKind::Invalid);
    for part in [
        "write security connector aws-123456789012 in resource group rg-mdc",
        "Identity provider is missing",
        "11111111-2222-3333-4444-555555555555",
    ] {
        assert!(error.reason.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_former_body_is_restored_without_what_the_service_sets() {
    let (server, arm) = azure().await;
    answer(&server, "PUT", &id().to_string(), ok(seen("9", "x"))).await;
    connectors(&arm)
        .restore(&id(), &seen("1", "theirs"))
        .await
        .unwrap();
    let mut expected = seen("1", "theirs");
    for field in ["id", "name", "type", "systemData", "etag"] {
        expected.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(sent(&server, 200).await, [expected]);
}
