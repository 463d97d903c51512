use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::kit::TokioClock;

/// What the dependency of these tests can answer badly.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Down,
    No,
}

fn is_failure(answer: &Answer) -> bool {
    *answer == Answer::Down
}

fn breaker(change: impl FnOnce(&mut BreakerRules)) -> Breaker {
    let mut rules = BreakerRules::default();
    change(&mut rules);
    Breaker::new("database", rules, TokioClock::new())
}

async fn call(breaker: &Breaker, outcome: Result<u8, Answer>) -> Result<u8, BreakerError<Answer>> {
    breaker.call(async { outcome }, is_failure).await
}

async fn fail(breaker: &Breaker, times: usize) {
    for _ in 0..times {
        assert_eq!(call(breaker, Err(Answer::Down)).await, Err(BreakerError::Failed(Answer::Down)));
    }
}

async fn is_refused(breaker: &Breaker) -> bool {
    let called = AtomicUsize::new(0);
    let outcome = breaker
        .call(
            async {
                called.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Answer>(1)
            },
            is_failure,
        )
        .await;
    let refused = matches!(outcome, Err(BreakerError::Open { .. }));
    assert_eq!(called.load(Ordering::SeqCst) == 0, refused, "a refused call is not begun");
    refused
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_open_it_and_one_good_probe_closes_it() {
    let breaker = breaker(|_| ());
    fail(&breaker, 2).await;
    assert_eq!(call(&breaker, Ok(1)).await, Ok(1));
    fail(&breaker, 2).await;
    assert_eq!(breaker.snapshot().phase, Phase::Closed, "a good call between them starts the count again");
    fail(&breaker, 1).await;
    assert_eq!(breaker.snapshot().phase, Phase::Open);
    assert_eq!(breaker.snapshot().retry_after, Some(10));
    assert!(is_refused(&breaker).await);
    pass(9).await;
    assert!(is_refused(&breaker).await);
    pass(1).await;
    assert_eq!(breaker.snapshot().retry_after, None);
    assert_eq!(call(&breaker, Ok(1)).await, Ok(1));
    assert_eq!((breaker.snapshot().phase, breaker.snapshot().failures), (Phase::Closed, 0));
    fail(&breaker, 2).await;
    assert_eq!(breaker.snapshot().phase, Phase::Closed, "it starts from nothing again");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_a_no_is_an_answer() {
    let breaker = breaker(|_| ());
    for _ in 0..20 {
        assert_eq!(call(&breaker, Err(Answer::No)).await, Err(BreakerError::Failed(Answer::No)));
    }
    assert_eq!(breaker.snapshot().phase, Phase::Closed);
    fail(&breaker, 3).await;
    pass(10).await;
    assert_eq!(call(&breaker, Err(Answer::No)).await, Err(BreakerError::Failed(Answer::No)));
    assert_eq!(breaker.snapshot().phase, Phase::Closed, "whoever says no is there");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_has_failed() {
    let breaker = breaker(|rules| rules.failure_threshold = 1);
    let outcome = breaker.call(std::future::pending::<Result<(), Answer>>(), is_failure).await;
    assert_eq!(outcome, Err(BreakerError::TimedOut));
    assert_eq!(breaker.snapshot().phase, Phase::Open);
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_opens_it_again_at_once() {
    let breaker = breaker(|_| ());
    fail(&breaker, 3).await;
    pass(10).await;
    fail(&breaker, 1).await;
    assert_eq!((breaker.snapshot().phase, breaker.snapshot().failures), (Phase::Open, 4));
    pass(9).await;
    assert!(is_refused(&breaker).await, "without back-off the same time again");
    pass(1).await;
    assert!(!is_refused(&breaker).await);
}

#[tokio::test(start_paused = true)]
async fn one_probe_of_64_callers() {
    let breaker = Arc::new(breaker(|_| ()));
    fail(&breaker, 3).await;
    pass(10).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (breaker, calls) = (Arc::clone(&breaker), Arc::clone(&calls));
            tokio::spawn(async move {
                let call = async {
                    calls.fetch_add(1, Ordering::SeqCst);
                    pass(1).await;
                    Ok::<_, Answer>(())
                };
                breaker.call(call, is_failure).await
            })
        })
        .collect();
    let mut good = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => good += 1,
            Err(BreakerError::Open { retry_after }) => assert!(retry_after <= Duration::from_secs(5)),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((good, calls.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(breaker.snapshot().phase, Phase::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_makes_room() {
    let breaker = breaker(|_| ());
    fail(&breaker, 3).await;
    pass(10).await;
    let dropped = tokio::time::timeout(
        Duration::from_secs(1),
        breaker.call(std::future::pending::<Result<(), Answer>>(), is_failure),
    );
    assert!(dropped.await.is_err());
    assert_eq!(breaker.snapshot().phase, Phase::HalfOpen);
    assert!(!is_refused(&breaker).await, "the next caller is the probe");
    assert_eq!(breaker.snapshot().phase, Phase::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_nobody_looks_at_loses_its_turn_and_its_say() {
    let breaker = breaker(|_| ());
    fail(&breaker, 3).await;
    pass(10).await;
    // Begun and then left alone: neither dropped nor driven on.
    let left = breaker.begin().unwrap();
    assert!(is_refused(&breaker).await);
    pass(5).await;
    let second = breaker.begin().unwrap();
    breaker.finish(left, Some(false));
    assert_eq!(breaker.snapshot().phase, Phase::HalfOpen, "the late answer of the first says nothing");
    breaker.finish(second, Some(true));
    assert_eq!(breaker.snapshot().phase, Phase::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_began_before_a_transition_says_nothing_after_it() {
    let breaker = breaker(|_| ());
    let (early, late) = (breaker.begin().unwrap(), breaker.begin().unwrap());
    fail(&breaker, 3).await;
    breaker.finish(early, Some(true));
    assert_eq!(breaker.snapshot().phase, Phase::Open);
    pass(10).await;
    assert_eq!(call(&breaker, Ok(1)).await, Ok(1));
    breaker.finish(late, Some(false));
    assert_eq!((breaker.snapshot().phase, breaker.snapshot().failures), (Phase::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn as_many_good_probes_as_asked_for() {
    let breaker = breaker(|rules| rules.success_threshold = 3);
    fail(&breaker, 3).await;
    pass(10).await;
    for phase in [Phase::HalfOpen, Phase::HalfOpen, Phase::Closed] {
        assert_eq!(call(&breaker, Ok(1)).await, Ok(1));
        assert_eq!(breaker.snapshot().phase, phase);
    }
}

#[tokio::test(start_paused = true)]
async fn the_back_off_doubles_up_to_its_limit_and_starts_again_after_a_recovery() {
    let breaker = breaker(|rules| {
        rules.exponential_backoff = true;
        rules.longest_recovery = Duration::from_secs(60);
    });
    fail(&breaker, 3).await;
    for seconds in [10, 20, 40, 60, 60] {
        assert_eq!(breaker.snapshot().retry_after, Some(seconds));
        pass(seconds).await;
        fail(&breaker, 1).await;
    }
    pass(60).await;
    assert_eq!(call(&breaker, Ok(1)).await, Ok(1));
    fail(&breaker, 3).await;
    assert_eq!(breaker.snapshot().retry_after, Some(10));
}

#[tokio::test(start_paused = true)]
async fn listeners_hear_of_every_transition_and_may_ask_back() {
    let breaker = Arc::new(breaker(|_| ()));
    let heard = Arc::new(Mutex::new(Vec::new()));
    breaker.listen({
        let (heard, breaker) = (Arc::clone(&heard), Arc::downgrade(&breaker));
        move |transition: &Transition| {
            let phase = breaker.upgrade().unwrap().snapshot().phase;
            assert_eq!((&*transition.name, phase), ("database", transition.to));
            heard.lock().unwrap().push((transition.number, transition.from, transition.to));
        }
    });
    fail(&breaker, 3).await;
    pass(10).await;
    fail(&breaker, 1).await;
    pass(10).await;
    assert_eq!(call(&breaker, Ok(1)).await, Ok(1));
    use Phase::{Closed, HalfOpen, Open};
    let expected =
        [(1, Closed, Open), (2, Open, HalfOpen), (3, HalfOpen, Open), (4, Open, HalfOpen), (5, HalfOpen, Closed)];
    assert_eq!(*heard.lock().unwrap(), expected);
    assert_eq!((breaker.snapshot().transitions, breaker.name()), (5, "database"));
}

#[test]
fn a_phase_is_called_the_same_everywhere() {
    for phase in [Phase::Closed, Phase::Open, Phase::HalfOpen] {
        assert_eq!(serde_json::to_value(phase).unwrap(), phase.as_str());
    }
}

#[tokio::test(start_paused = true)]
async fn streams_that_begin_and_break_off_open_it_all_the_same() {
    let breaker = Arc::new(breaker(|_| ()));
    for failures in 1..=3 {
        let mut permit = breaker.admit().unwrap();
        permit.answered();
        assert_eq!(breaker.snapshot().failures, failures - 1, "a beginning is no success");
        permit.fail();
        assert_eq!(breaker.snapshot().failures, failures);
    }
    assert_eq!(breaker.snapshot().phase, Phase::Open);
    assert_eq!(breaker.admit().unwrap_err(), Duration::from_secs(10));
    assert!(is_refused(&breaker).await, "permits and calls are counted together");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_given_up_says_nothing() {
    let breaker = Arc::new(breaker(|_| ()));
    fail(&breaker, 2).await;
    let mut begun = breaker.admit().unwrap();
    begun.answered();
    drop(begun);
    drop(breaker.admit().unwrap());
    assert_eq!((breaker.snapshot().phase, breaker.snapshot().failures), (Phase::Closed, 2));
    breaker.admit().unwrap().succeed();
    assert_eq!(breaker.snapshot().failures, 0);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_begins_to_answer_closes_it_and_its_end_counts_too() {
    let breaker = Arc::new(breaker(|_| ()));
    fail(&breaker, 3).await;
    pass(10).await;
    let mut probe = breaker.admit().unwrap();
    assert_eq!(breaker.admit().unwrap_err(), Duration::from_secs(5), "one probe at a time");
    probe.answered();
    assert_eq!((breaker.snapshot().phase, breaker.snapshot().failures), (Phase::Closed, 0));
    // Long after the time in which a probe has to answer.
    pass(60).await;
    probe.fail();
    assert_eq!((breaker.snapshot().phase, breaker.snapshot().failures), (Phase::Closed, 1));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_or_late_makes_room() {
    let breaker = Arc::new(breaker(|_| ()));
    fail(&breaker, 3).await;
    pass(10).await;
    drop(breaker.admit().unwrap());
    let mut late = breaker.admit().unwrap();
    pass(5).await;
    let second = breaker.admit().unwrap();
    late.answered();
    late.fail();
    assert_eq!(breaker.snapshot().phase, Phase::HalfOpen, "it has lost its say");
    second.fail();
    assert_eq!(breaker.snapshot().phase, Phase::Open);
    pass(10).await;
    breaker.admit().unwrap().succeed();
    assert_eq!(breaker.snapshot().phase, Phase::Closed);
}
