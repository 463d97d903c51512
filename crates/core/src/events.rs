//! What other processes have ended: the command line, and other nodes on the same database.
//!
//! Revocations stand in a table, numbered in the order of their commits. Each node remembers the last number that it
//! has applied and reads on from there.

use std::sync::Arc;
use std::time::Duration;

use durward_proto::UserId;
use durward_store::{EventRow, StoreError};

use crate::service::Core;

/// How often the table is looked at.
const EVERY: Duration = Duration::from_millis(250);
/// How many events are read at once.
const BATCH: u32 = 500;

impl Core {
    /// Follows the events until the future is dropped. Start it before the first request is served.
    ///
    /// # Errors
    /// When the database cannot say where the events stand at the start.
    pub async fn follow_events(self: Arc<Self>) -> Result<impl Future<Output = ()> + Send, StoreError> {
        let mut applied = self.gate.read().await?.latest_event().await?;
        Ok(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                if let Err(error) = self.catch_up(&mut applied).await {
                    tracing::warn!(%error, applied, "could not read the revocations of other nodes; trying again");
                }
            }
        })
    }

    async fn catch_up(&self, applied: &mut i64) -> Result<(), StoreError> {
        loop {
            let events = self.gate.read().await?.events_after(*applied, BATCH).await?;
            for event in &events {
                self.apply(event).await?;
                *applied = event.seq;
            }
            if events.len() < BATCH as usize {
                return Ok(());
            }
        }
    }

    async fn apply(&self, event: &EventRow) -> Result<(), StoreError> {
        match event.session_id {
            Some(session) => self.revoker.tell(&[session], &event.reason),
            None => self.apply_to_all(event.user_id, &event.reason).await?,
        }
        Ok(())
    }

    async fn apply_to_all(&self, user: UserId, reason: &str) -> Result<(), StoreError> {
        let sessions = self.gate.read().await?.session_ids(user).await?;
        self.revoker.tell(&sessions, reason);
        Ok(())
    }
}
