//! Has the SDK send again what collided with another change of the same thing.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// IAM refuses one of two changes made at the same time and says to send it again, but the SDK
/// does not count that among what is worth a retry.
#[derive(Debug)]
pub(super) struct ConcurrentModification;

const CODE: &[u8] = b"<Code>ConcurrentModification";

impl ClassifyRetry for ConcurrentModification {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let body = context
            .response()
            .filter(|answer| answer.status().as_u16() == 409)
            .and_then(|answer| answer.body().bytes())
            .unwrap_or_default();
        if body.windows(CODE.len()).any(|part| part == CODE) {
            RetryAction::transient_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "IAM concurrent modification"
    }
}
