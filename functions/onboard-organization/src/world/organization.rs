//! AWS Organizations.

use std::collections::{BTreeMap, BTreeSet};

use onboarding::AccountId;
use serde_json::{Value, json};
use testkit::aws_wire::{Answer, Asked, refused_in_json};
use testkit::quotas::Quotas;

use super::OWN;
use super::tokens::Tokens;

pub(crate) const ROOT: &str = "r-a1b2";

/// An account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    /// The unit that it is right below; `None` where that is the root.
    pub(crate) unit: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) management: String,
    pub(crate) features: &'static str,
    pub(crate) units: BTreeSet<&'static str>,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    /// Accounts that a list does not show although they are there.
    pub(crate) unlisted: BTreeSet<AccountId>,
    page: usize,
    pub(crate) lists: Tokens,
    pub(crate) descriptions: Tokens,
}

pub(crate) fn account_id(number: usize) -> AccountId {
    format!("{number:012}").parse().unwrap()
}

impl Organization {
    pub(crate) fn new() -> Self {
        let quotas = Quotas::published().unwrap().organizations;
        let mut organization = Self {
            management: OWN.to_owned(),
            features: "ALL",
            units: BTreeSet::new(),
            accounts: BTreeMap::new(),
            unlisted: BTreeSet::new(),
            page: quotas.accounts_per_page,
            lists: Tokens::full(quotas.account_lists),
            descriptions: Tokens::full(quotas.account_descriptions),
        };
        organization.join(&OWN.parse().unwrap(), None);
        organization
    }

    /// An account joins, or moves.
    pub(crate) fn join(&mut self, id: &AccountId, unit: Option<&'static str>) {
        self.units.extend(unit);
        let account = Account {
            name: format!("account {id}"),
            state: "ACTIVE",
            unit,
        };
        self.accounts.insert(id.clone(), account);
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Answer {
        let body = |value: Value| Answer::Body(200, value.to_string());
        match asked.action().as_str() {
            "DescribeOrganization" => body(json!({"Organization": {
                "Id": "o-a1b2c3d4e5", "FeatureSet": self.features,
                "MasterAccountId": self.management,
            }})),
            "ListRoots" => body(json!({"Roots": [{"Id": ROOT, "Name": "Root"}]})),
            "DescribeOrganizationalUnit" => {
                let id = asked.json()["OrganizationalUnitId"].clone();
                if self.units.iter().any(|unit| id == *unit) {
                    body(json!({"OrganizationalUnit": {"Id": id}}))
                } else {
                    refused_in_json(400, "OrganizationalUnitNotFoundException", "none")
                }
            }
            "ListAccounts" if self.lists.take().is_err() => throttled(),
            "ListAccounts" => body(self.list(&asked.json())),
            "DescribeAccount" if self.descriptions.take().is_err() => throttled(),
            "DescribeAccount" => {
                let id = asked.json()["AccountId"].as_str().unwrap().parse().unwrap();
                match self.accounts.get(&id) {
                    Some(account) => body(json!({"Account": shown(&id, account)})),
                    None => refused_in_json(400, "AccountNotFoundException", "none"),
                }
            }
            other => panic!("{other}"),
        }
    }

    fn list(&self, asked: &Value) -> Value {
        let most = usize::try_from(asked["MaxResults"].as_u64().unwrap()).unwrap();
        assert!(most <= self.page, "a page has {} at most", self.page);
        let start: usize = asked["NextToken"]
            .as_str()
            .map_or(0, |token| token.parse().unwrap());
        let listed = self
            .accounts
            .iter()
            .filter(|(id, _)| !self.unlisted.contains(*id));
        let page: Vec<Value> = listed
            .clone()
            .skip(start)
            .take(most)
            .map(|(id, account)| shown(id, account))
            .collect();
        let end = start + page.len();
        let mut answer = json!({"Accounts": page});
        if end < listed.count() {
            answer["NextToken"] = json!(end.to_string());
        }
        answer
    }
}

fn throttled() -> Answer {
    refused_in_json(400, "TooManyRequestsException", "slow down")
}

fn shown(id: &AccountId, account: &Account) -> Value {
    let unit = account.unit.map(|unit| format!("{unit}/"));
    let path = format!("o-a1b2c3d4e5/{ROOT}/{}{id}/", unit.unwrap_or_default());
    json!({"Id": id, "Name": account.name, "State": account.state, "Paths": [path]})
}
