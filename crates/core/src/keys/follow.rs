//! How a running node takes over what another process has changed.

use std::sync::Arc;
use std::time::Duration;

use durward_store::KeyRow;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::fault::KeyFault;
use super::ring::Keys;
use super::{CHANGED, SigningKeys};
use crate::bus::Revocation;
use crate::service::Core;

/// How often the keys are looked at without having been told of a change: a database that was restored tells nothing.
const EVERY: Duration = Duration::from_secs(5);
/// How long to wait after a failure.
const AGAIN: Duration = Duration::from_millis(500);

/// What a node has taken over.
#[derive(Default)]
struct Taken {
    rows: Option<Vec<KeyRow>>,
    /// When the next key begins to sign.
    next: Option<durward_proto::Timestamp>,
    failing: bool,
}

impl Core {
    /// Keeps the verifier's keys what the database says, until the future is dropped.
    pub(crate) async fn follow_keys(&self) {
        let mut changes = self.bus.observe();
        let mut taken = Taken::default();
        loop {
            let wait = match self.take_keys(&mut taken).await {
                Ok(()) => {
                    taken.failing = false;
                    let next = taken.next.map(|at| at.since(self.clock.now()));
                    next.map_or(EVERY, |next| next.min(EVERY))
                }
                Err(fault) => {
                    if !std::mem::replace(&mut taken.failing, true) {
                        tracing::warn!(%fault, "the signing keys cannot be read; going on with those that are known");
                    }
                    AGAIN
                }
            };
            tokio::select! {
                () = told(&mut changes) => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn take_keys(&self, taken: &mut Taken) -> Result<(), KeyFault> {
        let rows = self.gate.read().await?.signing_keys().await?;
        let due = taken.next.is_some_and(|at| at <= self.clock.now());
        if !due && taken.rows.as_ref() == Some(&rows) {
            return Ok(());
        }
        let mut keys = self.keys.keys_of(&rows)?;
        if keys.ring.checking().is_empty() {
            // All were retired by somebody with another configuration. What is retired must be refused at once.
            self.verifier.take_keys(keys.ring);
            self.keys.make_first().await?;
            keys = self.keys.read().await?;
        }
        for (kid, fault) in &keys.unreadable {
            tracing::error!(kid, %fault, cure = fault.cure(), "a signing key cannot be read; its tokens are refused here");
        }
        self.install(keys, taken);
        taken.rows = Some(rows);
        Ok(())
    }

    fn install(&self, keys: Keys, taken: &mut Taken) {
        let before = self.verifier.keys();
        if before.signing_kid() != keys.ring.signing_kid() {
            tracing::info!(kid = keys.ring.signing_kid(), algorithm = %keys.ring.algorithm(), "another key signs");
        }
        taken.next = keys.next;
        self.verifier.take_keys(keys.ring);
    }

    /// The keys of the configuration and the database.
    pub fn signing_keys(&self) -> &SigningKeys {
        &self.keys
    }
}

/// Waits until the keys have been changed, or may have been.
async fn told(changes: &mut Receiver<Arc<Revocation>>) {
    loop {
        match changes.recv().await {
            Ok(revocation) if revocation.reason == CHANGED => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
