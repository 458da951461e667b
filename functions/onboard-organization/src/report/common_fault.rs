//! Faults that are common to all accounts, and so none of theirs.

use onboarding::FailureKind;
use onboarding::organization::{AccountOutcome, AccountResult, Shown};

use crate::outcome::CommonFault;

/// One account alone has a fault of its own.
const FEWEST: usize = 2;

/// How many accounts failed alike.
#[derive(Debug)]
pub(super) struct Tally {
    expected: usize,
    noted: usize,
    /// Name and reason of the first failure; `None` as soon as another account came to something
    /// else.
    alike: Option<(Shown, Shown)>,
}

impl Tally {
    /// Of so many accounts.
    pub(super) fn of(expected: usize) -> Self {
        Self {
            expected,
            noted: 0,
            alike: None,
        }
    }

    /// Notes what came of an account.
    pub(super) fn note(&mut self, result: &AccountResult) {
        let refusal = refusal(result);
        self.alike = match (self.noted, refusal, self.alike.take()) {
            (0, refusal, _) => refusal,
            (_, Some((name, _)), Some(first)) if name == first.0 => Some(first),
            _ => None,
        };
        self.noted += 1;
    }

    /// The refusal that every account met with.
    pub(super) fn common_fault(self) -> Option<CommonFault> {
        let (name, reason) = self.alike?;
        let is_common = self.expected >= FEWEST && self.noted == self.expected;
        is_common.then(|| CommonFault {
            accounts: self.expected,
            error_type: name.as_str().to_owned(),
            reason,
        })
    }
}

/// A failure that stays until a person does something about it. Others pass by themselves: the next
/// run tries again.
fn refusal(result: &AccountResult) -> Option<(Shown, Shown)> {
    let lasting = [
        FailureKind::Denied,
        FailureKind::Conflict,
        FailureKind::Invalid,
    ];
    let name = result.error_type.clone()?;
    let lasts = lasting.iter().any(|kind| kind.name() == name.as_str());
    let failed = result.outcome == AccountOutcome::Failed && lasts;
    failed.then(|| (name, result.reason.clone().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(failures: &[Option<&str>], expected: usize) -> Option<(usize, String)> {
        let mut tally = Tally::of(expected);
        for (number, failure) in failures.iter().enumerate() {
            let account = format!("{number:012}").parse().unwrap();
            let mut result = AccountResult::failed(account, &format!("why {number}"));
            match failure {
                Some(name) => result.error_type = Some(Shown::name(name)),
                None => result.outcome = AccountOutcome::Connected,
            }
            tally.note(&result);
        }
        let fault = tally.common_fault()?;
        assert_eq!(fault.reason.as_str(), "why 0");
        Some((fault.accounts, fault.error_type))
    }

    #[test]
    fn the_same_lasting_refusal_of_every_account_is_none_of_theirs() {
        let denied = Some("Denied");
        assert_eq!(
            fault(&[denied, denied, denied], 3),
            Some((3, "Denied".to_owned()))
        );
        for (failures, expected) in [
            (&[denied][..], 1),
            (&[denied, denied], 3),
            (&[denied, denied, None], 3),
            (&[None, denied, denied], 3),
            (&[denied, None, denied], 3),
            (&[denied, Some("Invalid")], 2),
            (&[denied, Some("Invalid"), denied], 3),
            (&[Some("NotReady"), Some("NotReady")], 2),
            (&[Some("Transient"), Some("Transient")], 2),
            (&[], 0),
        ] {
            assert_eq!(fault(failures, expected), None, "{failures:?}");
        }
    }
}
