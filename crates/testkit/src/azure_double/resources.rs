//! The documents of a subscription by path in lower case, byte for byte, and the connectors among
//! them by what they connect: with thousands of accounts nobody can read all for each write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

const CONNECTOR: &str = "/providers/microsoft.security/securityconnectors/";

#[derive(Debug, Default)]
pub(crate) struct Resources {
    documents: BTreeMap<String, Vec<u8>>,
    /// Paths of connectors by `hierarchyIdentifier`.
    connecting: BTreeMap<String, BTreeSet<String>>,
    /// Paths of the connectors that stand for an organization.
    organizations: BTreeSet<String>,
}

impl Resources {
    pub(crate) fn insert(&mut self, path: String, document: Vec<u8>) {
        self.remove(&path);
        if let Some(connector) = connector(&path, &document) {
            if let Some(account) = account(&connector) {
                let paths = self.connecting.entry(account.to_owned()).or_default();
                paths.insert(path.clone());
            }
            if membership(&connector) == Some("Organization") {
                self.organizations.insert(path.clone());
            }
        }
        self.documents.insert(path, document);
    }

    pub(crate) fn remove(&mut self, path: &str) -> Option<Vec<u8>> {
        let document = self.documents.remove(path)?;
        let connector = connector(path, &document);
        if let Some(account) = connector.as_ref().and_then(account)
            && let Some(paths) = self.connecting.get_mut(account)
        {
            paths.remove(path);
            if paths.is_empty() {
                self.connecting.remove(account);
            }
        }
        self.organizations.remove(path);
        Some(document)
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Vec<u8>> {
        self.documents.get(path)
    }

    /// As JSON, where it is some.
    pub(crate) fn json(&self, path: &str) -> Option<Value> {
        serde_json::from_slice(self.get(path)?).ok()
    }

    pub(crate) fn contains(&self, path: &str) -> bool {
        self.documents.contains_key(path)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        self.documents.iter()
    }

    /// The paths of the connectors of an account.
    pub(crate) fn connecting(&self, account: &str) -> impl Iterator<Item = &String> {
        self.connecting.get(account).into_iter().flatten()
    }

    /// The paths of the connectors that stand for an organization.
    pub(crate) fn organizations(&self) -> impl Iterator<Item = &String> {
        self.organizations.iter()
    }
}

fn connector(path: &str, document: &[u8]) -> Option<Value> {
    if !path.contains(CONNECTOR) {
        return None;
    }
    serde_json::from_slice(document).ok()
}

fn account(connector: &Value) -> Option<&str> {
    connector
        .pointer("/properties/hierarchyIdentifier")?
        .as_str()
}

/// What a connector is to an organization; nothing, where it is for one account alone.
pub(crate) fn membership(connector: &Value) -> Option<&str> {
    connector
        .pointer("/properties/environmentData/organizationalData/organizationMembershipType")?
        .as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(name: &str) -> String {
        format!(
            "/subscriptions/s/resourcegroups/g/providers/microsoft.security/securityconnectors/{name}"
        )
    }

    fn document(account: &str, membership: Option<&str>) -> Vec<u8> {
        let data = membership.map(|kind| json!({ "organizationMembershipType": kind }));
        let properties = json!({
            "hierarchyIdentifier": account,
            "environmentData": { "organizationalData": data },
        });
        json!({ "properties": properties }).to_string().into_bytes()
    }

    #[test]
    fn connectors_are_found_by_what_they_connect_now() {
        let mut resources = Resources::default();
        resources.insert(path("a"), document("1", None));
        resources.insert(path("b"), document("1", Some("Organization")));
        resources.insert(path("c"), document("2", Some("Member")));
        let of = |resources: &Resources, account: &str| -> Vec<String> {
            resources.connecting(account).cloned().collect()
        };
        assert_eq!(of(&resources, "1"), [path("a"), path("b")]);
        let organizations: Vec<&String> = resources.organizations().collect();
        assert_eq!(organizations, [&path("b")]);

        resources.insert(path("b"), document("2", None));
        assert_eq!(of(&resources, "1"), [path("a")]);
        assert_eq!(of(&resources, "2"), [path("b"), path("c")]);
        assert_eq!(resources.organizations().count(), 0);

        assert_eq!(resources.remove(&path("a")), Some(document("1", None)));
        assert_eq!(of(&resources, "1"), Vec::<String>::new());
        assert_eq!(resources.remove(&path("a")), None);
    }

    #[test]
    fn other_documents_and_broken_ones_are_kept_as_they_are() {
        let mut resources = Resources::default();
        let machine = "/subscriptions/s/machines/m".to_owned();
        resources.insert(machine.clone(), document("1", Some("Organization")));
        resources.insert(path("a"), b"{".to_vec());
        assert!(resources.contains(&machine) && resources.get(&path("a")).is_some());
        assert_eq!(resources.json(&path("a")), None);
        assert_eq!(resources.connecting("1").count(), 0);
        assert_eq!(resources.organizations().count(), 0);
        assert_eq!(resources.iter().count(), 2);
    }
}
