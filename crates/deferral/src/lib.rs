//! Requests of `CloudFormation` that take longer than a function may run.
//!
//! The request is kept in the run bucket, and a state machine carries out what it asks for
//! ([`HandOver`]). The machine knows the request's id and nothing else of it: what is kept holds a
//! pre-signed address. In the end, or when it is time to answer, it has the function answer the
//! request from where it is kept ([`answer()`]).
//!
//! The request's id is the run's id, and every step may happen twice: the request may be delivered
//! again, the machine may have begun although its start failed, and the function may be killed
//! anywhere.

mod answer;
mod ended;
mod hand_over;
mod requests;
#[cfg(test)]
mod rig;

pub use answer::{AnswerError, answer};
pub use ended::{Ended, StepError};
pub use hand_over::HandOver;
pub use requests::Requests;
