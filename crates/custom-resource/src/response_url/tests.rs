use proptest::prelude::*;

use super::*;

const QUERY: &str = "/arn%3Aaws%3Acloudformation%3Aus-east-1%3A123456789012%3Astack/mdc/6c2f%7CIdentityProvider%7C8d1e?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0badc0ffee&X-Amz-Credential=AKIA%2F20261105";

fn origins(region: &str) -> ResponseOrigins {
    ResponseOrigins::new(region, None)
}

fn behind(endpoint: &str) -> ResponseOrigins {
    ResponseOrigins::new("us-east-1", Some(endpoint.parse().unwrap()))
}

#[test]
fn the_response_bucket_of_the_own_region_is_accepted_in_each_form() {
    for (region, host) in [
        ("us-east-1", "useast1.s3.amazonaws.com"),
        ("us-east-1", "useast1.s3.us-east-1.amazonaws.com"),
        ("us-west-2", "uswest2.s3-us-west-2.amazonaws.com"),
        ("us-gov-west-1", "usgovwest1.s3.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "cnnorth1.s3.cn-north-1.amazonaws.com.cn"),
        (
            "eusc-de-east-1",
            "euscdeeast1.s3.eusc-de-east-1.amazonaws.eu",
        ),
    ] {
        let address = format!("https://{BUCKET}{host}{QUERY}");
        let url = origins(region).accept(&address).unwrap();
        assert_eq!(url.expose().as_str(), address, "untouched byte for byte");
    }
}

#[test]
fn any_other_place_is_refused() {
    for host in [
        "https://evil.example",
        "https://cloudformation-custom-resource-response-uswest2.s3.amazonaws.com",
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com.evil.example",
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com.cn",
        "https://x.cloudformation-custom-resource-response-useast1.s3.amazonaws.com",
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com:8443",
        "https://cloudformation-custom-resource-response-useast1.s3.us-west-2.amazonaws.com",
        "http://cloudformation-custom-resource-response-useast1.s3.amazonaws.com",
        "ftp://cloudformation-custom-resource-response-useast1.s3.amazonaws.com",
        "http://127.0.0.1:4566",
    ] {
        let result = origins("us-east-1").accept(&format!("{host}{QUERY}"));
        assert_eq!(result, Err(RejectedUrl::Foreign), "{host}");
    }
}

#[test]
fn what_cannot_be_sent_as_written_is_refused() {
    let host = "cloudformation-custom-resource-response-useast1.s3.amazonaws.com";
    for bad in [
        String::new(),
        "not an address".to_owned(),
        format!("https://user@{host}/x"),
        format!("https://user:password@{host}/x"),
        format!("https://{host}/x#fragment"),
        format!("https://{host}/a/../b?x=1"),
        format!("https://{host}/a\\b"),
        format!("https://{host}/a b"),
        format!("https://{host}/x?a=\r\nHost: evil"),
        format!("https://{host}?x=1"),
        format!("https://{host}Aⴰ0"),
        format!("https://{host}/ä"),
        format!("https://{host}/{}", "x".repeat(MAXIMUM_BYTES)),
    ] {
        assert_eq!(
            origins("us-east-1").accept(&bad),
            Err(RejectedUrl::Unreadable),
            "{bad:?}"
        );
    }
}

#[test]
fn the_configured_endpoint_is_accepted_by_its_exact_origin() {
    let local = behind("http://127.0.0.1:4566/");
    let url = local
        .accept("http://127.0.0.1:4566/_cfn/token?a=b%20c")
        .unwrap();
    assert_eq!(
        url.expose().as_str(),
        "http://127.0.0.1:4566/_cfn/token?a=b%20c"
    );
    for other in [
        "http://127.0.0.1:4567/x",
        "https://127.0.0.1:4566/x",
        "http://localhost:4566/x",
    ] {
        assert_eq!(local.accept(other), Err(RejectedUrl::Foreign), "{other}");
    }
    assert!(
        behind("https://aws.example")
            .accept("https://aws.example:443/x")
            .is_ok()
    );
}

#[test]
fn an_address_is_never_printed() {
    let url = behind("http://127.0.0.1:1")
        .accept("http://127.0.0.1:1/path?signature=s3cr3t")
        .unwrap();
    assert_eq!(format!("{url:?}"), "ResponseUrl(<redacted>)");
    assert_eq!(url.to_string(), "127.0.0.1");
    assert!(!RejectedUrl::Foreign.to_string().contains("127.0.0.1"));
}

proptest! {
    #[test]
    fn what_is_accepted_goes_to_an_own_host_unchanged(
        prefix in "(https?://)?[a-z0-9.@:/?#-]{0,30}",
        rest in "\\PC{0,60}",
    ) {
        let address = format!("{prefix}{BUCKET}useast1.s3.amazonaws.com{rest}");
        if let Ok(url) = origins("us-east-1").accept(&address) {
            prop_assert!(url.expose().host_str().unwrap().starts_with(BUCKET));
            prop_assert_eq!(url.expose().scheme(), "https");
            prop_assert!(address.ends_with(&url.expose()[Position::BeforePath..]));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        prop_assert!(origins("us-east-1").accept(&text).is_err());
    }
}
