//! The script that makes CIEM's application.

use std::fs;
use std::process::Output;

use super::{Played, TENANT, complained, printed};
use crate::document::read;

/// What the played `az` makes.
const APPLICATION: &str = "4d5e6f70-8192-4a3b-8c4d-5e6f70819243";
const PRINCIPAL: &str = "5e6f7081-92a3-4b4c-9d5e-6f7081924354";

impl Played {
    fn ciem_application(&self, arguments: &[&str], variable: (&str, &str)) -> Output {
        self.run("azure/ciem-application.sh", arguments, variable)
    }

    /// What the tenant holds of a kind.
    fn kept(&self, kind: &str) -> Option<String> {
        fs::read_to_string(self.0.join(format!("az.{kind}"))).ok()
    }

    fn keep(&self, kind: &str, text: &str) {
        fs::write(self.0.join(format!("az.{kind}")), text)
            .unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

fn settings_for_ciem(name: &str) -> String {
    format!(
        "CspmPlan = \"Defender\"\nCspmCiem = \"true\"\nCiemSubject = \"{PRINCIPAL}\"\n\
         CiemApplicationName = \"{name}\"\n"
    )
}

#[test]
fn ciems_application_is_made_only_when_asked_for_and_only_once() {
    let played = Played::new("ciems_application_is_made");
    let asked = played.ciem_application(&[], ("X", ""));
    assert!(!asked.status.success());
    assert_eq!(printed(&asked), "");
    let complaint = complained(&asked);
    assert!(
        complaint.contains(TENANT) && complaint.contains("--yes"),
        "{complaint}"
    );
    assert_eq!(played.kept("application"), None);

    for arguments in [&["--yes"][..], &["--yes"], &[]] {
        let output = played.ciem_application(arguments, ("X", ""));
        assert_eq!(
            printed(&output),
            settings_for_ciem("mciem-aws-oidc-connector"),
            "{}",
            complained(&output)
        );
    }
    let lines = |kind: &str| played.kept(kind).unwrap().lines().count();
    assert_eq!((lines("application"), lines("principal")), (1, 1));
}

#[test]
fn ciems_application_is_found_under_any_name_and_lacks_a_principal_only() {
    let played = Played::new("ciems_application_is_found");
    played.keep("application", &format!("{APPLICATION}\tOurs for AWS\n"));
    let asked = played.ciem_application(&[], ("X", ""));
    assert!(!asked.status.success());
    let complaint = complained(&asked);
    assert!(complaint.contains("Ours for AWS"), "{complaint}");
    assert_eq!(played.kept("principal"), None);

    let output = played.ciem_application(&["--yes"], ("X", ""));
    assert_eq!(printed(&output), settings_for_ciem("Ours for AWS"));
    let applications = played.kept("application").unwrap();
    assert_eq!(applications.lines().count(), 1);

    played.keep("application", &format!("{APPLICATION}\tOurs\"\n"));
    let unfit = played.ciem_application(&["--yes"], ("X", ""));
    assert!(!unfit.status.success());
    assert_eq!(printed(&unfit), "");
}

#[test]
fn what_is_in_the_way_of_ciems_application_is_said() {
    let refused = |test: &str, same_name: &str, variable: (&str, &str)| {
        let played = Played::new(test);
        played.keep("same-name", same_name);
        let output = played.ciem_application(&["--yes"], variable);
        assert!(!output.status.success());
        assert_eq!(printed(&output), "");
        complained(&output)
    };
    let name = refused("ciems_name_is_taken", APPLICATION, ("X", ""));
    assert!(name.contains("identifier URI"), "{name}");
    let denied = ("CREATION", "Insufficient privileges");
    let denied = refused("ciem_is_denied", "", denied);
    assert!(denied.contains("Insufficient privileges"), "{denied}");
    assert!(denied.contains("policy of the tenant"), "{denied}");
    let odd = refused("ciems_principal_is_odd", "", ("PRINCIPAL", "None"));
    assert!(odd.contains("'None', not a GUID"), "{odd}");
}

#[test]
fn ciems_application_is_the_one_that_the_templates_mean() {
    let script = read("azure/ciem-application.sh");
    assert!(script.contains("uri=api://mciem-aws-oidc-app\n"));
    assert!(read("templates/account.yaml").contains("\"api://mciem-aws-oidc-app\""));
    assert!(script.contains("name=mciem-aws-oidc-connector\n"));
    assert!(read("template.yaml").contains("Default: mciem-aws-oidc-connector\n"));
}
