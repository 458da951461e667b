//! The settings of the function that provisions Arc.

use onboarding::{AccountId, InvalidValue, Partition};

use super::reader::{InvalidSettings, Reader, arn_fields};
use super::{ReplySettings, bucket_name, reply};
use crate::Environment;

/// What a function needs that provisions Arc. It never calls Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArcSettings {
    /// The account that the stack is in.
    pub account: AccountId,
    /// The partition of that account.
    pub partition: Partition,
    /// The deployment's S3 bucket.
    pub run_bucket: String,
    /// The name of the Systems Manager parameter that holds what the stack wants.
    pub wanted_state_parameter: String,
    /// Region and endpoint.
    pub reply: ReplySettings,
}

impl ArcSettings {
    /// Reads all of them; the error names every variable that is missing or malformed.
    pub fn from_environment(environment: &Environment) -> Result<Self, InvalidSettings> {
        let mut read = Reader::new(environment);
        let stack = read.checked("STACK_ID", stack);
        let run_bucket = read.checked("RUN_BUCKET", bucket_name);
        let wanted_state_parameter = read.checked("WANTED_STATE_PARAMETER", parameter_name);
        let reply = reply(&mut read);
        let settings = || {
            let (partition, account) = stack?;
            Some(Self {
                account,
                partition,
                run_bucket: run_bucket?,
                wanted_state_parameter: wanted_state_parameter?,
                reply: reply?,
            })
        };
        read.finish(settings())
    }
}

/// Partition and account of a stack.
fn stack(text: &str) -> Result<(Partition, AccountId), InvalidValue> {
    let fields = arn_fields(text, "cloudformation");
    let account = fields.and_then(|(_, account, _)| account.parse().ok());
    Partition::of_arn(text).zip(account).ok_or(super::STACK_ARN)
}

fn parameter_name(text: &str) -> Result<String, InvalidValue> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte);
    if (1..=1011).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue {
            expected: "expected the name of a Systems Manager parameter",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        (
            "STACK_ID",
            "arn:aws-us-gov:cloudformation:us-gov-west-1:111122223333:stack/mdc/6c2f",
        ),
        ("RUN_BUCKET", "defender-runs"),
        (
            "WANTED_STATE_PARAMETER",
            "/defender-connector/mdc/wanted-state",
        ),
        ("AWS_REGION", "us-gov-west-1"),
    ];

    #[test]
    fn account_and_partition_are_those_of_the_stack() {
        let settings = ArcSettings::from_environment(&GOOD.into_iter().collect()).unwrap();
        assert_eq!(settings.account.as_str(), "111122223333");
        assert_eq!(settings.partition.as_str(), "aws-us-gov");
        assert_eq!(settings.run_bucket, "defender-runs");
        assert_eq!(settings.reply.aws_region, "us-gov-west-1");
    }

    #[test]
    fn each_variable_that_is_wrong_is_named() {
        for (name, bad) in [
            ("STACK_ID", "arn:aws:iam::111122223333:role/x"),
            (
                "STACK_ID",
                "arn:aws:cloudformation:eu-west-1:x:stack/mdc/6c2f",
            ),
            ("RUN_BUCKET", "A_B"),
            ("WANTED_STATE_PARAMETER", "a b"),
            ("AWS_REGION", ""),
        ] {
            let changed = |(key, value)| (key, if key == name { bad } else { value });
            let environment = GOOD.into_iter().map(changed).collect();
            let error = ArcSettings::from_environment(&environment).unwrap_err();
            let problems: Vec<&str> = error.problems().iter().map(|one| one.variable).collect();
            assert_eq!(problems, [name]);
        }
        let error = ArcSettings::from_environment(&Environment::default()).unwrap_err();
        assert_eq!(error.problems().len(), 4);
    }
}
