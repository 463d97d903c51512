//! The signing keys: the configuration's secret, and those in the database, of which any number may check while one
//! signs.
//!
//! [`SigningKeys`] makes, changes and reads them; private parts leave the process only sealed ([`master`]). Which key
//! signs is decided in [`ring`]. A running node takes over what another process changed ([`follow`]).

mod change;
mod fault;
mod follow;
mod list;
mod master;
mod ring;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, Random, Secret};
use durward_store::GateStore;
use durward_verify::{Algorithm, KeyRing, SigningKey};

pub use fault::KeyFault;
pub use list::{KeyEntry, KeyOrigin, KeyState};

use master::MasterKey;
use ring::Keys;

/// The reason of events that say that the keys have changed.
pub(crate) const CHANGED: &str = "signing_keys";

/// How long a new key only checks before it signs, so that every node knows it by the time its first token comes: a node
/// that misses the bell reads the events every half second.
const ACTIVATES_AFTER: Duration = Duration::from_millis(750);

/// What the configuration says about signing keys.
#[derive(Debug, Clone)]
pub struct KeySettings {
    /// The first key: HS256.
    pub secret: Secret,
    /// What private parts are sealed under; at least 32 bytes.
    pub master: Option<Secret>,
    /// The algorithm that new keys are made for.
    pub algorithm: Algorithm,
    /// Whether somebody chose it: then no key of another algorithm signs as long as there is one of this.
    pub is_chosen: bool,
}

/// The signing keys of the configuration and the database. Cheap to clone.
#[derive(Clone)]
pub struct SigningKeys {
    gate: GateStore,
    settings: Arc<KeySettings>,
    master: Option<MasterKey>,
    /// The name of the configuration's secret.
    secret_kid: Arc<str>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys").field("secret_kid", &self.secret_kid).finish_non_exhaustive()
    }
}

impl SigningKeys {
    /// Those of this configuration and this database.
    ///
    /// # Errors
    /// When the secret or the master key is too short.
    pub fn new(
        gate: GateStore,
        settings: KeySettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, KeyFault> {
        let master = settings.master.as_ref().map(MasterKey::new).transpose()?;
        let secret_kid = SigningKey::hs256(&settings.secret)?.checking().kid().into();
        Ok(Self { gate, settings: Arc::new(settings), master, secret_kid, clock, random })
    }

    /// The keys for a node that starts. Where the algorithm has none yet, one is made; of many nodes that do this at
    /// once, one makes it and the others take it.
    ///
    /// # Errors
    /// When a key in force cannot be read, a key is needed and there is no master key, or the database is away.
    pub async fn start(&self) -> Result<KeyRing, KeyFault> {
        let mut keys = self.read().await?;
        if keys.unreadable.is_empty() && self.lacks_one(&keys) {
            self.make_first().await?;
            keys = self.read().await?;
        }
        match keys.unreadable.into_iter().next() {
            Some((_, fault)) => Err(fault),
            None => Ok(keys.ring),
        }
    }

    /// Whether each key in force can be read, as it stands in the database now.
    ///
    /// # Errors
    /// The first that cannot, or that the database is away.
    pub async fn check(&self) -> Result<(), KeyFault> {
        match self.read().await?.unreadable.into_iter().next() {
            Some((_, fault)) => Err(fault),
            None => Ok(()),
        }
    }

    async fn read(&self) -> Result<Keys, KeyFault> {
        let rows = self.gate.read().await?.signing_keys().await?;
        self.keys_of(&rows)
    }
}
