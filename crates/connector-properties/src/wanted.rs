//! What is asked for, for one account.

use onboarding::decision::Terms;
use onboarding::plans::CiemSubject;
use onboarding::{RoleKey, RoleName, WantedConnector};

/// What the stack asks for, for one account.
#[derive(Debug)]
pub struct Wanted {
    /// The connector.
    pub connector: WantedConnector,
    /// The roles that its offerings name.
    pub roles: Vec<(RoleKey, RoleName)>,
    /// Who may assume CIEM's OIDC role, where CIEM is on.
    pub ciem_subject: Option<CiemSubject>,
    /// Properties that only the newer API version knows.
    pub newer_properties: Vec<&'static str>,
    /// What may be done about connectors that are there already.
    pub terms: Terms,
}

impl Wanted {
    /// The name of a role that its offerings need.
    pub fn role(&self, key: RoleKey) -> Option<&RoleName> {
        let named = self.roles.iter().find(|(other, _)| *other == key);
        named.map(|(_, name)| name)
    }
}
