//! The bus: how a node hears of what other processes have ended, the command line among them.
//!
//! Revocations stand in a table, numbered in the order of their commits. Each node remembers the last number that it
//! has applied and reads on from there: when the bell rings (`LISTEN`/`NOTIFY`), when the bell comes back, and at least
//! twice a second. So the table is the truth, and a ring that is lost costs half a second and no revocation.

mod follow;
mod follower;
mod freshness;
#[cfg(test)]
mod simulation;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use durward_proto::{Clock, SessionId, Timestamp, UserId};
use tokio::sync::{Notify, broadcast};

pub(crate) use follower::Patience;
pub(crate) use freshness::Freshness;

/// How many revocations an observer may lag behind.
const KEPT: usize = 1_024;

/// A revocation that this node has applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Its number: 1, 2, 3, … in the order of the commits.
    pub seq: i64,
    /// Whose sessions.
    pub user: UserId,
    /// Which of them.
    pub sessions: Vec<SessionId>,
    /// Why, in a stable word.
    pub reason: String,
    /// When it was made.
    pub at: Timestamp,
}

/// How far this node has followed the others.
pub struct Bus {
    pub(crate) patience: Patience,
    pub(crate) freshness: Arc<Freshness>,
    applied: AtomicI64,
    published: broadcast::Sender<Arc<Revocation>>,
    /// The bell has rung, or its rope has changed.
    rung: Notify,
    /// The bell rings for nothing, or not at all: hang up another.
    mute: Notify,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").field("applied", &self.applied()).finish_non_exhaustive()
    }
}

impl Bus {
    pub(crate) fn new(patience: Patience, clock: Arc<dyn Clock>) -> Self {
        Self {
            freshness: Arc::new(Freshness::new(patience.max_staleness)),
            patience,
            applied: AtomicI64::new(0),
            published: broadcast::Sender::new(KEPT),
            rung: Notify::new(),
            mute: Notify::new(),
            clock,
        }
    }

    /// The number of the last revocation that was applied.
    pub fn applied(&self) -> i64 {
        self.applied.load(Ordering::Acquire)
    }

    /// How long ago a revocation may have been committed that this node does not know; `None` when it follows nobody.
    pub fn staleness(&self) -> Option<Duration> {
        self.freshness.staleness(self.clock.monotonic())
    }

    /// Whether memory may answer whether a session is alive.
    pub fn is_fresh(&self) -> bool {
        self.freshness.is_fresh(self.clock.monotonic())
    }

    /// Every revocation from now on, each after it has taken effect here.
    pub fn observe(&self) -> broadcast::Receiver<Arc<Revocation>> {
        self.published.subscribe()
    }
}
