//! How old what this node knows of revocations is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Until when every revocation is known here. All times are of the monotonic clock.
#[derive(Debug)]
pub(crate) struct Freshness {
    /// Microseconds, plus one; 0 for never.
    as_of: AtomicU64,
    max_staleness: Duration,
}

impl Freshness {
    /// Nothing is known yet.
    pub(crate) fn new(max_staleness: Duration) -> Self {
        Self { as_of: AtomicU64::new(0), max_staleness }
    }

    /// All that was committed before `as_of` has been applied.
    pub(crate) fn renew(&self, as_of: Duration) {
        let micros = u64::try_from(as_of.as_micros()).unwrap_or(u64::MAX - 1);
        self.as_of.store(micros + 1, Ordering::Release);
    }

    /// Whether memory may answer: what it does not know yet was committed no longer than `max_staleness` ago.
    pub(crate) fn is_fresh(&self, now: Duration) -> bool {
        self.staleness(now).is_some_and(|staleness| staleness <= self.max_staleness)
    }

    /// How long ago the last revocation may have been committed that is not known here; `None` when nothing is.
    pub(crate) fn staleness(&self, now: Duration) -> Option<Duration> {
        let micros = self.as_of.load(Ordering::Acquire).checked_sub(1)?;
        Some(now.saturating_sub(Duration::from_micros(micros)))
    }
}
