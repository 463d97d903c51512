//! What the roster remembers, and when it may be believed.

use std::sync::Arc;

use durward_proto::{Clock, SessionId, TICK};
use quick_cache::sync::Cache;

use crate::bus::Freshness;

/// How often a load is tried again when the session changes under it.
const LOADS: usize = 4;

/// Something known of each of the sessions that were asked for lately. It answers only while this node knows of every
/// revocation; in between nothing is taken in either.
pub(crate) struct Memory<T> {
    entries: Cache<SessionId, T>,
    freshness: Arc<Freshness>,
    clock: Arc<dyn Clock>,
}

/// A load: what to remember, or what is true but not to be remembered.
pub(crate) enum Loaded<T> {
    Keep(T),
    Pass(T),
}

impl<T: Clone> Memory<T> {
    pub(crate) fn new(capacity: usize, freshness: Arc<Freshness>, clock: Arc<dyn Clock>) -> Self {
        Self { entries: Cache::new(capacity), freshness, clock }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What is known, when that can be trusted.
    pub(crate) fn get(&self, session: SessionId) -> Option<T> {
        let entry = self.entries.get(&session)?;
        self.is_trusted().then_some(entry)
    }

    /// Also a load that is under way will not be kept.
    pub(crate) fn forget(&self, session: SessionId) {
        self.entries.remove(&session);
    }

    /// The same for all sessions.
    pub(crate) fn forget_all(&self) {
        self.entries.clear();
    }

    /// What is known, or what `load` finds. Of many who ask at once one loads; while memory is not to be trusted, each
    /// for itself.
    pub(crate) async fn get_or_load<E, F>(&self, session: SessionId, load: impl Fn() -> F) -> Result<Option<T>, E>
    where
        F: Future<Output = Result<Option<Loaded<T>>, E>>,
    {
        for _ in 0..LOADS {
            if !self.is_trusted() {
                break;
            }
            let guard = match self.entries.get_value_or_guard_async(&session).await {
                // Waiting for another's load takes time.
                Ok(entry) if self.is_trusted() => return Ok(Some(entry)),
                Ok(_) => break,
                Err(guard) => guard,
            };
            match load().await? {
                None => return Ok(None),
                Some(Loaded::Pass(entry)) => return Ok(Some(entry)),
                Some(Loaded::Keep(entry)) => {
                    if guard.insert(entry.clone()).is_ok() {
                        return Ok(Some(entry));
                    }
                }
            }
        }
        // It changes faster than it can be read, or memory cannot be trusted: ask, and keep nothing.
        Ok(load().await?.map(|(Loaded::Keep(entry) | Loaded::Pass(entry))| entry))
    }

    fn is_trusted(&self) -> bool {
        // The last tick may have been a moment ago: it counts as if it were the next one.
        self.freshness.is_fresh(self.clock.ticked_monotonic() + TICK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the roster relies on: a load that was under way while its session was forgotten is not kept.
    #[tokio::test]
    async fn what_was_loaded_before_the_end_is_not_kept_after_it() {
        for everything in [false, true] {
            let cache: Cache<u8, &str> = Cache::new(10);
            let Err(loading) = cache.get_value_or_guard_async(&1).await else { panic!("nothing is known yet") };
            if everything {
                cache.clear()
            } else {
                assert_eq!(cache.remove(&1), None)
            }
            assert!(loading.insert("alive").is_err());
            assert_eq!(cache.get(&1), None);
        }
    }
}
