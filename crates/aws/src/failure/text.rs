//! Words of services and of the system, fit to be shown.

use std::error::Error;

/// The chain of causes of a failed connection. They name hosts and system errors, and nothing of
/// what would have been sent.
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut chain = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        chain.push(cause.to_string());
        next = cause.source();
    }
    chain.join(": ")
}

/// Text from a service on one line, with everything escaped that would act where it is shown.
pub(crate) fn inert(text: &str, longest: usize) -> String {
    let mut line = String::with_capacity(text.len().min(longest));
    for (position, c) in text.trim().chars().enumerate() {
        match c {
            _ if position == longest => {
                line.push('…');
                break;
            }
            '\n' | '\r' | '\t' => line.push(' '),
            '"' | '\'' | '\\' => line.push(c),
            c => line.extend(c.escape_debug()),
        }
    }
    line
}
