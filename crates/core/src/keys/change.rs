//! Making and retiring keys.
//!
//! Each change appends its event before it reads what is there: from then on nobody else changes keys until the commit.

use durward_proto::{Timestamp, UserId};
use durward_store::{Audit, EventKind, Gate, KeyRow, NewEvent, NewKey, Write};
use durward_verify::{Algorithm, CheckingKey, SigningKey};
use serde_json::{Value, json};

use super::fault::KeyFault;
use super::{ACTIVATES_AFTER, CHANGED, SigningKeys};

/// A key that was made and is not kept yet.
struct Made {
    key: CheckingKey,
    sealed: Vec<u8>,
}

impl SigningKeys {
    /// Makes a new key for the given algorithm, or else for the configured one. Every node signs with it within a second;
    /// tokens of the one before hold until they expire. Gives its `kid`.
    ///
    /// # Errors
    /// When it would not sign because another algorithm was chosen, when there is no master key, or the database is away.
    pub async fn rotate(&self, algorithm: Option<Algorithm>) -> Result<String, KeyFault> {
        let chosen = self.settings.algorithm;
        let algorithm = algorithm.unwrap_or(chosen);
        if self.settings.is_chosen && algorithm != chosen {
            return Err(KeyFault::Chosen { asked: algorithm, chosen });
        }
        let made = self.make(algorithm).await?;
        let (mut write, now) = self.begin().await?;
        // A master key that does not open what is there is not the one that the nodes have.
        let mut keys = self.keys_of(&write.signing_keys().await?)?;
        if let Some((_, fault)) = keys.unreadable.pop() {
            return Err(fault);
        }
        keep(&mut write, &made, now, now.plus(ACTIVATES_AFTER)).await?;
        write.commit(audit("key_rotated", made.key.kid(), algorithm, "operator")).await?;
        Ok(made.key.kid().to_owned())
    }

    /// Retires a key: from now on its tokens are refused everywhere, and its private part is gone. Sessions live on; who
    /// has a refresh token gets a token of another key.
    ///
    /// # Errors
    /// When there is no such key, when nothing would be left to sign with, or the database is away.
    pub async fn retire(&self, kid: &str) -> Result<(), KeyFault> {
        let (mut write, now) = self.begin().await?;
        let mut rows = write.signing_keys().await?;
        let algorithm = match rows.iter().find(|row| row.kid == kid) {
            Some(row) if row.retired_at.is_some() => return Err(KeyFault::Retired { kid: kid.to_owned() }),
            Some(row) => row.algorithm.parse()?,
            None if *kid == *self.secret_kid => Algorithm::Hs256,
            None => return Err(KeyFault::Unknown { kid: kid.to_owned() }),
        };
        self.must_leave_one(&mut rows, kid, algorithm, now)?;
        if *kid == *self.secret_kid {
            write.insert_signing_key(&retired_secret(kid, now)).await?;
        } else {
            write.retire_signing_key(kid, now).await?;
        }
        write.commit(audit("key_retired", kid, algorithm, "operator")).await?;
        Ok(())
    }

    /// Makes the key that a start lacks, unless another node has made it meanwhile. It signs at once: until now nothing
    /// did as configured.
    pub(super) async fn make_first(&self) -> Result<(), KeyFault> {
        let algorithm = self.settings.algorithm;
        let made = self.make(algorithm).await?;
        let (mut write, now) = self.begin().await?;
        let keys = self.keys_of(&write.signing_keys().await?)?;
        if !keys.unreadable.is_empty() || !self.lacks_one(&keys) {
            return Ok(());
        }
        keep(&mut write, &made, now, now).await?;
        write.commit(audit("key_made", made.key.kid(), algorithm, "start")).await?;
        tracing::info!(kid = made.key.kid(), %algorithm, "made a signing key");
        Ok(())
    }

    async fn make(&self, algorithm: Algorithm) -> Result<Made, KeyFault> {
        let master = self.master.clone();
        let master = master.ok_or_else(|| KeyFault::NoMaster { needed_for: format!("a new {algorithm} key") })?;
        let random = self.random.clone();
        // An RSA key takes up to seconds.
        let making = tokio::task::spawn_blocking(move || {
            let (key, private) = SigningKey::generate(algorithm, &*random)?;
            let key = key.checking();
            let sealed = master.seal(key.kid(), algorithm, &private)?;
            Ok(Made { key, sealed })
        });
        making.await.unwrap_or_else(|error| Err(KeyFault::Store(format!("making the key: {error}"))))
    }

    async fn begin(&self) -> Result<(Write<Gate>, Timestamp), KeyFault> {
        let mut write = self.gate.write().await?;
        let now = self.clock.now();
        let event = NewEvent { kind: EventKind::Keys, user_id: UserId(0), session_id: None, reason: CHANGED, now };
        write.append_event(&event).await?;
        // After the wait for others, so that a key never begins to sign before its time.
        Ok((write, self.clock.now()))
    }

    /// Whether a key to sign with is left, of the chosen algorithm where there was one.
    fn must_leave_one(
        &self,
        rows: &mut Vec<KeyRow>,
        kid: &str,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<(), KeyFault> {
        match rows.iter_mut().find(|row| row.kid == kid) {
            Some(row) => row.retired_at = Some(now),
            None => rows.push(KeyRow {
                kid: kid.to_owned(),
                number: 0,
                algorithm: algorithm.to_string(),
                sealed: None,
                public_jwk: None,
                created_at: now,
                activates_at: now,
                retired_at: Some(now),
            }),
        }
        let left = self.keys_of(rows)?;
        let chosen = self.settings.is_chosen && self.settings.algorithm == algorithm;
        if left.ring.checking().is_empty() || (chosen && !left.has(algorithm)) {
            return Err(KeyFault::Last { kid: kid.to_owned(), algorithm });
        }
        Ok(())
    }
}

async fn keep(write: &mut Write<Gate>, made: &Made, now: Timestamp, activates_at: Timestamp) -> Result<(), KeyFault> {
    let public_jwk = made.key.public_jwk().cloned().map(Value::Object);
    let new = NewKey {
        kid: made.key.kid(),
        algorithm: made.key.algorithm().as_str(),
        sealed: Some(&made.sealed),
        public_jwk: public_jwk.as_ref(),
        now,
        activates_at,
        retired_at: None,
    };
    Ok(write.insert_signing_key(&new).await?)
}

/// The row that says that the configuration's secret is retired.
fn retired_secret(kid: &str, now: Timestamp) -> NewKey<'_> {
    let algorithm = Algorithm::Hs256.as_str();
    NewKey { kid, algorithm, sealed: None, public_jwk: None, now, activates_at: now, retired_at: Some(now) }
}

fn audit(event: &'static str, kid: &str, algorithm: Algorithm, by: &str) -> Audit {
    Audit::new(event).detail(json!({ "by": by, "kid": kid, "algorithm": algorithm }))
}
