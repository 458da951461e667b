//! What must hold of everything that `CloudFormation` was answered.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::account::Account;
use crate::emulator::Reply;

const LONGEST_BYTES: usize = 4096;

/// Every request of the account's stacks has exactly one answer, and that one is proper.
pub(crate) async fn check(account: &Account) -> Result<()> {
    let requests = account.emulator.custom_resource_requests().await?;
    let replies = account.emulator.replies().await?;
    let mut answers: BTreeMap<&str, Vec<&Reply>> = BTreeMap::new();
    for reply in &replies {
        let id = reply
            .request_id
            .as_deref()
            .unwrap_or("a request that never was");
        answers.entry(id).or_default().push(reply);
    }
    for request in &requests {
        let count = answers.get(request.as_str()).map_or(0, Vec::len);
        ensure!(
            count == 1,
            "request {request} has {count} answers: {:#?}",
            answers.get(request.as_str())
        );
    }
    ensure!(
        replies.len() == requests.len(),
        "there are answers to requests that never were"
    );
    replies.iter().try_for_each(check_one)
}

fn check_one(reply: &Reply) -> Result<()> {
    ensure!(
        reply.accepted && reply.status == 200,
        "an answer was not accepted: {reply:#?}"
    );
    ensure!(
        reply.bytes <= LONGEST_BYTES,
        "an answer has {} bytes: {reply:#?}",
        reply.bytes
    );
    let content_type = reply.content_type.as_deref().unwrap_or_default();
    ensure!(
        content_type.is_empty(),
        "an answer has the content type {content_type}"
    );
    let failed = reply.body["Status"] == "FAILED";
    ensure!(
        failed != reply.reason().is_empty(),
        "FAILED and Reason go together: {reply:#?}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn proper() -> Reply {
        Reply {
            request_id: Some("r".into()),
            stack_id: None,
            logical_resource_id: None,
            request_type: None,
            accepted: true,
            status: 200,
            problem: String::new(),
            body: json!({"Status": "FAILED", "Reason": "no"}),
            bytes: LONGEST_BYTES,
            content_type: Some(String::new()),
        }
    }

    #[test]
    fn a_proper_answer_passes_and_each_fault_is_found() {
        assert!(check_one(&proper()).is_ok());
        let faults: [fn(&mut Reply); 5] = [
            |reply| reply.accepted = false,
            |reply| reply.status = 403,
            |reply| reply.bytes += 1,
            |reply| reply.content_type = Some("application/json".into()),
            |reply| reply.body = json!({"Status": "FAILED"}),
        ];
        for fault in faults {
            let mut reply = proper();
            fault(&mut reply);
            assert!(check_one(&reply).is_err(), "{reply:?}");
        }
    }
}
