//! `passkey_ceremonies`: what was asked of an authenticator. Answering one deletes it.

use durward_proto::ids::UuidId;
use durward_proto::{CeremonyId, SessionId, Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::Write;

/// What a ceremony is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CeremonyPurpose {
    /// To register a passkey.
    Register,
    /// To log in with nothing else.
    Login,
    /// To answer a challenge after the password.
    SecondFactor,
    /// To show again who one is.
    Reauthenticate,
}

impl CeremonyPurpose {
    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::SecondFactor => "second_factor",
            Self::Reauthenticate => "reauthenticate",
        }
    }
}

/// What a ceremony belongs to: it is taken under the very same alone.
#[derive(Debug, Clone, Copy)]
pub struct CeremonyBond<'a> {
    /// What it is for.
    pub purpose: CeremonyPurpose,
    /// Whose it is, where that is known.
    pub user_id: Option<UserId>,
    /// The session in which it began.
    pub session_id: Option<SessionId>,
    /// The hash of the challenge in which it began.
    pub challenge_hash: Option<&'a [u8; 32]>,
}

queries! {
    /// Keeps what was asked.
    INSERT = "INSERT INTO passkey_ceremonies (id, purpose, user_id, session_id, challenge_hash, state_sealed, created_at, \
        expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Takes it, if it belongs there.
    TAKE = "DELETE FROM passkey_ceremonies WHERE id = $1 AND purpose = $2 AND user_id IS NOT DISTINCT FROM $3 \
        AND session_id IS NOT DISTINCT FROM $4 AND challenge_hash IS NOT DISTINCT FROM $5 AND expires_at > $6 \
        RETURNING state_sealed";
}

impl Write<Gate> {
    /// Keeps what was asked of an authenticator.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Gone` when the user is no longer there.
    pub async fn insert_ceremony(
        &mut self,
        id: CeremonyId,
        bond: CeremonyBond<'_>,
        state_sealed: &[u8],
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(id.uuid())
            .bind(bond.purpose.as_str())
            .bind(bond.user_id.map(Db))
            .bind(bond.session_id.map(Db))
            .bind(bond.challenge_hash.map(<[u8; 32]>::as_slice))
            .bind(state_sealed)
            .bind(Db(now))
            .bind(Db(expires_at))
            .execute(c)
            .await
            .map(drop))
    }

    /// Takes a ceremony, and gives its sealed state. `None` when it is not known, was taken before, has expired, or
    /// belongs to something else; that costs it nothing.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn take_ceremony(
        &mut self,
        id: CeremonyId,
        bond: CeremonyBond<'_>,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(TAKE))
            .bind(id.uuid())
            .bind(bond.purpose.as_str())
            .bind(bond.user_id.map(Db))
            .bind(bond.session_id.map(Db))
            .bind(bond.challenge_hash.map(<[u8; 32]>::as_slice))
            .bind(Db(now))
            .fetch_optional(c)
            .await)
    }
}
