use proptest::prelude::*;

use super::*;

fn ours() -> Deployment {
    Deployment {
        id: "ours".parse().unwrap(),
        stack_id: "arn:stack".into(),
    }
}

fn with(audiences: &[&str], tags: &[(&str, &str)]) -> SeenProvider {
    SeenProvider {
        audiences: audiences.iter().map(|a| (*a).to_owned()).collect(),
        tags: tags
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
    }
}

/// Carries an adoption out, as IAM would.
fn adopted(mut seen: Option<SeenProvider>) -> SeenProvider {
    let step = adopt(&Provider::Defender, seen.as_ref(), &ours());
    let (audiences, tags) = match step {
        Adoption::Create { audiences, tags } => (audiences, tags),
        Adoption::Merge { add, tags } => (add, tags),
        Adoption::Nothing => (Vec::new(), BTreeMap::new()),
    };
    let provider = seen.get_or_insert_default();
    provider
        .audiences
        .extend(audiences.into_iter().map(str::to_owned));
    provider.tags.extend(tags);
    provider.clone()
}

#[test]
fn a_missing_provider_is_created_whole_and_goes_whole() {
    let provider = adopted(None);
    assert_eq!(provider.audiences.len(), AUDIENCES.len());
    assert_eq!(
        adopt(&Provider::Defender, Some(&provider), &ours()),
        Adoption::Nothing
    );
    assert_eq!(release(Some(&provider), &ours(), false), Release::Delete);
}

#[test]
fn an_audience_that_someone_added_to_our_provider_keeps_it_alive() {
    let mut provider = adopted(None);
    provider.audiences.insert("api://sentinel".into());
    let Release::Withdraw { audiences, tags } = release(Some(&provider), &ours(), false) else {
        panic!("the provider is still used");
    };
    assert_eq!(audiences.len(), AUDIENCES.len());
    assert!(
        tags.contains(&"ManagedBy".to_owned()),
        "it is no longer ours"
    );
    assert_eq!(tags.len(), AUDIENCES.len() + 3);
}

#[test]
fn a_provider_with_all_audiences_is_left_as_it_is() {
    let foreign = with(&AUDIENCES, &[("owner", "portal")]);
    assert_eq!(
        adopt(&Provider::Defender, Some(&foreign), &ours()),
        Adoption::Nothing
    );
    assert_eq!(release(Some(&foreign), &ours(), false), Release::Nothing);
}

#[test]
fn what_another_deployment_added_is_not_ours_to_remove() {
    let tag = audience_tag(AUDIENCE_CSPM);
    let theirs = with(&AUDIENCES, &[(&tag, "theirs")]);
    assert_eq!(release(Some(&theirs), &ours(), false), Release::Nothing);
}

#[test]
fn a_connector_of_ours_that_remains_keeps_the_provider() {
    assert_eq!(release(Some(&adopted(None)), &ours(), true), Release::Keep);
}

#[test]
fn a_record_whose_audience_was_never_added_is_cleaned_up() {
    let tag = audience_tag(AUDIENCE_CSPM);
    let seen = with(&["api://other"], &[(&tag, "ours")]);
    assert_eq!(
        release(Some(&seen), &ours(), false),
        Release::Withdraw {
            audiences: vec![],
            tags: vec![tag]
        }
    );
}

#[test]
fn tags_fit_into_iam() {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.:/=+-@ ".contains(c);
    for audience in AUDIENCES {
        let key = audience_tag(audience);
        assert!(key.len() <= 128 && key.chars().all(fits), "{key}");
    }
    assert!(AUDIENCES.len() + 3 <= 50, "IAM takes 50 tags");
}

#[test]
fn the_customers_own_provider_is_made_for_ciem_alone() {
    let tenant: TenantId = "0b1f6471-1bf0-4dda-aec3-111122223333".parse().unwrap();
    let ciem = Provider::Ciem(tenant);
    let Adoption::Create { audiences, tags } = adopt(&ciem, None, &ours()) else {
        panic!("there is none yet");
    };
    assert_eq!(audiences, [AUDIENCE_CIEM]);
    assert!(tags.contains_key(&audience_tag(AUDIENCE_CIEM)));
    let (partition, account) = ("aws".parse().unwrap(), "123456789012".parse().unwrap());
    let arn = ciem.arn(&partition, &account);
    assert_eq!(
        arn,
        "arn:aws:iam::123456789012:oidc-provider/sts.windows.net/0b1f6471-1bf0-4dda-aec3-111122223333/"
    );
    assert_eq!(Provider::of_arn(&arn), Some(ciem));
}

#[test]
fn an_arn_names_one_of_the_two_or_none() {
    let (partition, account) = ("aws".parse().unwrap(), "123456789012".parse().unwrap());
    let arn = provider_arn(&partition, &account);
    assert_eq!(Provider::of_arn(&arn), Some(Provider::Defender));
    for other in [
        "",
        "arn:aws:iam::123456789012:oidc-provider/sts.windows.net/33e01921",
        arn.trim_end_matches('/'),
        "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/1",
    ] {
        assert_eq!(Provider::of_arn(other), None, "{other}");
    }
}

proptest! {
    /// Whatever was there before us is there after us, to the last audience and tag.
    #[test]
    fn adopting_and_releasing_gives_back_what_was_there(
        known in proptest::collection::btree_set(0..AUDIENCES.len(), 0..7),
        foreign in proptest::collection::btree_set("api://[a-z]{1,9}", 0..4),
        tags in proptest::collection::btree_map("[a-z]{1,9}", "[a-z]{0,9}", 0..4),
    ) {
        let audiences = known.iter().map(|i| AUDIENCES[*i].to_owned()).chain(foreign).collect();
        let before = SeenProvider { audiences, tags };
        let mut after = adopted(Some(before.clone()));
        prop_assert_eq!(adopt(&Provider::Defender, Some(&after), &ours()), Adoption::Nothing);
        match release(Some(&after), &ours(), false) {
            Release::Withdraw { audiences, tags } => {
                for audience in audiences { prop_assert!(after.audiences.remove(&audience)); }
                for tag in tags { prop_assert!(after.tags.remove(&tag).is_some()); }
            }
            Release::Nothing => {}
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert_eq!(after, before);
    }
}
