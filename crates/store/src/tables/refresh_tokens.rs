//! `refresh_tokens`: single use, kept as hashes. Rotation is one guarded update, so of many at once one wins.

use durward_proto::ids::UuidId;
use durward_proto::wire::auth::Transport;
use durward_proto::{SessionId, Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::later::later;
use crate::link::on;
use crate::query::queries;
use crate::scope::Gate;
use crate::tables::LiveRow;
use crate::tx::{Read, Write};

/// A refresh token with what decides about its use.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RefreshRow {
    /// The session it belongs to.
    #[sqlx(try_from = "Db<SessionId>")]
    pub session_id: SessionId,
    /// The session's user.
    #[sqlx(try_from = "Db<UserId>")]
    pub user_id: UserId,
    /// How many rotations came before it, plus one.
    #[sqlx(try_from = "i64")]
    pub generation: u32,
    /// When it ends.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub expires_at: Timestamp,
    /// When it was used up, if it was.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub rotated_at: Option<Timestamp>,
    /// Its successor, sealed under a key that only the token itself gives.
    pub sealed_successor: Option<Vec<u8>>,
    /// Whether the successor was used up, too.
    pub successor_used: bool,
    /// Whether the session was ended.
    pub session_ended: bool,
    /// When the session ends at the latest.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub session_expires_at: Timestamp,
    /// The newest generation of the session whose tokens were used.
    #[sqlx(try_from = "i64")]
    pub settled_generation: u32,
    /// How the client keeps its tokens.
    #[sqlx(try_from = "Db<Transport>")]
    pub transport: Transport,
}

impl std::fmt::Debug for RefreshRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshRow")
            .field("session_id", &self.session_id)
            .field("generation", &self.generation)
            .field("rotated_at", &self.rotated_at)
            .finish_non_exhaustive()
    }
}

queries! {
    /// Keeps a token's hash.
    INSERT = "INSERT INTO refresh_tokens (token_hash, session_id, generation, issued_at, expires_at, rotated_at, \
        sealed_successor) VALUES ($1, $2, $3, $4, $5, NULL, NULL)";
    // The session before its token, as whoever erases an account takes them: they never wait for each other in a circle. Of
    // many who rotate one token the others find that its generation is no longer the session's.
    /// Begins the next generation of the live session whose newest token this is.
    BEGIN_GENERATION = "UPDATE user_sessions SET generation = generation + 1 \
        WHERE id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1 AND rotated_at IS NULL \
        AND expires_at > $2) AND generation = (SELECT generation FROM refresh_tokens WHERE token_hash = $1) \
        AND ended_at IS NULL AND expires_at > $2 RETURNING id, generation - 1";
    /// Uses a token up, once.
    ROTATE = "UPDATE refresh_tokens SET rotated_at = $2, sealed_successor = $3 \
        WHERE token_hash = $1 AND rotated_at IS NULL";
    /// A token with its session.
    BY_HASH = "SELECT t.session_id, s.user_id, t.generation, t.expires_at, t.rotated_at, t.sealed_successor, \
        EXISTS (SELECT 1 FROM refresh_tokens n WHERE n.session_id = t.session_id \
        AND n.generation = t.generation + 1 AND n.rotated_at IS NOT NULL) AS successor_used, \
        s.ended_at IS NOT NULL AS session_ended, s.expires_at AS session_expires_at, s.settled_generation, \
        s.transport FROM refresh_tokens t JOIN user_sessions s ON s.id = t.session_id WHERE t.token_hash = $1";
}

impl Write<Gate> {
    /// Keeps a token's hash.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Conflict` when the session has a token of that generation.
    pub async fn insert_refresh(
        &mut self,
        hash: &[u8; 32],
        session: SessionId,
        generation: u32,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        later!(self, INSERT, [hash.as_slice(), session.uuid(), i64::from(generation), Db(now), Db(expires_at)])
    }

    /// Uses a token up, leaves its sealed successor for whoever asks again soon, and begins the session's next generation. That
    /// it was used is the caller's to note: so far it says since when it was not. Gives the session, the generation that is
    /// over, and what stands of the session. `None` when the token is not known, was used before, has expired, or its session
    /// has ended; of many at once, one gets an answer.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn rotate_refresh(
        &mut self,
        hash: &[u8; 32],
        now: Timestamp,
        sealed_successor: &[u8],
    ) -> Result<Option<(SessionId, u32, LiveRow)>, StoreError> {
        let row: Option<(Db<SessionId>, i64)> = on!(self, |c, sql| sqlx::query_as(sql(BEGIN_GENERATION))
            .bind(hash.as_slice())
            .bind(Db(now))
            .fetch_optional(c)
            .await)?;
        let Some((Db(session), generation)) = row else { return Ok(None) };
        let Some(live) = self.live_session(session).await? else { return Ok(None) };
        // Of one row, in any case: the token was not used up, and whoever uses it up holds its session.
        later!(self, ROTATE, [hash.as_slice(), Db(now), sealed_successor])?;
        Ok(Some((session, u32::try_from(generation).unwrap_or(u32::MAX), live)))
    }
}

impl Read<Gate> {
    /// A token with what decides about its use.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn refresh_by_hash(&mut self, hash: &[u8; 32]) -> Result<Option<RefreshRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(BY_HASH)).bind(hash.as_slice()).fetch_optional(c).await)
    }
}
