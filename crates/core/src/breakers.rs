//! The circuit breakers of this node: one around everything remote, and all of them where operators look.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use durward_proto::wire::admin::{BreakerAnswer, BreakerState};
use durward_proto::{Clock, Timestamp};
use durward_verify::breaker::{Phase, Snapshot, Transition};
use durward_verify::{Breaker, BreakerRules};

/// The name of the breaker around the database, where tokens are checked.
pub const DATABASE: &str = "database";

/// How many of their openings are remembered.
const OPENINGS: usize = 256;

/// When which breaker opened, the newest last.
type Openings = Arc<Mutex<VecDeque<(Arc<str>, Timestamp)>>>;

/// All breakers of this node, under the rules of the configuration. Made before the services, so that each of them can
/// register what it depends on.
pub struct Breakers {
    rules: BreakerRules,
    clock: Arc<dyn Clock>,
    all: Mutex<Vec<Arc<Breaker>>>,
    openings: Openings,
}

impl std::fmt::Debug for Breakers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Breakers").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Breakers {
    /// None yet.
    pub fn new(rules: BreakerRules, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { rules, clock, all: Mutex::default(), openings: Openings::default() })
    }

    /// The breaker of this name: a new one, closed, or the one that has it already. Each of its transitions is a line
    /// in the log and a metric, and it is listed by [`Self::list`].
    pub fn register(&self, name: &str) -> Arc<Breaker> {
        self.register_patient(name, self.rules.call_timeout)
    }

    /// The same for what may take another time than most: `call_timeout` is its own.
    pub fn register_patient(&self, name: &str, call_timeout: Duration) -> Arc<Breaker> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|breaker| breaker.name() == name) {
            return known.clone();
        }
        let rules = BreakerRules { call_timeout, ..self.rules };
        let breaker = Arc::new(Breaker::new(name, rules, self.clock.clone()));
        gauge(name, Phase::Closed);
        breaker.listen(report);
        let openings = self.openings.clone();
        breaker.listen(move |transition| remember(&openings, transition));
        all.push(breaker.clone());
        breaker
    }

    /// How long a call may take where its breaker has no time of its own.
    pub(crate) fn call_timeout(&self) -> Duration {
        self.rules.call_timeout
    }

    /// How often each breaker opened since then, if it did. What lies further back than the last few hundred is forgotten.
    pub fn openings(&self, since: Timestamp) -> Vec<(Arc<str>, usize)> {
        let openings = self.openings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts: Vec<(Arc<str>, usize)> = Vec::new();
        for (name, _) in openings.iter().filter(|(_, at)| *at > since) {
            match counts.iter_mut().find(|(known, _)| known == name) {
                Some((_, count)) => *count += 1,
                None => counts.push((name.clone(), 1)),
            }
        }
        counts
    }

    /// Every breaker as it is now, in the order they were registered.
    pub fn list(&self) -> Vec<BreakerAnswer> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|breaker| answer(breaker.snapshot())).collect()
    }
}

fn remember(openings: &Openings, transition: &Transition) {
    if transition.to != Phase::Open {
        return;
    }
    let mut openings = openings.lock().unwrap_or_else(PoisonError::into_inner);
    if openings.len() >= OPENINGS {
        openings.pop_front();
    }
    openings.push_back((transition.name.clone(), transition.at));
}

fn report(transition: &Transition) {
    let Transition { name, from, to, .. } = transition;
    if *to == Phase::Open {
        tracing::warn!(breaker = %name, from = from.as_str(), to = to.as_str(), "a breaker has opened");
    } else {
        tracing::info!(breaker = %name, from = from.as_str(), to = to.as_str(), "a breaker has changed");
    }
    metrics::counter!("durward_breaker_transitions_total", "name" => name.to_string(), "to" => to.as_str())
        .increment(1);
    gauge(name, *to);
}

/// 0 closed, 1 half-open, 2 open: the higher, the worse.
fn gauge(name: &str, phase: Phase) {
    let value = match phase {
        Phase::Closed => 0.0,
        Phase::HalfOpen => 1.0,
        Phase::Open => 2.0,
    };
    metrics::gauge!("durward_breaker_state", "name" => name.to_owned()).set(value);
}

fn answer(snapshot: Snapshot) -> BreakerAnswer {
    BreakerAnswer {
        name: snapshot.name,
        state: match snapshot.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open => BreakerState::Open,
            Phase::HalfOpen => BreakerState::HalfOpen,
        },
        failures: snapshot.failures,
        transitions: snapshot.transitions,
        since: snapshot.since,
        next_probe_in: snapshot.retry_after,
    }
}

#[cfg(test)]
mod tests {
    use durward_proto::SystemClock;

    use super::*;

    #[tokio::test]
    async fn a_name_is_one_breaker_and_stands_in_the_list() {
        let rules = BreakerRules { failure_threshold: 1, ..BreakerRules::default() };
        let breakers = Breakers::new(rules, SystemClock::new());
        let (database, again) = (breakers.register("database"), breakers.register("database"));
        assert!(Arc::ptr_eq(&database, &again));
        drop(breakers.register("upstream"));
        assert!(again.call(async { Err::<(), ()>(()) }, |()| true).await.is_err());
        let list = breakers.list();
        assert_eq!(list.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["database", "upstream"]);
        assert_eq!(list.iter().map(|one| one.state).collect::<Vec<_>>(), [BreakerState::Open, BreakerState::Closed]);
        assert_eq!((list[0].failures, list[0].transitions, list[0].next_probe_in), (1, 1, Some(10)));
        let openings = breakers.openings(Timestamp::from_seconds(0));
        assert_eq!(openings.iter().map(|(name, count)| (&**name, *count)).collect::<Vec<_>>(), [("database", 1)]);
        assert!(breakers.openings(list[0].since).is_empty(), "none after that");
    }
}
