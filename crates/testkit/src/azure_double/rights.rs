//! Role assignments: does some entry allow the action without taking it away again?

use super::setup::Right;

/// The action ARM derives from a request, and the scope it is checked over.
#[derive(Clone, Debug)]
pub(crate) struct Needed {
    pub action: &'static str,
    pub resource_group: Option<String>,
    pub scope: String,
}

/// The entries of one client that cover a scope.
pub(crate) fn covering<'a>(
    rights: &'a [Right],
    client_id: &'a str,
    resource_group: Option<&'a str>,
) -> impl Iterator<Item = &'a Right> {
    rights.iter().filter(move |right| {
        let in_scope = right.resource_group.as_deref().is_none_or(|only| {
            resource_group.is_some_and(|asked| asked.eq_ignore_ascii_case(only))
        });
        right.client_id.eq_ignore_ascii_case(client_id) && in_scope
    })
}

pub(crate) fn allowed(rights: &[Right], client_id: &str, needed: &Needed) -> bool {
    covering(rights, client_id, needed.resource_group.as_deref()).any(|right| {
        let given = right
            .actions
            .iter()
            .any(|pattern| covers(pattern, needed.action));
        let taken = right
            .not_actions
            .iter()
            .any(|pattern| covers(pattern, needed.action));
        given && !taken
    })
}

/// `*` stands for any text, slashes included; case does not count.
fn covers(pattern: &str, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let pattern = pattern.to_ascii_lowercase();
    let mut parts = pattern.split('*');
    let head = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(head) else {
        return false;
    };
    let Some(tail) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_in(group: &str) -> Needed {
        Needed {
            action: "Microsoft.Security/securityConnectors/write",
            resource_group: Some(group.to_owned()),
            scope: String::new(),
        }
    }

    #[test]
    fn wildcards_span_slashes_and_ignore_case() {
        let action = "Microsoft.Security/securityConnectors/write";
        for pattern in [
            "*",
            "microsoft.security/*",
            "*/write",
            "Microsoft.*/write",
            action,
        ] {
            assert!(covers(pattern, action), "{pattern}");
        }
        for pattern in [
            "*/read",
            "Microsoft.Security/securityConnectors",
            "",
            "*/writ",
            "x*",
        ] {
            assert!(!covers(pattern, action), "{pattern}");
        }
    }

    #[test]
    fn an_entrys_own_not_actions_take_away() {
        let mut right = Right::of("client", &["*"]);
        right.not_actions = vec!["*/write".to_owned()];
        assert!(!allowed(&[right.clone()], "client", &write_in("rg")));
        let other = Right::of("client", &["Microsoft.Security/securityConnectors/*"]);
        assert!(allowed(&[right, other], "client", &write_in("rg")));
    }

    #[test]
    fn a_group_right_reaches_no_other_group() {
        let mut right = Right::of("client", &["*"]);
        right.resource_group = Some("rg".to_owned());
        assert!(allowed(&[right.clone()], "client", &write_in("RG")));
        assert!(!allowed(&[right.clone()], "client", &write_in("other")));
        assert!(!allowed(&[right], "another client", &write_in("rg")));
    }
}
