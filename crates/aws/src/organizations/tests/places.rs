//! Where accounts are.

use onboarding::AccountId;

use super::*;

const UNIT: &str = "ou-a1b2-11112222";
const INNER: &str = "ou-a1b2-33334444";

fn id(number: usize) -> AccountId {
    format!("{number:012}").parse().unwrap()
}

fn below(account: &SeenAccount, target: &str) -> bool {
    let target = target.parse().unwrap();
    account.paths.iter().any(|path| path.passes(&target))
}

/// An account without `Paths`.
fn lost(number: usize) -> Value {
    let mut account = account(number);
    account.as_object_mut().unwrap().remove("Paths");
    account
}

/// A tree: account 1 in the unit, 2 in the one below it, 3 elsewhere.
fn tree(asked: &Asked) -> Answer {
    let parent = asked.json()["ParentId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let unit = |id: &str| json!({"Id": id, "Name": "one"});
    match (asked.action().as_str(), parent.as_str()) {
        ("ListAccounts", _) => body(&json!({"Accounts": [lost(1), lost(2), lost(3)]})),
        ("ListAccountsForParent", UNIT) => body(&json!({"Accounts": [lost(1)]})),
        ("ListAccountsForParent", INNER) => body(&json!({"Accounts": [lost(2)]})),
        ("ListOrganizationalUnitsForParent", UNIT) => {
            body(&json!({"OrganizationalUnits": [unit(INNER), unit(UNIT)]}))
        }
        ("ListOrganizationalUnitsForParent", _) => body(&json!({})),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn paths_come_with_the_accounts_and_cost_no_call() {
    let wire = Wire::new(|_, _| {
        let mut one = account(1);
        one["Paths"] = json!([format!("{ROOT}/{UNIT}/{INNER}/000000000001/")]);
        body(&json!({"Accounts": [one, account(2)]}))
    });
    let found = accounts_below(&wire, &[UNIT]).await.unwrap();
    assert!(below(&found[0], UNIT) && below(&found[0], INNER) && below(&found[0], "r-a1b2"));
    assert!(!below(&found[1], UNIT));
    assert_eq!(wire.actions(), ["ListAccounts"]);
}

#[tokio::test(start_paused = true)]
async fn without_paths_the_wanted_units_are_walked() {
    let wire = Wire::new(|_, asked| tree(asked));
    let found = accounts_below(&wire, &[UNIT]).await.unwrap();
    let is_below: Vec<bool> = found.iter().map(|account| below(account, UNIT)).collect();
    assert_eq!(is_below, [true, true, false]);
    assert!(below(&found[1], INNER));
    assert_eq!(wire.actions().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_path_that_cannot_be_read_is_none() {
    let wire = Wire::new(|_, asked| match asked.action().as_str() {
        "ListAccounts" => {
            let mut one = account(1);
            one["Paths"] = json!([format!("{ROOT}/"), "../../"]);
            body(&json!({"Accounts": [one]}))
        }
        _ => tree(asked),
    });
    let found = accounts_below(&wire, &[UNIT]).await.unwrap();
    assert!(below(&found[0], UNIT));
}

#[tokio::test(start_paused = true)]
async fn below_the_root_is_everything_so_nothing_is_walked() {
    let wire = Wire::new(|_, asked| tree(asked));
    assert_eq!(accounts(&wire).await.unwrap().len(), 3);
    assert_eq!(wire.actions(), ["ListAccounts"]);
}

#[tokio::test(start_paused = true)]
async fn accounts_are_not_shown_where_the_walk_fails() {
    let wire = Wire::new(|_, asked| match asked.action().as_str() {
        "ListOrganizationalUnitsForParent" => refused_in_json(400, "AccessDeniedException", "no"),
        _ => tree(asked),
    });
    let mut shown = 0;
    let error = directory(&wire)
        .accounts(&targets(&[UNIT]), &mut |_| shown += 1)
        .await
        .unwrap_err();
    assert_eq!((error.kind, shown), (FailureKind::Denied, 0));
}

#[tokio::test(start_paused = true)]
async fn one_account_is_described_or_not_there() {
    let wire = Wire::new(
        |_, asked| match asked.json()["AccountId"].as_str().unwrap() {
            "000000000001" => body(&json!({"Account": account(1)})),
            _ => refused_in_json(
                400,
                "AccountNotFoundException",
                "You specified an account that doesn't exist.",
            ),
        },
    );
    let directory = directory(&wire);
    let found = directory.account(&id(1)).await.unwrap().unwrap();
    assert_eq!((found.id.clone(), below(&found, "r-a1b2")), (id(1), true));
    assert_eq!(directory.account(&id(2)).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn without_a_path_an_account_is_found_by_its_parents() {
    let wire = Wire::new(|_, asked| match asked.json()["ChildId"].as_str() {
        None => body(&json!({"Account": lost(1)})),
        Some("000000000001") => {
            body(&json!({"Parents": [{"Id": INNER, "Type": "ORGANIZATIONAL_UNIT"}]}))
        }
        Some(INNER) => body(&json!({"Parents": [{"Id": UNIT, "Type": "ORGANIZATIONAL_UNIT"}]})),
        Some(_) => body(&json!({"Parents": [{"Id": "r-a1b2", "Type": "ROOT"}]})),
    });
    let found = directory(&wire).account(&id(1)).await.unwrap().unwrap();
    assert!(below(&found, INNER) && below(&found, UNIT) && below(&found, "r-a1b2"));

    let wire = Wire::new(|_, asked| match asked.json()["ChildId"].as_str() {
        None => body(&json!({"Account": lost(1)})),
        Some(_) => body(&json!({"Parents": [{"Id": UNIT, "Type": "ORGANIZATIONAL_UNIT"}]})),
    });
    let error = directory(&wire).account(&id(1)).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Transient);
}
