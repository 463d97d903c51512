//! A circuit breaker for what is remote: closed, open, half-open with one probe.
//!
//! Only failures of the dependency count. Which errors those are the caller says; an answer that is a no (a
//! wrong password, a row that is not there) is an answer.

mod permit;
mod state;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use durward_proto::{Clock, Timestamp};
use serde::Serialize;

pub use permit::Permit;

use state::{Change, Ticket, Turn};

/// When a breaker opens and closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRules {
    /// So many failures in a row open it. At least 1.
    pub failure_threshold: u32,
    /// So many good probes in a row close it again. At least 1.
    pub success_threshold: u32,
    /// How long it stays open before the first probe.
    pub recovery_timeout: Duration,
    /// A call that takes longer has failed.
    pub call_timeout: Duration,
    /// Whether the time until the next probe doubles with each probe that failed.
    pub exponential_backoff: bool,
    /// The longest time until the next probe when it doubles.
    pub longest_recovery: Duration,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            failure_threshold: 3,
            success_threshold: 1,
            recovery_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(5),
            exponential_backoff: false,
            longest_recovery: Duration::from_secs(300),
        }
    }
}

/// What a breaker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Calls go through.
    Closed,
    /// Calls are refused at once.
    Open,
    /// One call at a time is tried.
    HalfOpen,
}

impl Phase {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// A change from one phase to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Which breaker.
    pub name: Arc<str>,
    /// Counts the transitions of this breaker from 1: listeners may be told by several threads.
    pub number: u64,
    /// From this phase.
    pub from: Phase,
    /// To this one.
    pub to: Phase,
    /// When.
    pub at: Timestamp,
}

/// A breaker at one moment, for health and for operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Snapshot {
    /// Which breaker.
    pub name: String,
    /// What it is doing.
    pub phase: Phase,
    /// Failures in a row.
    pub failures: u32,
    /// How often it has changed its phase since the start.
    pub transitions: u64,
    /// When it last did.
    pub since: Timestamp,
    /// In how many seconds the next call may be tried, rounded up; null when now.
    pub retry_after: Option<u64>,
}

/// How a call ended that did not go well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BreakerError<E> {
    /// It was not made: the dependency has failed too often.
    #[error("not tried: it has failed too often and is tried again in {} s", retry_after.as_secs().max(1))]
    Open {
        /// How long until a call may be tried.
        retry_after: Duration,
    },
    /// It took longer than `call_timeout` and was given up.
    #[error("no answer in time")]
    TimedOut,
    /// The dependency's own error, whether or not it counted as a failure.
    #[error(transparent)]
    Failed(E),
}

type Listener = Box<dyn Fn(&Transition) + Send + Sync>;

/// A circuit breaker. Share it in an `Arc`.
pub struct Breaker {
    name: Arc<str>,
    rules: BreakerRules,
    clock: Arc<dyn Clock>,
    state: Mutex<state::State>,
    listeners: RwLock<Vec<Listener>>,
}

impl Breaker {
    /// A closed breaker. The name stands in log lines, metrics and health.
    pub fn new(name: &str, rules: BreakerRules, clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::new(state::State::new(clock.now()));
        Self { name: name.into(), rules, clock, state, listeners: RwLock::default() }
    }

    /// Tells `listener` of every transition from now on, right after it, in the task that brought it about.
    pub fn listen(&self, listener: impl Fn(&Transition) + Send + Sync + 'static) {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    /// Makes a call, if calls are made at the moment. `is_failure` says whether an error is the dependency's
    /// failing; anything else shows that it is there.
    ///
    /// Dropped half-way, a call counts as neither good nor bad, and a probe makes room for another.
    ///
    /// # Errors
    /// [`BreakerError`].
    pub async fn call<T, E, F>(&self, call: F, is_failure: fn(&E) -> bool) -> Result<T, BreakerError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let ticket = self.begin().map_err(|retry_after| BreakerError::Open { retry_after })?;
        let turn = InFlight { breaker: self, ticket: Some(ticket) };
        match tokio::time::timeout(self.rules.call_timeout, call).await {
            Ok(Ok(value)) => {
                turn.end(true);
                Ok(value)
            }
            Ok(Err(error)) => {
                turn.end(!is_failure(&error));
                Err(BreakerError::Failed(error))
            }
            Err(_) => {
                turn.end(false);
                Err(BreakerError::TimedOut)
            }
        }
    }

    /// Lets a call begin whose end this breaker does not wait for itself: a stream. How it goes, [`Permit`] is told.
    /// `call_timeout` then is only the time after which a probe loses its turn to the next one.
    ///
    /// # Errors
    /// Not now: how long until a call may be tried.
    pub fn admit(self: &Arc<Self>) -> Result<Permit, Duration> {
        self.begin().map(|ticket| Permit::new(Arc::clone(self), ticket))
    }

    /// How it is.
    pub fn snapshot(&self) -> Snapshot {
        let now = self.clock.monotonic();
        let state = self.lock();
        Snapshot {
            name: (*self.name).to_owned(),
            phase: state.phase(),
            failures: state.failures(),
            transitions: state.transitions(),
            since: state.since(),
            retry_after: state.wait(now).map(|wait| wait.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)),
        }
    }

    /// Which breaker.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn begin(&self) -> Result<Ticket, Duration> {
        let now = self.clock.monotonic();
        let (turn, change) = self.lock().begin(&self.rules, now, self.clock.now());
        self.tell(change);
        match turn {
            Turn::Go(ticket) => Ok(ticket),
            Turn::Wait(wait) => Err(wait),
        }
    }

    /// The ticket of a call that goes on, which is no probe any more.
    fn continued(&self) -> Ticket {
        self.lock().continued()
    }

    fn finish(&self, ticket: Ticket, good: Option<bool>) {
        let now = self.clock.monotonic();
        let change = self.lock().end(&self.rules, ticket, good, now, self.clock.now());
        self.tell(change);
    }

    /// Not under the lock: a listener may take its time, or ask for a snapshot.
    fn tell(&self, change: Option<Change>) {
        let Some(Change { number, from, to, at }) = change else { return };
        let transition = Transition { name: Arc::clone(&self.name), number, from, to, at };
        for listener in &*self.listeners.read().unwrap_or_else(PoisonError::into_inner) {
            listener(&transition);
        }
    }

    fn lock(&self) -> MutexGuard<'_, state::State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker").field("name", &self.name).field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// A call that has begun. Dropped without an end, it hands back what it took.
struct InFlight<'b> {
    breaker: &'b Breaker,
    ticket: Option<Ticket>,
}

impl InFlight<'_> {
    fn end(mut self, good: bool) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.finish(ticket, Some(good));
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.finish(ticket, None);
        }
    }
}

#[cfg(test)]
mod tests;
