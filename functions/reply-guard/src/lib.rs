//! Answers `CloudFormation` in the place of a custom-resource function that was killed or never
//! ran. It is that function's `OnFailure` destination, so it is handed the request together with
//! what Lambda knows of the end. A request that may have been handed over, to be answered later, is
//! claimed first, so that it is answered once.

mod claims;
mod guard;
mod left_behind;
mod reason;
mod record;

pub use guard::ReplyGuard;
