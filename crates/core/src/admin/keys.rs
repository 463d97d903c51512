//! The signing keys, as operators see them.

use durward_proto::wire::admin::KeyAnswer;

use crate::fault::Fault;
use crate::keys::{KeyEntry, KeyOrigin, KeyState};
use crate::service::Core;

impl Core {
    /// All keys, the newest first and the configuration's last; never a private part.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn key_list(&self) -> Result<Vec<KeyAnswer>, Fault> {
        let keys = self.keys.list().await.map_err(|fault| Fault::unavailable(fault.to_string()))?;
        Ok(keys.into_iter().map(answer).collect())
    }
}

fn answer(key: KeyEntry) -> KeyAnswer {
    KeyAnswer {
        kid: key.kid,
        algorithm: key.algorithm,
        state: match key.state {
            KeyState::Signing => "signing",
            KeyState::Checking => "checking",
            KeyState::Retired => "retired",
            KeyState::Unreadable => "unreadable",
        },
        origin: match key.origin {
            KeyOrigin::Configuration => "configuration",
            KeyOrigin::Database => "database",
        },
        created_at: key.created_at,
        retired_at: key.retired_at,
        public_jwk: key.public_jwk,
    }
}
