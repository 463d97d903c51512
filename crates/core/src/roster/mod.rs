//! The roster: which sessions are alive, in memory.
//!
//! A hit costs no await and no SQL. A miss asks the database once, however many requests wait for it. Whatever ends
//! or changes a session removes it here after its commit; a load that was under way at that moment is thrown away and
//! done again (quick_cache refuses the insert when the place it was made for has been removed), so that no answer
//! from before the change can stay.

pub(crate) mod memory;
mod people;
#[cfg(test)]
mod tests;
mod touches;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use durward_proto::wire::auth::User;
use durward_proto::{AccountStatus, Clock, Code, Secret, SessionId, Timestamp};
use durward_store::{GateStore, LiveRow, StoreError};
use durward_verify::{Breaker, BreakerError, LastUse, LiveSession, Liveness, Redeemed, Unavailable};
use tokio::sync::watch;

use crate::bus::Freshness;
use crate::leases::Leases;
use crate::roles::Roles;
use crate::tickets;
use memory::{Loaded, Memory};
use people::People;
use touches::Touches;

/// How often a session's `last_seen_at` is written at most.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// The roster's size, and the idle limit that it watches over.
#[derive(Debug, Clone, Copy)]
pub struct RosterSettings {
    /// How many sessions are kept in memory.
    pub capacity: usize,
    /// After how long without a request a session ends; never when it is not set.
    pub idle: Option<Duration>,
}

/// The live sessions that were asked for lately.
pub struct Roster {
    memory: Memory<Arc<LiveSession>>,
    people: People,
    touches: Touches,
    gate: GateStore,
    database: Arc<Breaker>,
    leases: Arc<Leases>,
    idle: Option<Duration>,
    roles: Arc<Roles>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Roster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Roster").field("sessions", &self.memory.len()).finish_non_exhaustive()
    }
}

impl Roster {
    pub(crate) fn new(
        gate: GateStore,
        database: Arc<Breaker>,
        leases: Arc<Leases>,
        freshness: Arc<Freshness>,
        settings: RosterSettings,
        roles: Arc<Roles>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let memory = Memory::new(settings.capacity, freshness, clock.clone());
        Self {
            memory,
            people: People::default(),
            touches: Touches::new(gate.clone()),
            gate,
            database,
            leases,
            idle: settings.idle,
            roles,
            clock,
        }
    }

    /// Forgets what is known of a session: the next request asks the database.
    pub fn forget(&self, session: SessionId) {
        self.memory.forget(session);
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        self.memory.forget_all();
    }

    /// How many sessions are in memory.
    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    async fn read(&self, session: SessionId) -> Result<Option<Arc<LiveSession>>, StoreError> {
        let load = || async {
            let row = self.gate.read().await?.live_session(session).await?;
            Ok(row.and_then(|row| self.entry(row)))
        };
        self.memory.get_or_load(session, load).await
    }

    /// Asks the database through its breaker.
    async fn ask<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, Unavailable> {
        self.database.call(call, StoreError::is_unavailable).await.map_err(|error| {
            match error {
                BreakerError::Open { .. } => tracing::debug!(%error, "a token could not be checked"),
                _ => tracing::error!(%error, "a token could not be checked"),
            }
            Unavailable
        })
    }

    fn entry(&self, row: LiveRow) -> Option<Loaded<Arc<LiveSession>>> {
        let now = self.clock.now();
        let user: User = row.user.into();
        // A suspended account is said to be one, although its sessions have ended as well.
        let inactive = user.status != AccountStatus::Active;
        let over = row.ended_at.is_some()
            || row.expires_at <= now
            || (!row.outlasts_idling && self.idle_too_long(row.last_seen_at, now));
        if over && !inactive {
            return None;
        }
        let last_use = LastUse {
            seen: AtomicI64::new(now.micros()),
            written: AtomicI64::new(row.last_seen_at.micros()),
            outlasts_idling: row.outlasts_idling,
        };
        let live = Arc::new(LiveSession {
            scopes: self.roles.scopes_of(&user.role),
            user: self.people.share(user),
            expires_at: row.expires_at,
            settled: AtomicU32::new(row.settled_generation),
            last_use,
        });
        // One that is over only says that its account is inactive, and nobody tells when that is no longer so.
        Some(if over { Loaded::Pass(live) } else { Loaded::Keep(live) })
    }

    fn idle_too_long(&self, last_seen: Timestamp, now: Timestamp) -> bool {
        self.idle.is_some_and(|idle| now.since(last_seen) > idle)
    }

    /// Notes that a session was used; every minute at most, also in the database.
    fn touch(&self, session: SessionId, last_use: &LastUse, now: Timestamp) {
        last_use.seen.store(now.micros(), Ordering::Relaxed);
        let written = last_use.written.load(Ordering::Relaxed);
        if now.since(Timestamp::from_micros(written)) < TOUCH_EVERY {
            return;
        }
        let relaxed = Ordering::Relaxed;
        let mine = last_use.written.compare_exchange(written, now.micros(), relaxed, relaxed).is_ok();
        if mine && !self.touches.note(session, now) {
            last_use.written.store(written, relaxed);
        }
    }
}

impl Liveness for Roster {
    fn recall(&self, session: SessionId, now: Timestamp) -> Option<Arc<LiveSession>> {
        let live = self.memory.get(session)?;
        let seen = Timestamp::from_micros(live.last_use.seen.load(Ordering::Relaxed));
        if !live.last_use.outlasts_idling && self.idle_too_long(seen, now) {
            self.forget(session);
            return None;
        }
        self.touch(session, &live.last_use, now);
        Some(live)
    }

    async fn load(&self, session: SessionId) -> Result<Option<Arc<LiveSession>>, Unavailable> {
        metrics::counter!("durward_roster_misses_total").increment(1);
        let live = self.ask(self.read(session)).await?;
        Ok(live.inspect(|live| self.touch(session, &live.last_use, self.clock.now())))
    }

    async fn settle(&self, session: SessionId, generation: u32) -> Result<(), Unavailable> {
        let settle = async {
            let mut write = self.gate.write().await?;
            write.settle_generation(session, generation).await?;
            write.commit_unaudited("the token of a refresh was used").await
        };
        self.ask(settle).await
    }

    async fn redeem(&self, ticket: &str, origin: Option<&str>) -> Result<Option<Redeemed>, Unavailable> {
        let ticket = Secret::new(ticket);
        self.ask(tickets::redeem(&self.gate, &ticket, origin, self.clock.now())).await
    }

    fn watch(&self, session: SessionId) -> watch::Receiver<Option<Code>> {
        self.leases.watch(session)
    }
}
