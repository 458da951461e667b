//! The scripts of the Azure side, against command lines that play `aws` and `az`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::document::{read, root};

mod ciem_application;

const TENANT: &str = "0f8d7c6b-5a49-4382-9170-6f5e4d3c2b1a";

const AZ: &str = r#"#!/bin/sh
case "$*" in
  *outputs.tenantId.*) echo 0f8d7c6b-5a49-4382-9170-6f5e4d3c2b1a ;;
  *outputs.subscriptionId.*) echo "${SUBSCRIPTION:-1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8}" ;;
  *outputs.clientId.*) echo 2b3c4d5e-6f70-4819-a2b3-c4d5e6f70819 ;;
  *outputs.resourceGroup.*) echo "rg_(security)" ;;
  *outputs.location.*) echo "East US" ;;
  "account show "*) echo 0f8d7c6b-5a49-4382-9170-6f5e4d3c2b1a ;;
  "ad app list --identifier-uri api://mciem-aws-oidc-app "*) cat "$0.application" 2>/dev/null || true ;;
  "ad app list --display-name mciem-aws-oidc-connector "*) cat "$0.same-name" 2>/dev/null || true ;;
  "ad app create --display-name mciem-aws-oidc-connector --identifier-uris api://mciem-aws-oidc-app "*)
    [ -z "$CREATION" ] || { echo "$CREATION" >&2; exit 1; }
    printf '%s\t%s\n' 4d5e6f70-8192-4a3b-8c4d-5e6f70819243 mciem-aws-oidc-connector >>"$0.application"
    cut -f1 "$0.application" ;;
  "ad sp list --filter appId eq '4d5e6f70-8192-4a3b-8c4d-5e6f70819243' "*) cat "$0.principal" 2>/dev/null || true ;;
  "ad sp create --id 4d5e6f70-8192-4a3b-8c4d-5e6f70819243 "*)
    echo "${PRINCIPAL:-5e6f7081-92a3-4b4c-9d5e-6f7081924354}" >>"$0.principal"
    cat "$0.principal" ;;
  *) echo "unexpected: az $*" >&2; exit 1 ;;
esac
"#;

const AWS: &str = r#"#!/bin/sh
case "$*" in
  "sts get-caller-identity"*) echo arn:aws-us-gov:sts::123456789012:assumed-role/admin/me ;;
  "iam get-outbound-web-identity-federation-info"*)
    case "$FEDERATION" in
      on) printf 'True\thttps://present.tokens.sts.global.api.aws\n' ;;
      *) echo "An error occurred ($FEDERATION) when calling it" >&2; exit 254 ;;
    esac ;;
  "iam enable-outbound-web-identity-federation"*) echo https://new.tokens.sts.global.api.aws ;;
  *) echo "unexpected: aws $*" >&2; exit 1 ;;
esac
"#;

/// A folder with the played command lines, gone when the test is over.
struct Played(PathBuf);

impl Played {
    fn new(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for (name, text) in [("az", AZ), ("aws", AWS)] {
            let path = folder.join(name);
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        Self(folder)
    }

    fn run(&self, script: &str, arguments: &[&str], variable: (&str, &str)) -> Output {
        Command::new("bash")
            .arg(root().join(script))
            .args(arguments)
            .env("PATH", format!("{}:/usr/bin:/bin", self.0.display()))
            .env(variable.0, variable.1)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        // What is left lies in the target folder.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn samconfig_is_filled_once_and_stays_so() {
    let played = Played::new("samconfig_is_filled");
    let file = played.0.join("samconfig.toml");
    fs::write(&file, read("samconfig.toml")).unwrap();
    let path = file.to_str().unwrap();
    let run = || played.run("azure/fill-samconfig.sh", &["--file", path], ("X", ""));

    let first = run();
    assert!(first.status.success(), "{}", complained(&first));
    let filled = fs::read_to_string(&file).unwrap();
    for line in [
        &format!("AzureTenantId = \"{TENANT}\""),
        "AzureSubscriptionId = \"1a2b3c4d-5e6f-4708-9192-a3b4c5d6e7f8\"",
        "AzureResourceGroup = \"rg_(security)\"",
        "AzureLocation = \"East US\"",
        "AzureClientId = \"2b3c4d5e-6f70-4819-a2b3-c4d5e6f70819\"",
    ] {
        assert_eq!(
            filled.lines().filter(|seen| seen == &line).count(),
            1,
            "{line}"
        );
    }
    assert_eq!(
        filled.lines().count(),
        read("samconfig.toml").lines().count()
    );

    assert!(run().status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), filled);
}

#[test]
fn samconfig_is_not_touched_by_what_is_no_value() {
    let played = Played::new("samconfig_is_not_touched");
    let file = played.0.join("samconfig.toml");
    fs::write(&file, read("samconfig.toml")).unwrap();
    let path = file.to_str().unwrap();

    for wrong in ["<subscription id>", "\"\nstack_name = \"other"] {
        let arguments = ["--file", path];
        let output = played.run(
            "azure/fill-samconfig.sh",
            &arguments,
            ("SUBSCRIPTION", wrong),
        );
        assert!(!output.status.success());
        assert!(
            complained(&output).contains("subscriptionId"),
            "{}",
            complained(&output)
        );
    }
    let arguments = ["--file", path, "--config-env", "absent"];
    let output = played.run("azure/fill-samconfig.sh", &arguments, ("X", ""));
    assert!(!output.status.success());
    assert!(
        complained(&output).contains("[absent.deploy.parameters"),
        "{}",
        complained(&output)
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), read("samconfig.toml"));
}

#[test]
fn issuer_and_subject_are_printed() {
    let played = Played::new("issuer_is_printed");
    let output = played.run("azure/print-issuer.sh", &[], ("FEDERATION", "on"));
    assert_eq!(
        printed(&output),
        "issuer=https://present.tokens.sts.global.api.aws\n\
         subject=arn:aws-us-gov:iam::123456789012:role/DefenderConnectorAzureSignIn\n"
    );
}

#[test]
fn federation_is_switched_on_only_when_asked_for() {
    let played = Played::new("federation_is_switched_on");
    let off = ("FEDERATION", "FeatureDisabled");
    let output = played.run("azure/print-issuer.sh", &[], off);
    assert!(!output.status.success());
    assert_eq!(printed(&output), "");
    assert!(
        complained(&output).contains("--yes"),
        "{}",
        complained(&output)
    );

    let output = played.run("azure/print-issuer.sh", &["--yes"], off);
    assert!(printed(&output).starts_with("issuer=https://new.tokens.sts.global.api.aws\n"));

    let denied = played.run(
        "azure/print-issuer.sh",
        &["--yes"],
        ("FEDERATION", "AccessDenied"),
    );
    assert!(!denied.status.success());
    assert_eq!(printed(&denied), "");
    assert!(
        complained(&denied).contains("AccessDenied"),
        "{}",
        complained(&denied)
    );
}

#[test]
fn the_identity_trusts_what_the_role_may_mint() {
    let audience = "api://AzureADTokenExchange";
    assert!(read("azure/federated-identity.bicep").contains(audience));
    assert!(read("template.yaml").contains(audience));
}
