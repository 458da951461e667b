//! AWS as far as the function asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use testkit::aws_wire::{Answer, Asked, LATER, answered, refused, session};
use testkit::s3_bucket::Bucket;

/// The stack's bucket and a member's IAM.
#[derive(Debug, Default)]
pub struct Aws {
    pub bucket: Bucket,
    /// What IAM shows of each provider, by the path of its URL.
    providers: Mutex<BTreeMap<String, String>>,
    roles: Mutex<BTreeSet<String>>,
    /// Whether the access role is gone, and with it whatever a session of it could do.
    locked: AtomicBool,
}

impl Aws {
    pub fn make_role(&self, name: &str) {
        self.roles.lock().unwrap().insert(name.to_owned());
    }

    pub fn delete_access_role(&self) {
        self.locked.store(true, Ordering::Relaxed);
    }

    pub fn has_no_provider(&self) -> bool {
        self.providers.lock().unwrap().is_empty()
    }

    pub fn answer(&self, asked: &Asked) -> Answer {
        let action = asked.action();
        match action.as_str() {
            "" => self.bucket.answer(asked),
            // In words that make waiting no use.
            "AssumeRole" if self.refuses(asked) => {
                refused(403, "AccessDenied", "with an explicit deny")
            }
            "AssumeRole" => session("SESSIONKEY", LATER),
            "GetSecretValue" => {
                let secret = json!({"SecretString": "s3cr3t", "Name": "x"});
                Answer::Body(200, secret.to_string())
            }
            "GetRole"
            | "CreateOpenIDConnectProvider"
            | "GetOpenIDConnectProvider"
            | "DeleteOpenIDConnectProvider"
                if self.locked.load(Ordering::Relaxed) =>
            {
                refused(403, "InvalidClientTokenId", "the token is invalid")
            }
            "GetRole" => self.role(asked),
            "CreateOpenIDConnectProvider" => {
                let url = asked.field("Url").unwrap();
                let path = url.trim_start_matches("https://").to_owned();
                self.providers.lock().unwrap().insert(path, shown(asked));
                answered(&action, "")
            }
            "GetOpenIDConnectProvider" | "DeleteOpenIDConnectProvider" => self.provider(asked),
            other => panic!("{other} was not expected"),
        }
    }

    fn refuses(&self, asked: &Asked) -> bool {
        let role = asked.field("RoleArn").unwrap_or_default();
        self.locked.load(Ordering::Relaxed) && role.ends_with("/DefenderConnectorAccess")
    }

    fn provider(&self, asked: &Asked) -> Answer {
        let arn = asked.field("OpenIDConnectProviderArn").unwrap();
        let (_, path) = arn.split_once(":oidc-provider/").unwrap();
        let mut providers = self.providers.lock().unwrap();
        let action = asked.action();
        let shown = match action.as_str() {
            "GetOpenIDConnectProvider" => providers.get(path).cloned(),
            _ => providers.remove(path).map(|_| String::new()),
        };
        shown.map_or_else(absent, |shown| answered(&action, &shown))
    }

    fn role(&self, asked: &Asked) -> Answer {
        let name = asked.field("RoleName").unwrap();
        if !self.roles.lock().unwrap().contains(&name) {
            return absent();
        }
        let mut tags = String::new();
        for (key, value) in [
            ("ManagedBy", "defender-connector-aws"),
            ("DeploymentId", "mdc"),
        ] {
            write!(
                tags,
                "<member><Key>{key}</Key><Value>{value}</Value></member>"
            )
            .unwrap();
        }
        let role = format!(
            "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>A</RoleId><Arn>arn</Arn>\
             <CreateDate>2024-01-01T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument><Tags>{tags}</Tags></Role>"
        );
        answered("GetRole", &role)
    }
}

fn absent() -> Answer {
    refused(404, "NoSuchEntity", "not there")
}

/// What IAM shows of a provider that is created like this.
fn shown(asked: &Asked) -> String {
    let all = |name: &str, suffix: &str| -> Vec<String> {
        let numbered = (1..).map(|number| format!("{name}.member.{number}{suffix}"));
        numbered.map_while(|field| asked.field(&field)).collect()
    };
    let mut shown = "<ClientIDList>".to_owned();
    for audience in all("ClientIDList", "") {
        write!(shown, "<member>{audience}</member>").unwrap();
    }
    shown.push_str("</ClientIDList><Tags>");
    for (key, value) in all("Tags", ".Key").iter().zip(all("Tags", ".Value")) {
        write!(
            shown,
            "<member><Key>{key}</Key><Value>{value}</Value></member>"
        )
        .unwrap();
    }
    shown + "</Tags>"
}
