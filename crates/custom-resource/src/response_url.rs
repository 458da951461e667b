//! Where an answer may go.

use std::fmt;

use url::{Position, Url};

const BUCKET: &str = "cloudformation-custom-resource-response-";
const MAXIMUM_BYTES: usize = 8192;

/// The places that an answer is sent to: CloudFormation's response bucket of one region, and the
/// AWS endpoint that was configured in its stead, if one was.
///
/// Whoever can invoke the function writes the event, so its `ResponseURL` alone proves nothing.
#[derive(Debug, Clone)]
pub struct ResponseOrigins {
    hosts: Vec<String>,
    endpoint: Option<Url>,
}

impl ResponseOrigins {
    /// Those of `region`; `endpoint` is the value of `AWS_ENDPOINT_URL`, if that is set.
    pub fn new(region: &str, endpoint: Option<Url>) -> Self {
        let bucket = format!("{BUCKET}{}", region.replace('-', ""));
        let domain = partition_domain(region);
        // CloudFormation has used each of these forms, depending on the region's age.
        let hosts = [
            "s3".to_owned(),
            format!("s3.{region}"),
            format!("s3-{region}"),
        ]
        .map(|service| format!("{bucket}.{service}.{domain}"));
        Self {
            hosts: hosts.into(),
            endpoint,
        }
    }

    /// Takes an address, if it is one of those an answer may go to.
    pub fn accept(&self, address: &str) -> Result<ResponseUrl, RejectedUrl> {
        // A pre-signed address is ASCII; what is not would be rewritten on the way to the wire.
        if address.len() > MAXIMUM_BYTES || !address.is_ascii() {
            return Err(RejectedUrl::Unreadable);
        }
        let url = Url::parse(address).map_err(|_| RejectedUrl::Unreadable)?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(RejectedUrl::Unreadable);
        }
        // The signature covers path and query byte for byte; parsing may have tidied them.
        if path_and_query(address) != Some(&url[Position::BeforePath..]) {
            return Err(RejectedUrl::Unreadable);
        }
        if self.is_bucket(&url) || self.is_endpoint(&url) {
            Ok(ResponseUrl(url))
        } else {
            Err(RejectedUrl::Foreign)
        }
    }

    fn is_bucket(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        url.scheme() == "https" && url.port().is_none() && self.hosts.iter().any(|own| own == host)
    }

    fn is_endpoint(&self, url: &Url) -> bool {
        matches!(url.scheme(), "https" | "http")
            && self
                .endpoint
                .as_ref()
                .is_some_and(|endpoint| endpoint.origin() == url.origin())
    }
}

/// The DNS domain of the partition that a region is in.
fn partition_domain(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "amazonaws.com.cn",
        _ if region.starts_with("eusc-") => "amazonaws.eu",
        _ if region.starts_with("us-iso-") => "c2s.ic.gov",
        _ if region.starts_with("us-isob-") => "sc2s.sgov.gov",
        _ if region.starts_with("us-isof-") => "csp.hci.ic.gov",
        _ if region.starts_with("eu-isoe-") => "cloud.adc-e.uk",
        _ => "amazonaws.com",
    }
}

/// What of an address follows scheme and host, as it was written.
fn path_and_query(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    rest.find(['/', '?', '#', '\\'])
        .and_then(|start| rest.get(start..))
}

/// The pre-signed address of one request. Whoever has it can answer in the function's place, so
/// neither `Debug` nor `Display` shows more than the host.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseUrl(Url);

impl ResponseUrl {
    /// The address itself, for sending to it and nothing else.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl(<redacted>)")
    }
}

impl fmt::Display for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.host_str().unwrap_or("<redacted>"))
    }
}

/// Why nothing is sent to an address. The address itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RejectedUrl {
    /// It cannot be sent to as it was written.
    #[error("ResponseURL: expected an https address without user or fragment")]
    Unreadable,
    /// It is not CloudFormation's.
    #[error(
        "ResponseURL: expected CloudFormation's response bucket of this region, or the origin of \
         AWS_ENDPOINT_URL where that is set"
    )]
    Foreign,
}

#[cfg(test)]
mod tests;
