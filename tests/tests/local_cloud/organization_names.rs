//! Accounts whose names would act where they are shown are inert in every report and reason.

use anyhow::Result;
use integration_tests::{entry_of, on_organization};

use crate::organization_roles::take_role_name;

const NAMES: [(&str, &str); 3] = [
    ("<script>alert(1)</script>", "script"),
    ("=cmd()", "cmd()"),
    ("\u{1b}[2Jgone\r\nfaked line", "gone"),
];

#[test]
fn names_of_accounts_act_nowhere() -> Result<()> {
    on_organization(&[("", NAMES.len())], async |organization, members| {
        for (member, (name, _)) in members.iter().zip(NAMES) {
            organization.rename(member, name).await?;
        }
        take_role_name(&members[0], "CspmMonitorAws").await?;
        let stack = organization.stack();
        let made = organization.deploy(&stack).await?;
        let uri = made.output("OrganizationReport");
        let report = organization.report_of_deploy(&stack, uri).await?;
        for (member, (_, kept)) in members.iter().zip(NAMES) {
            let entry = entry_of(&report, member);
            let name = entry["Name"].as_str().unwrap_or_default();
            assert!(name.contains(kept), "{entry:#}");
            assert!(!name.starts_with(['=', '+', '-', '@']), "{entry:#}");
        }
        let acts = |text: &str| text.contains(['<', '>', '\u{1b}', '\r', '\n']);
        assert!(!acts(&report.to_string()), "{report:#}");
        for reply in organization.management.emulator.replies().await? {
            assert!(!acts(&reply.body.to_string()), "{reply:#?}");
        }
        Ok(())
    })
}
