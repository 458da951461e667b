//! What the tests share: the real clients over a wire that a test answers.

pub(crate) use testkit::aws_wire::*;
