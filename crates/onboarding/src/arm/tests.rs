use proptest::prelude::*;

use super::*;

const ID: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/rg-mdc/providers/Microsoft.Security/securityConnectors/aws-123456789012";

#[test]
fn a_connector_id_reads_back_in_any_case() {
    let id: ConnectorId = ID.parse().unwrap();
    assert_eq!(id.to_string(), ID);
    assert_eq!(ID.to_lowercase().parse::<ConnectorId>().unwrap(), id);
    assert_eq!(ID.to_uppercase().parse::<ConnectorId>().unwrap(), id);
}

#[test]
fn other_resources_are_not_connectors() {
    for bad in [
        "",
        "/",
        &ID[1..],
        &format!("{ID}/"),
        &format!("{ID}/securityOperators/x"),
        &ID.replace("Microsoft.Security", "Microsoft.Compute"),
        &ID.replace("0b1f6471", "0b1f647"),
        &ID.replace("rg-mdc", ".."),
        &ID.replace("aws-123456789012", "a%2fb"),
    ] {
        assert!(bad.parse::<ConnectorId>().is_err(), "{bad}");
    }
}

#[test]
fn a_seen_connector_may_have_a_name_that_we_would_not_give() {
    let odd = ID
        .replace("aws-123456789012", "My connector (prod) ä")
        .replace("rg-mdc", "größe");
    assert!(odd.parse::<ConnectorId>().is_err());
    assert_eq!(ConnectorId::seen(&odd).unwrap().to_string(), odd);
    assert_eq!(ConnectorId::seen(&ID.to_uppercase()), ID.parse().ok());
    for name in ["", ".", "..", "a\u{1b}b", "a/b"] {
        assert_eq!(
            ConnectorId::seen(&ID.replace("aws-123456789012", name)),
            None
        );
    }
}

#[test]
fn guids_come_in_one_form() {
    let upper = "0B1F6471-1BF0-4DDA-AEC3-111122223333";
    assert_eq!(
        upper.parse::<SubscriptionId>().unwrap().as_str(),
        upper.to_lowercase()
    );
    for bad in [
        "{0b1f6471-1bf0-4dda-aec3-111122223333}",
        "0b1f64711bf04ddaaec3111122223333",
    ] {
        assert!(bad.parse::<TenantId>().is_err(), "{bad}");
    }
}

#[test]
fn locations_compare_as_the_service_spells_them() {
    let location: Location = "eastus".parse().unwrap();
    assert!(location.is("East US") && location.is("EastUS") && !location.is("East US 2"));
    for bad in ["", "   ", "global", "Global", "east_us", "eastus\n"] {
        assert!(bad.parse::<Location>().is_err(), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics_and_what_parses_prints_back(text in "\\PC{0,120}") {
        if let Ok(id) = text.parse::<ConnectorId>() {
            prop_assert_eq!(id.to_string().parse::<ConnectorId>().unwrap(), id);
        }
    }

    #[test]
    fn every_valid_name_makes_a_valid_id(name in "[A-Za-z0-9][A-Za-z0-9._-]{0,63}", group in "[A-Za-z0-9()_-]{1,90}") {
        let text = format!("/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/{group}/providers/Microsoft.Security/securityConnectors/{name}");
        prop_assert_eq!(text.parse::<ConnectorId>().unwrap().to_string(), text);
    }
}
