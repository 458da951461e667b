//! Connectors of the retired classic kind, `Microsoft.Security/connectors`.

use onboarding::ClassicConnector;
use serde_json::Value;

use super::SecurityConnectors;
use crate::arm::is_gone;
use crate::sign_in::Credential;
use crate::{Error, Kind};
use onboarding::inert::inert;

const API_VERSION: &str = "2020-01-01-preview";

impl<C: Credential> SecurityConnectors<'_, C> {
    /// Every classic connector. Where the kind is no longer offered there are none.
    pub async fn classic(&self) -> Result<Vec<ClassicConnector>, Error> {
        let path = self.provider_path("/connectors");
        let operation = "list the classic connectors";
        let call = self.call(operation, &path, API_VERSION);
        match self.arm.list(&call).await {
            Ok(items) => Ok(items.iter().map(read).collect()),
            Err(error) if is_retired(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn is_retired(error: &Error) -> bool {
    let codes = [
        "NoRegisteredProviderFound",
        "InvalidResourceType",
        "InvalidApiVersionParameter",
    ];
    let refused = matches!(error.kind(), Kind::NotFound | Kind::Invalid);
    is_gone(error) || (refused && error.is_code(&codes))
}

fn read(item: &Value) -> ClassicConnector {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
    let name = text("/name").or_else(|| text("/id")).unwrap_or("(no name)");
    let role = text("/properties/authenticationDetails/awsAssumeRoleArn");
    ClassicConnector {
        name: inert(name, 128),
        account: role.and_then(account_of),
    }
}

/// The account in `arn:<partition>:iam::<account>:role/…`.
fn account_of(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| account.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_account_is_read_from_the_role() {
        let read = |arn: &str| {
            let details = json!({"awsAssumeRoleArn": arn});
            read(&json!({"name": "old", "properties": {"authenticationDetails": details}})).account
        };
        assert_eq!(
            read("arn:aws:iam::123456789012:role/r").as_deref(),
            Some("123456789012")
        );
        assert_eq!(read("arn:aws:iam::1234:role/r"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn one_without_a_role_is_listed_without_an_account() {
        assert_eq!(
            read(&json!({"name": "keys\u{1b}", "properties": {}})),
            ClassicConnector {
                name: "keys\\u{1b}".into(),
                account: None
            }
        );
        assert_eq!(read(&Value::Null).name, "(no name)");
    }
}
