//! What must never be in a log: tokens, secrets, and the address that answers CloudFormation.

use regex_lite::Regex;

use anyhow::{Context, Result};

/// Kinds of secret, each with the pattern that finds it. The value itself is never shown.
const PATTERNS: [(&str, &str); 7] = [
    ("a signed token (JWT)", r"eyJ[A-Za-z0-9_-]{16,}"),
    ("a bearer token", r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]{16,}"),
    (
        "a client secret or assertion",
        r#"(?i)client_(?:secret|assertion)["']?\s*[=:]\s*["']?[^\s"'&\[<*…:]"#,
    ),
    (
        "a signed URL",
        r"(?i)[?&](?:x-amz-)?(?:signature|security-token)=[^\s&\[<*…]",
    ),
    (
        "a ResponseURL of CloudFormation",
        r"cloudformation-custom-resource-response-[a-z0-9]+\.s3[^\s/]*/[^\s\[<*…]",
    ),
    (
        "a ResponseURL of the local cloud",
        r"/cfn-response/[0-9A-Fa-f-]{8,}",
    ),
    (
        "a session's secret key",
        r#"(?i)secret_?access_?key["']?\s*[=:]\s*["']?[A-Za-z0-9/+]{20,}"#,
    ),
];

/// Finds secrets in text.
#[derive(Debug)]
pub struct SecretScan {
    patterns: Vec<(&'static str, Regex)>,
    known: Vec<String>,
}

/// A line that must not have been written.
#[derive(Debug, PartialEq, Eq)]
pub struct Leak {
    /// Counted from 1.
    pub line: usize,
    /// What was found.
    pub kind: &'static str,
}

impl SecretScan {
    /// Looks for every kind of secret, and for the values in `known` letter by letter.
    pub fn new(known: Vec<String>) -> Result<Self> {
        let compiled = PATTERNS.into_iter().map(|(kind, pattern)| {
            let regex = Regex::new(pattern).with_context(|| format!("pattern of {kind}"))?;
            Ok((kind, regex))
        });
        Ok(Self {
            patterns: compiled.collect::<Result<_>>()?,
            known,
        })
    }

    /// All leaks in `text`.
    pub fn leaks(&self, text: &str) -> Vec<Leak> {
        let lines = text.lines().zip(1..);
        lines
            .flat_map(|(line, number)| {
                self.kinds(line)
                    .map(move |kind| Leak { line: number, kind })
            })
            .collect()
    }

    fn kinds<'a>(&'a self, line: &'a str) -> impl Iterator<Item = &'static str> + 'a {
        let by_shape = self
            .patterns
            .iter()
            .filter(|(_, pattern)| pattern.is_match(line));
        let by_value = self
            .known
            .iter()
            .filter(|value| line.contains(value.as_str()));
        by_shape
            .map(|(kind, _)| *kind)
            .chain(by_value.map(|_| "a secret of this run"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<&'static str> {
        let scan = SecretScan::new(vec!["hunter2-of-this-run".to_owned()]).unwrap();
        scan.leaks(text).into_iter().map(|leak| leak.kind).collect()
    }

    #[test]
    fn every_kind_of_secret_is_found() {
        let samples = [
            "token=eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJ4In0.c2ln",
            "authorization: Bearer opaque-token-0123456789",
            "body: grant_type=client_credentials&client_secret=S3cr3t~value",
            "PUT https://bucket.s3.amazonaws.com/key?X-Amz-Signature=00ff",
            "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/arn",
            "PUT /_ministack/cfn-response/6f0c2a4e-1111-2222-3333-444455556666",
            r#""SecretAccessKey": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY""#,
        ];
        for (sample, (kind, _)) in samples.into_iter().zip(PATTERNS) {
            assert!(
                kinds(sample).contains(&kind),
                "{kind} not found in {sample}"
            );
        }
    }

    #[test]
    fn other_spellings_are_found_too() {
        assert_eq!(kinds(r#"{"client_secret":"value"}"#).len(), 1);
        assert_eq!(kinds("client_assertion = abc").len(), 1);
        assert_eq!(
            kinds("https://b.s3.amazonaws.com/k?Expires=1&Signature=ab%2F").len(),
            1
        );
        assert_eq!(
            kinds("password hunter2-of-this-run"),
            ["a secret of this run"]
        );
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        let log = "\
            START RequestId: 6f0c2a4e-1111-2222-3333-444455556666 Version: $LATEST\n\
            answered CloudFormation at cloudformation-custom-resource-response-euwest1.s3.amazonaws.com\n\
            AADSTS7000215: Invalid client secret provided. Setting: AzureClientSecretArn\n\
            client_secret=[redacted] client_assertion=<hidden>\n\
            test sign_in::client_secret::tests::a_secret_is_read ... ok\n\
            export AWS_SECRET_ACCESS_KEY=test\n\
            Authorization: AWS4-HMAC-SHA256 Credential=111111111111/20260101/eu-west-1/iam";
        assert_eq!(kinds(log), Vec::<&str>::new());
    }

    #[test]
    fn a_leak_names_its_line() {
        let scan = SecretScan::new(Vec::new()).unwrap();
        let leaks = scan.leaks("fine\n?Signature=abc\nfine");
        assert_eq!(
            leaks,
            [Leak {
                line: 2,
                kind: "a signed URL"
            }]
        );
    }
}
