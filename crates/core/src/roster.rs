//! The roster: which sessions are alive, in memory.
//!
//! A hit costs no await and no SQL. A miss asks the database once, however many requests wait for it. Whatever ends
//! or changes a session removes it here after its commit; a load that was under way at that moment is thrown away and
//! done again (quick_cache refuses the insert when the place it was made for has been removed), so that no answer
//! from before the change can stay.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use durward_proto::wire::auth::User;
use durward_proto::{AccountStatus, Clock, Code, Secret, SessionId, Timestamp};
use durward_store::{GateStore, LiveRow, StoreError};
use durward_verify::{LiveSession, Liveness, Redeemed, Unavailable};
use quick_cache::sync::Cache;
use tokio::sync::watch;

use crate::issue::scopes_of;
use crate::leases::Leases;
use crate::tickets;

/// How often a session's `last_seen_at` is written at most.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
/// How often a load is tried again when the session changes under it.
const LOADS: usize = 4;

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
    entries: Cache<SessionId, Entry>,
    gate: GateStore,
    leases: Arc<Leases>,
    idle: Option<Duration>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Entry {
    live: Arc<LiveSession>,
    seen: Arc<Seen>,
}

/// When a session was last used, in microseconds since the epoch: as known here, and as written to the database.
struct Seen {
    at: AtomicI64,
    written: AtomicI64,
}

impl std::fmt::Debug for Roster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Roster").field("sessions", &self.entries.len()).finish_non_exhaustive()
    }
}

impl Roster {
    pub(crate) fn new(gate: GateStore, leases: Arc<Leases>, settings: RosterSettings, clock: Arc<dyn Clock>) -> Self {
        Self { entries: Cache::new(settings.capacity), gate, leases, idle: settings.idle, clock }
    }

    /// Forgets what is known of a session: the next request asks the database.
    pub fn forget(&self, session: SessionId) {
        self.entries.remove(&session);
    }

    /// How many sessions are in memory.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    async fn load_entry(&self, session: SessionId) -> Result<Option<Entry>, StoreError> {
        for _ in 0..LOADS {
            let guard = match self.entries.get_value_or_guard_async(&session).await {
                Ok(entry) => return Ok(Some(entry)),
                Err(guard) => guard,
            };
            let Some(row) = self.gate.read().await?.live_session(session).await? else { return Ok(None) };
            let has_ended = row.ended_at.is_some();
            let Some(entry) = self.entry(row) else { return Ok(None) };
            // It is only here to say that its account is inactive, and nobody tells when that is over.
            if has_ended {
                return Ok(Some(entry));
            }
            if guard.insert(entry.clone()).is_ok() {
                return Ok(Some(entry));
            }
        }
        // It changes faster than it can be read: ask once more and keep nothing.
        let row = self.gate.read().await?.live_session(session).await?;
        Ok(row.and_then(|row| self.entry(row)))
    }

    fn entry(&self, row: LiveRow) -> Option<Entry> {
        let now = self.clock.now();
        let user: User = row.user.into();
        // A suspended account is said to be one, although its sessions have ended as well.
        let inactive = user.status != AccountStatus::Active;
        let over = row.ended_at.is_some() || row.expires_at <= now || self.idle_too_long(row.last_seen_at, now);
        if over && !inactive {
            return None;
        }
        let live = LiveSession {
            scopes: scopes_of(&user.role).into(),
            user: Arc::new(user),
            expires_at: row.expires_at,
            settled: AtomicU32::new(row.settled_generation),
        };
        let written = row.last_seen_at.micros();
        let seen = Seen { at: AtomicI64::new(now.micros()), written: AtomicI64::new(written) };
        Some(Entry { live: Arc::new(live), seen: Arc::new(seen) })
    }

    fn idle_too_long(&self, last_seen: Timestamp, now: Timestamp) -> bool {
        self.idle.is_some_and(|idle| now.since(last_seen) > idle)
    }

    /// Notes that a session was used; every minute at most, also in the database.
    fn touch(&self, session: SessionId, seen: &Seen, now: Timestamp) {
        seen.at.store(now.micros(), Ordering::Relaxed);
        let written = seen.written.load(Ordering::Relaxed);
        if now.since(Timestamp::from_micros(written)) < TOUCH_EVERY {
            return;
        }
        let mine = seen.written.compare_exchange(written, now.micros(), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if let (true, Ok(runtime)) = (mine, tokio::runtime::Handle::try_current()) {
            let gate = self.gate.clone();
            runtime.spawn(async move {
                if let Err(error) = write_last_seen(&gate, session, now).await {
                    tracing::warn!(%error, "could not note when a session was last seen");
                }
            });
        }
    }
}

async fn write_last_seen(gate: &GateStore, session: SessionId, now: Timestamp) -> Result<(), StoreError> {
    let mut write = gate.write().await?;
    write.touch_session(session, now).await?;
    write.commit_unaudited("a session was seen").await
}

impl Liveness for Roster {
    fn recall(&self, session: SessionId) -> Option<Arc<LiveSession>> {
        let entry = self.entries.get(&session)?;
        let now = self.clock.now();
        let seen = Timestamp::from_micros(entry.seen.at.load(Ordering::Relaxed));
        if self.idle_too_long(seen, now) {
            self.forget(session);
            return None;
        }
        self.touch(session, &entry.seen, now);
        Some(entry.live)
    }

    async fn load(&self, session: SessionId) -> Result<Option<Arc<LiveSession>>, Unavailable> {
        match self.load_entry(session).await {
            Ok(entry) => Ok(entry.map(|entry| {
                self.touch(session, &entry.seen, self.clock.now());
                entry.live
            })),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn settle(&self, session: SessionId, generation: u32) -> Result<(), Unavailable> {
        let settle = async {
            let mut write = self.gate.write().await?;
            write.settle_generation(session, generation).await?;
            write.commit_unaudited("the token of a refresh was used").await
        };
        settle.await.map_err(|error| unavailable(&error))
    }

    async fn redeem(&self, ticket: &str, origin: Option<&str>) -> Result<Option<Redeemed>, Unavailable> {
        let ticket = Secret::new(ticket);
        tickets::redeem(&self.gate, &ticket, origin, self.clock.now()).await.map_err(|error| unavailable(&error))
    }

    fn watch(&self, session: SessionId) -> watch::Receiver<Option<Code>> {
        self.leases.watch(session)
    }
}

fn unavailable(error: &StoreError) -> Unavailable {
    tracing::error!(%error, "a token could not be checked");
    Unavailable
}

#[cfg(test)]
mod tests {
    use quick_cache::sync::Cache;

    /// What the roster relies on: a load that was under way while its session was forgotten is not kept.
    #[tokio::test]
    async fn what_was_loaded_before_the_end_is_not_kept_after_it() {
        let cache: Cache<u8, &str> = Cache::new(10);
        let Err(loading) = cache.get_value_or_guard_async(&1).await else { panic!("nothing is known yet") };
        cache.remove(&1);
        assert!(loading.insert("alive").is_err());
        assert_eq!(cache.get(&1), None);
    }
}
