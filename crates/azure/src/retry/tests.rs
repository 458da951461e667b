use std::cell::Cell;

use super::*;
use crate::Kind;

fn refused(status: u16, message: &str) -> Error {
    Error::new(Kind::Transient, "Azure", "read the thing", message).answered(status, None)
}

fn unanswered(message: &str) -> Error {
    Error::new(Kind::Transient, "Azure", "read the thing", message)
}

async fn run(
    deadline: u64,
    mut answer: impl FnMut(u32) -> Result<u32, Setback>,
) -> (Result<u32, Error>, u32, Duration) {
    let tries = Cell::new(0);
    let started = Instant::now();
    let outcome = until_answered(
        &Patience::default(),
        Deadline::after(Duration::from_secs(deadline)),
        || {
            tries.set(tries.get() + 1);
            std::future::ready(answer(tries.get()))
        },
    )
    .await;
    (outcome, tries.get(), started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn what_will_stay_refused_is_tried_once_and_says_nothing_of_tries() {
    let (outcome, tries, _) = run(60, |_| {
        Err(Setback {
            error: refused(400, "no"),
            again: Again::NEVER,
        })
    })
    .await;
    assert_eq!(tries, 1);
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "could not read the thing: Azure answered 400: no"
    );
}

#[tokio::test(start_paused = true)]
async fn the_services_own_wait_is_never_cut_short() {
    let patience = Patience::default();
    for named in [1, 17, 40] {
        let again = Again::throttled(&patience, Some(Duration::from_secs(named)));
        let (outcome, _, elapsed) = run(60, |n| {
            if n == 2 {
                Ok(n)
            } else {
                Err(Setback {
                    error: refused(429, "slow"),
                    again,
                })
            }
        })
        .await;
        assert!(outcome.is_ok());
        assert!(elapsed >= Duration::from_secs(named), "{elapsed:?}");
        assert!(elapsed <= Duration::from_secs(named + 1), "{elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_deadline_ends_at_once_with_the_last_answer() {
    let again = Again::throttled(&Patience::default(), Some(Duration::from_mins(10)));
    let (outcome, tries, elapsed) = run(60, |_| {
        Err(Setback {
            error: refused(429, "slow down"),
            again,
        })
    })
    .await;
    assert_eq!((tries, elapsed), (1, Duration::ZERO));
    let text = outcome.unwrap_err().to_string();
    assert!(
        text.contains("answered 429: slow down") && text.contains("gave up after 1 try in 0 s"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn own_waits_double_up_to_the_longest() {
    let again = Again::throttled(&Patience::default(), None);
    let (outcome, tries, elapsed) = run(300, |_| {
        Err(Setback {
            error: refused(429, "slow"),
            again,
        })
    })
    .await;
    // 1 + 2 + 4 + 8 + 16 + 30 + 30 + …, each cut by up to a quarter.
    assert!((13..=17).contains(&tries), "{tries}");
    assert!(elapsed >= Duration::from_secs(265) && elapsed < Duration::from_mins(5));
    assert!(
        outcome
            .unwrap_err()
            .to_string()
            .contains(&format!("after {tries} tries"))
    );
}

#[tokio::test(start_paused = true)]
async fn replication_is_waited_for_a_bounded_time_in_few_tries() {
    let patience = Patience::default();
    let again = Again::replicating(patience.federation, &patience);
    let (outcome, tries, elapsed) = run(300, |_| {
        Err(Setback {
            error: refused(400, "unknown"),
            again,
        })
    })
    .await;
    assert!(outcome.is_err());
    assert!((4..=5).contains(&tries), "{tries}");
    assert!(elapsed <= Duration::from_mins(1), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn the_last_answer_survives_a_silent_end() {
    let patience = Patience::default();
    let (outcome, ..) = run(20, |n| {
        Err(if n < 3 {
            Setback {
                error: refused(429, "slow"),
                again: Again::throttled(&patience, None),
            }
        } else {
            let again = Again::within(patience.unavailable, &patience, None);
            Setback {
                error: unanswered("no answer in time"),
                again,
            }
        })
    })
    .await;
    let text = outcome.unwrap_err().to_string();
    assert!(text.contains("answered 429: slow"), "{text}");
    assert!(text.contains("at last: no answer in time"), "{text}");
}
