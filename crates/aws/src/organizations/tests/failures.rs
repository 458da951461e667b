//! What Organizations refuses.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_account_outside_of_any_organization_is_told_what_to_do() {
    let wire = Wire::new(|_, _| {
        refused_in_json(
            400,
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        )
    });
    let error = directory(&wire).organization().await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Invalid);
    insta::assert_snapshot!(error.reason, @"organizations:DescribeOrganization in the organization: 400 AWSOrganizationsNotInUseException: Your account is not a member of an organization. This account is in no organization: set Scope=Account, or deploy the stack into the account that manages one (request id request-1)");
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_names_the_account_to_be_in() {
    let wire = Wire::new(|_, _| {
        refused_in_json(
            400,
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        )
    });
    let error = accounts(&wire).await.unwrap_err();
    assert_eq!((error.kind, wire.asked().len()), (FailureKind::Denied, 1));
    insta::assert_snapshot!(error.reason, @"organizations:ListAccounts in the organization: 400 AccessDeniedException: You don't have permissions to access this resource. The function's role must be allowed organizations:ListAccounts, and the stack must be in the account that manages the organization: Organizations tells no other one (request id request-1)");
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_what_does_not_is_told() {
    let wire = Wire::new(|position, asked| match position {
        0..=2 => refused_in_json(500, "ServiceException", "again"),
        _ => page(3, asked),
    });
    assert_eq!(accounts(&wire).await.unwrap().len(), 3);
    for answer in [
        || Answer::Unreachable,
        || Answer::Body(200, "<html>".to_owned()),
    ] {
        let wire = Wire::new(move |_, _| answer());
        let error = accounts(&wire).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Transient, "{}", error.reason);
    }
    let wire = Wire::new(|_, _| Answer::Never);
    let error = accounts(&wire).await.unwrap_err();
    assert!(error.reason.contains("no answer"), "{}", error.reason);
}

#[tokio::test(start_paused = true)]
async fn an_account_without_an_id_is_left_out() {
    let wire = Wire::new(|_, _| {
        let mut bad = account(1);
        bad["Id"] = json!("../1");
        body(&json!({"Accounts": [bad, {}, account(2)]}))
    });
    assert_eq!(accounts(&wire).await.unwrap().len(), 1);
}
