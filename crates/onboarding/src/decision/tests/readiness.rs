//! Whether the subscription can take a new connector.

use super::*;

#[test]
fn the_subscription_must_be_ready() {
    let check = |offer: &ServiceOffer, classic: &[ClassicConnector]| {
        let readiness = Readiness {
            offer: offer.clone(),
            classic: classic.to_vec(),
        };
        let seen = Seen {
            connectors: &[],
            readiness: Some(&readiness),
        };
        decide(&wanted(), &seen, &ours(), &Terms::default())
            .unwrap_err()
            .to_string()
    };
    let mut offer = ServiceOffer {
        registered: false,
        locations: vec!["West\u{1b}[2J".into()],
        api_versions: vec![],
    };
    assert!(check(&offer, &[]).contains("az provider register --namespace Microsoft.Security"));
    offer.registered = true;
    let reason = check(&offer, &[]);
    assert!(
        reason.contains("AzureLocation") && reason.contains("West\\u{1b}[2J"),
        "{reason}"
    );
    offer.locations.push("EastUS".into());
    let classic = ClassicConnector {
        name: "old".into(),
        account: Some(ACCOUNT.into()),
    };
    assert!(check(&offer, &[classic]).contains("classic connector 'old'"));
}
