//! Parameters that do not go together are refused before anything is made.

use crate::defender::{ACCOUNT, CIEM_SUBJECT, everything_on};
use crate::document::template;
use crate::evaluation::Stack;

/// Parameters, and a word of everything that is said against them.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

/// What the main template says against these parameters.
fn said(chosen: &[(&str, &str)]) -> Vec<String> {
    let main = template("template.yaml");
    let broken = Stack::new(&main, chosen).broken_rules();
    broken.into_iter().map(str::to_owned).collect()
}

/// That everything is said against these parameters that is to be said, and nothing else.
fn check(cases: &[Case<'_>]) {
    for (chosen, named) in cases {
        let said = said(chosen);
        assert_eq!(said.len(), named.len(), "{chosen:?}: {said:?}");
        for (said, named) in said.iter().zip(*named) {
            assert!(said.contains(named), "{chosen:?}: {said}");
        }
    }
}

#[test]
fn defaults_go_together() {
    assert_eq!(said(&[]), Vec::<String>::new());
}

#[test]
fn what_does_not_go_together_is_refused_with_the_parameters_names() {
    let ciem = [("CspmCiem", "true"), ("CiemSubject", CIEM_SUBJECT)];
    let cases: [Case<'_>; 10] = [
        (&ciem, &["CspmPlan=Defender"]),
        (&[ciem[0], ("CspmPlan", "Defender")], &["CiemSubject"]),
        (&[ciem[0]], &["CspmPlan=Defender", "CiemSubject"]),
        (
            &[("ArcProxy", "http://p"), ("ArcAutoProvisioning", "false")],
            &["ArcAutoProvisioning=true"],
        ),
        (
            &[
                ("ArcPrivateLinkScope", "/s"),
                ("ArcAutoProvisioning", "false"),
            ],
            &["ArcAutoProvisioning=true"],
        ),
        (
            &[(
                "DataCollectionExternalId",
                "a47ae0a2-7bf7-482a-897a-7a139d30736c",
            )],
            &["DataCollectionExternalId"],
        ),
        (
            &[(
                "DataCollectionExternalId",
                "b6d36db8-eda7-4617-9d4f-41149b899dc7",
            )],
            &["DataCollectionExternalId"],
        ),
        (
            &[("CspmServerlessContainers", "true")],
            &["CspmServerlessContainers"],
        ),
        (
            &[
                ("ContainersInstallationMethod", "Arc"),
                ("ContainersSecurityGating", "false"),
            ],
            &["ContainersInstallationMethod", "ContainersSecurityGating"],
        ),
        (
            &[("ContainersAntiMalware", "true")],
            &["ContainersAntiMalware"],
        ),
    ];
    check(&cases);
}

#[test]
fn what_is_of_an_organization_needs_one() {
    let cases: [Case<'_>; 3] = [
        (
            &[
                ("OrganizationalUnitIds", "ou-a1b2-11112222"),
                ("ExcludedAccountIds", "111122223333"),
            ],
            &[
                "OrganizationalUnitIds is read only",
                "ExcludedAccountIds is read only",
            ],
        ),
        (
            &[
                ("MemberRegistration", "Discovery"),
                ("MigrateMemberRegistration", "true"),
            ],
            &[
                "MemberRegistration=Discovery needs",
                "MigrateMemberRegistration=true needs",
            ],
        ),
        (
            &[
                ("StackSetNamePrefix", "DefenderConnector"),
                ("Scope", "Organization"),
            ],
            &["DefenderConnector-Region"],
        ),
    ];
    check(&cases);
}

#[test]
fn what_goes_together_is_taken() {
    let newer = [
        ("CspmServerlessContainers", "true"),
        ("ContainersInstallationMethod", "Helm"),
        ("ContainersSecurityGating", "true"),
        ("ContainersAntiMalware", "false"),
    ];
    let with = |version| [&newer[..], &[("AzureApiVersion", version)]].concat();
    let ciem = [
        ("CspmPlan", "Defender"),
        ("CspmCiem", "true"),
        ("CiemSubject", CIEM_SUBJECT),
    ];
    let arc = [("ArcProxy", "http://p"), ("ArcPrivateLinkScope", "/s")];
    let organization = [
        ("Scope", "Organization"),
        ("OrganizationalUnitIds", "ou-a1b2-11112222"),
        ("ExcludedAccountIds", "111122223333"),
        ("MemberRegistration", "Discovery"),
        ("MigrateMemberRegistration", "true"),
        ("StackSetNamePrefix", "DefenderConnector2"),
    ];
    for chosen in [
        &with("Auto"),
        &with("2026-08-01-preview"),
        &ciem[..],
        &arc,
        &organization,
    ] {
        assert_eq!(said(chosen), Vec::<String>::new(), "{chosen:?}");
    }
}

#[test]
fn the_account_does_not_make_ciem_roles_that_nobody_signs_in_to() {
    let account = template(ACCOUNT);
    let broken = |chosen: &[(&str, &str)]| {
        let chosen = [&everything_on(), chosen].concat();
        Stack::new(&account, &chosen).broken_rules().len()
    };
    assert_eq!(broken(&[]), 0);
    assert_eq!(broken(&[("CiemSubject", "")]), 1);
    assert_eq!(broken(&[("CiemSubject", ""), ("CspmCiem", "false")]), 0);
}
