//! The keys, for people.

use durward_proto::Timestamp;
use durward_store::KeyRow;
use durward_verify::Algorithm;
use serde::Serialize;
use serde_json::Value;

use super::SigningKeys;
use super::fault::KeyFault;
use super::ring::Keys;

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyOrigin {
    /// It is `tokens.secret`.
    Configuration,
    /// `signing_keys`.
    Database,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// New tokens are signed with it.
    Signing,
    /// Tokens are checked with it.
    Checking,
    /// Its tokens are refused.
    Retired,
    /// It cannot be read with the configured master key; its tokens are refused where that is so.
    Unreadable,
}

/// A key, without its private part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyEntry {
    /// Its name in tokens.
    pub kid: String,
    /// `HS256`, `EdDSA`, `ES256` or `RS256`.
    pub algorithm: String,
    /// What it does.
    pub state: KeyState,
    /// Where it stands.
    pub origin: KeyOrigin,
    /// When it was made; not known of the configuration's.
    pub created_at: Option<Timestamp>,
    /// Since when its tokens are refused.
    pub retired_at: Option<Timestamp>,
    /// The public part, unless it is a secret.
    pub public_jwk: Option<Value>,
}

impl SigningKeys {
    /// All keys, the newest first and the configuration's last.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self) -> Result<Vec<KeyEntry>, KeyFault> {
        let rows = self.gate.read().await?.signing_keys().await?;
        let keys = self.keys_of(&rows)?;
        let mut entries: Vec<KeyEntry> = rows.into_iter().map(|row| self.entry(row, &keys)).collect();
        if !entries.iter().any(|entry| *entry.kid == *self.secret_kid) {
            let kid = self.secret_kid.to_string();
            entries.push(KeyEntry {
                state: in_force(&kid, &keys),
                kid,
                algorithm: Algorithm::Hs256.to_string(),
                origin: KeyOrigin::Configuration,
                created_at: None,
                retired_at: None,
                public_jwk: None,
            });
        }
        Ok(entries)
    }

    fn entry(&self, row: KeyRow, keys: &Keys) -> KeyEntry {
        let is_secret = *row.kid == *self.secret_kid;
        KeyEntry {
            state: if row.retired_at.is_some() { KeyState::Retired } else { in_force(&row.kid, keys) },
            origin: if is_secret { KeyOrigin::Configuration } else { KeyOrigin::Database },
            created_at: (!is_secret).then_some(row.created_at),
            kid: row.kid,
            algorithm: row.algorithm,
            retired_at: row.retired_at,
            public_jwk: row.public_jwk,
        }
    }
}

fn in_force(kid: &str, keys: &Keys) -> KeyState {
    if keys.unreadable.iter().any(|(unreadable, _)| unreadable == kid) {
        KeyState::Unreadable
    } else if keys.ring.signing_kid() == kid {
        KeyState::Signing
    } else {
        KeyState::Checking
    }
}
