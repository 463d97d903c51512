//! `two_factor_challenges`: who passed the password and has to show a second factor, or to set one up. Kept as hashes;
//! taking one deletes it.

use durward_proto::wire::auth::Transport;
use durward_proto::{Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{EndsSessions, Gate, Own};
use crate::tx::{Read, Write};

/// What a challenge asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengePurpose {
    /// To show a second factor.
    Verify,
    /// To set one up.
    Enrol,
}

impl ChallengePurpose {
    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Enrol => "enrol",
        }
    }
}

/// A challenge to keep.
#[derive(Clone)]
pub struct NewChallenge<'a> {
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// Who passed the password.
    pub user_id: UserId,
    /// What it asks for.
    pub purpose: ChallengePurpose,
    /// How the client keeps its tokens.
    pub transport: Transport,
    /// A hash of what tells the client from others.
    pub client_hash: [u8; 32],
    /// The client's address.
    pub ip: &'a str,
    /// What was shown so far: RFC 8176 words, separated by spaces.
    pub amr: &'a str,
    /// The sealed TOTP secret to set up, with `Enrol` alone.
    pub setup_sealed: Option<&'a [u8]>,
    /// A keyed hash of the code that was mailed, where one was.
    pub mail_code_hash: Option<[u8; 32]>,
    /// The time.
    pub now: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for NewChallenge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewChallenge").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// A challenge.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ChallengeRow {
    /// Who passed the password.
    #[sqlx(try_from = "Db<UserId>")]
    pub user_id: UserId,
    /// What it asks for.
    #[sqlx(try_from = "Db<ChallengePurpose>")]
    pub purpose: ChallengePurpose,
    /// How the client keeps its tokens.
    #[sqlx(try_from = "Db<Transport>")]
    pub transport: Transport,
    /// A hash of what tells the client from others.
    pub client_hash: Vec<u8>,
    /// The client's address.
    pub ip: String,
    /// What was shown so far: words separated by spaces.
    pub amr: String,
    /// The sealed TOTP secret to set up.
    pub setup_sealed: Option<Vec<u8>>,
    /// A keyed hash of the code that was mailed, where one was.
    pub mail_code_hash: Option<Vec<u8>>,
}

impl std::fmt::Debug for ChallengeRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChallengeRow")
            .field("user_id", &self.user_id)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

queries! {
    /// Keeps a challenge.
    INSERT = "INSERT INTO two_factor_challenges (token_hash, user_id, purpose, transport, client_hash, ip, amr, \
        setup_sealed, mail_code_hash, tries, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)";
    /// One that has not ended.
    FIND = "SELECT user_id, purpose, transport, client_hash, ip, amr, setup_sealed, mail_code_hash \
        FROM two_factor_challenges \
        WHERE token_hash = $1 AND expires_at > $2";
    /// Counts a try, while there are any left.
    COUNT_TRY = "UPDATE two_factor_challenges SET tries = tries + 1 \
        WHERE token_hash = $1 AND expires_at > $2 AND tries < $3 RETURNING tries";
    /// Takes it.
    TAKE = "DELETE FROM two_factor_challenges WHERE token_hash = $1 AND expires_at > $2 \
        RETURNING user_id, purpose, transport, client_hash, ip, amr, setup_sealed, mail_code_hash";
    /// Forgets a user's.
    FORGET = "DELETE FROM two_factor_challenges WHERE user_id = $1";
    /// Forgets what was asked of a user's authenticators.
    FORGET_CEREMONIES = "DELETE FROM passkey_ceremonies WHERE user_id = $1";
}

impl Read<Gate> {
    /// A challenge that has not ended.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn challenge(&mut self, hash: &[u8; 32], now: Timestamp) -> Result<Option<ChallengeRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(FIND)).bind(hash.as_slice()).bind(Db(now)).fetch_optional(c).await)
    }
}

impl Write<Gate> {
    /// Keeps a challenge.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn insert_challenge(&mut self, new: &NewChallenge<'_>) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(new.token_hash.as_slice())
            .bind(new.user_id.0)
            .bind(Db(new.purpose))
            .bind(Db(new.transport))
            .bind(new.client_hash.as_slice())
            .bind(new.ip)
            .bind(new.amr)
            .bind(new.setup_sealed)
            .bind(new.mail_code_hash.as_ref().map(<[u8; 32]>::as_slice))
            .bind(Db(new.now))
            .bind(Db(new.expires_at))
            .execute(c)
            .await
            .map(drop))
    }

    /// Counts a try before it is checked, and says how many there were with it. `None` when the challenge has ended or
    /// had `most` of them: of many at once no more get through.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn count_challenge_try(
        &mut self,
        hash: &[u8; 32],
        most: u32,
        now: Timestamp,
    ) -> Result<Option<u32>, StoreError> {
        let tries: Option<i64> = on!(self, |c, sql| sqlx::query_scalar(sql(COUNT_TRY))
            .bind(hash.as_slice())
            .bind(Db(now))
            .bind(i64::from(most))
            .fetch_optional(c)
            .await)?;
        Ok(tries.map(|tries| u32::try_from(tries).unwrap_or(u32::MAX)))
    }

    /// Takes a challenge. `None` when it is not known, was taken before, or has ended: of many at once one gets it.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn take_challenge(
        &mut self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<ChallengeRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(TAKE)).bind(hash.as_slice()).bind(Db(now)).fetch_optional(c).await)
    }

    /// Forgets a user's challenges and ceremonies: whatever is half-way into the account. Before the sessions are ended,
    /// so that a login which is about to be completed has either opened its session by then, or never will.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_pending(&mut self, user: UserId) -> Result<(), StoreError> {
        forget(self, user).await
    }
}

impl Write<Own> {
    /// Forgets the asking user's challenges and ceremonies.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_pending(&mut self) -> Result<(), StoreError> {
        let user = self.scope.user;
        forget(self, user).await
    }
}

impl<S: EndsSessions> Write<S> {
    /// Forgets a user's challenges and ceremonies, before the sessions are ended.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_pending(&mut self, user: UserId) -> Result<(), StoreError> {
        forget(self, user).await
    }
}

async fn forget<S>(write: &mut Write<S>, user: UserId) -> Result<(), StoreError> {
    on!(write, |c, sql| sqlx::query(sql(FORGET)).bind(user.0).execute(c).await.map(drop))?;
    on!(write, |c, sql| sqlx::query(sql(FORGET_CEREMONIES)).bind(user.0).execute(c).await.map(drop))
}
