//! Figures for the operator's charts. Each node counts in memory what happens on it and writes the sums into the table
//! `figures` once a minute ([`write`]); [`series`] puts a chart together from what all nodes have written. That costs a
//! request one addition and no SQL, and needs no other program beside this one. Prometheus has more of it at `/metrics`.

mod latency;
mod series;
mod write;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use durward_proto::{Random, Timestamp, random};
use latency::Latencies;

pub use series::SeriesQuery;

/// What this node has counted since it last wrote it down.
pub struct Figures {
    /// What this process is called in the table: made up, so that two on one machine are two.
    node: String,
    started_at: Timestamp,
    counts: Mutex<BTreeMap<(&'static str, String), i64>>,
    requests: Latencies,
    checks: Latencies,
}

impl std::fmt::Debug for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Figures").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Figures {
    pub(crate) fn new(now: Timestamp, random: &dyn Random) -> Self {
        let name: [u8; 6] = random::bytes(random);
        let node = name.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Self { node, started_at: now, counts: Mutex::default(), requests: Latencies::new(), checks: Latencies::new() }
    }

    /// When this node was started.
    pub(crate) fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Counts one of `name`. Both words come from the program, never from a client, so that there are few of them.
    pub(crate) fn count(&self, name: &'static str, label: String) {
        self.add(name, label, 1);
    }

    fn add(&self, name: &'static str, label: String, by: i64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((name, label)).or_default() += by;
    }

    /// Counts a login, and what came of it.
    pub(crate) fn login(&self, method: &str, result: &str) {
        self.count("logins", format!("{method}/{result}"));
    }

    /// Counts a request, and how long it took.
    pub fn request(&self, took: Duration) {
        self.requests.add(took);
    }

    /// Counts a check of a token, and how long it took.
    pub fn token_check(&self, took: Duration) {
        self.checks.add(took);
    }

    fn take_counts(&self) -> BTreeMap<(&'static str, String), i64> {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
