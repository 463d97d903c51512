//! Who listens for the end of a session: every open socket does.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use durward_proto::{Code, SessionId};
use tokio::sync::watch;

/// From a session to those who wait for its end.
#[derive(Debug, Default)]
pub struct Leases {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    sessions: HashMap<SessionId, watch::Sender<Option<Code>>>,
    /// At this size those that nobody listens to any more are swept out.
    sweep_at: usize,
}

impl Leases {
    /// Says when and why this session's sockets must close.
    pub fn watch(&self, session: SessionId) -> watch::Receiver<Option<Code>> {
        let mut waiting = self.waiting();
        if waiting.sessions.len() >= waiting.sweep_at {
            waiting.sessions.retain(|_, sender| sender.receiver_count() > 0);
            waiting.sweep_at = (waiting.sessions.len() * 2).max(1_024);
        }
        waiting.sessions.entry(session).or_insert_with(|| watch::channel(None).0).subscribe()
    }

    /// Closes the session's sockets.
    pub fn close(&self, session: SessionId, reason: Code) {
        let sender = self.waiting().sessions.remove(&session);
        if let Some(sender) = sender {
            sender.send_replace(Some(reason));
        }
    }

    /// Closes all sockets, and says how many those were.
    pub fn close_all(&self, reason: Code) -> usize {
        let all = std::mem::take(&mut self.waiting().sessions);
        all.into_values().fold(0, |closed, sender| {
            sender.send_replace(Some(reason));
            closed + sender.receiver_count()
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
