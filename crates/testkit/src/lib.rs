//! Doubles for tests: never part of what is shipped.
//!
//! * [`azure_double`]: Entra, Azure Resource Manager and Defender for Cloud on one base URL.
//! * [`reply_sink`]: the bucket that custom resources answer to.
//! * [`federation_issuer`]: an `OpenID` issuer that signs assertions as AWS outbound federation does.
//! * [`bodies`]: the connectors that tests send, kept for a check from outside.
//! * [`events`]: custom-resource events as `CloudFormation` sends them.
//! * [`quotas`]: what AWS and Azure allow, for the doubles that keep to it.
//! * `aws_wire`: what the AWS SDK sends to, for the crates that call AWS, and `s3_bucket` behind it
//!   (feature `aws-wire`).
//!
//! Nothing here shares a type with the crates under test: a misreading would then be on both sides.

#[cfg(feature = "aws-wire")]
pub mod aws_wire;
pub mod azure_double;
pub mod bodies;
pub mod events;
pub mod federation_issuer;
pub mod quotas;
pub mod reply_sink;
#[cfg(feature = "aws-wire")]
pub mod s3_bucket;

mod http_server;
