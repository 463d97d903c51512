//! Which sessions were used, on the way to the database.
//!
//! One task writes it down, for many sessions in one transaction: a node that has just started may have thousands to note
//! in a second, and whoever logs in waits for the same writer. Each that waits takes a few bytes, and not more than
//! [`ROOM`] do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use durward_proto::{SessionId, Timestamp};
use durward_store::{GateStore, StoreError};
use tokio::runtime::Handle;

/// How many sessions may wait to be noted.
const ROOM: usize = 65_536;
/// How long the first of them waits for others.
const GATHER: Duration = Duration::from_millis(100);
/// How many are noted in one transaction; of the last ones fewer. SQLite keeps what it has made of a text, so that there
/// are only these few.
const BATCHES: [usize; 3] = [64, 8, 1];

/// Sessions whose use is to be noted.
#[derive(Clone)]
pub(super) struct Touches {
    gate: GateStore,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    sessions: Vec<(SessionId, Timestamp)>,
    /// Whether there is a task that writes.
    writing: bool,
}

impl Touches {
    pub(super) fn new(gate: GateStore) -> Self {
        Self { gate, waiting: Arc::default() }
    }

    /// Will note that a session was used. False when it will not, because too many wait: the session's next request may
    /// try again.
    pub(super) fn note(&self, session: SessionId, now: Timestamp) -> bool {
        let Ok(runtime) = Handle::try_current() else { return false };
        let mut waiting = self.waiting();
        if waiting.sessions.len() >= ROOM {
            return false;
        }
        waiting.sessions.push((session, now));
        if !std::mem::replace(&mut waiting.writing, true) {
            runtime.spawn(self.clone().write_all());
        }
        true
    }

    async fn write_all(self) {
        loop {
            tokio::time::sleep(GATHER).await;
            let mut sessions = {
                let mut waiting = self.waiting();
                waiting.writing = !waiting.sessions.is_empty();
                std::mem::take(&mut waiting.sessions)
            };
            if sessions.is_empty() {
                return;
            }
            // Those of one time lie beside each other.
            sessions.sort_unstable();
            let mut rest = &sessions[..];
            while let Some(size) = BATCHES.into_iter().find(|size| *size <= rest.len()) {
                let Some((batch, others)) = rest.split_at_checked(size) else { break };
                if let Err(error) = self.write(batch).await {
                    tracing::warn!(%error, sessions = batch.len(), "could not note when sessions were last seen");
                }
                rest = others;
            }
        }
    }

    async fn write(&self, batch: &[(SessionId, Timestamp)]) -> Result<(), StoreError> {
        let mut write = self.gate.write_ahead().await?;
        for (session, now) in batch {
            write.touch_session(*session, *now).await?;
            write.touch_device(*session, *now).await?;
        }
        write.commit_unaudited("sessions and devices were seen").await
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
