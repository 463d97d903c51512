//! `recovery_tokens`: what stands in mailed links, kept as hashes. One of each purpose for each user: a newer one takes
//! the place of the older.

use durward_proto::{Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::{Read, Write};

/// What a mailed token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryPurpose {
    /// Setting a new password.
    ResetPassword,
    /// Confirming the account's address.
    VerifyEmail,
}

impl RecoveryPurpose {
    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_password",
            Self::VerifyEmail => "verify_email",
        }
    }
}

/// A token to keep.
#[derive(Debug, Clone)]
pub struct NewRecoveryToken<'a> {
    /// Its SHA-256.
    pub hash: &'a [u8; 32],
    /// Whose it is.
    pub user_id: UserId,
    /// What it is for.
    pub purpose: RecoveryPurpose,
    /// The key of the address that it was mailed to.
    pub email_key: &'a str,
    /// The time.
    pub now: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Whose token it is, and to which address it was mailed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RecoveryRow {
    /// The user.
    #[sqlx(try_from = "Db<UserId>")]
    pub user_id: UserId,
    /// The key of the address.
    pub email_key: String,
}

queries! {
    /// Keeps a token's hash; the user's older one of this purpose ends.
    PUT = "INSERT INTO recovery_tokens (token_hash, user_id, purpose, email_key, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, purpose) DO UPDATE SET \
        token_hash = excluded.token_hash, email_key = excluded.email_key, created_at = excluded.created_at, \
        expires_at = excluded.expires_at";
    /// Whose token it is.
    FIND = "SELECT user_id, email_key FROM recovery_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3";
    /// Uses a token up, once.
    TAKE = "DELETE FROM recovery_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 \
        RETURNING user_id, email_key";
    /// Ends all of a user's tokens.
    FORGET = "DELETE FROM recovery_tokens WHERE user_id = $1";
}

impl Read<Gate> {
    /// Whose token it is, without using it. `None` when it is not known or has expired.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn recovery_token(
        &mut self,
        hash: &[u8; 32],
        purpose: RecoveryPurpose,
        now: Timestamp,
    ) -> Result<Option<RecoveryRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(FIND))
            .bind(hash.as_slice())
            .bind(purpose.as_str())
            .bind(Db(now))
            .fetch_optional(c)
            .await)
    }
}

impl Write<Gate> {
    /// Keeps a token's hash. The user's older token of this purpose ends.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Gone` when the user is no longer there.
    pub async fn put_recovery_token(&mut self, new: &NewRecoveryToken<'_>) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(PUT))
            .bind(new.hash.as_slice())
            .bind(new.user_id.0)
            .bind(new.purpose.as_str())
            .bind(new.email_key)
            .bind(Db(new.now))
            .bind(Db(new.expires_at))
            .execute(c)
            .await
            .map(drop))
    }

    /// Uses a token up. `None` when it is not known, was used before, or has expired: of many at once, one gets it.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn take_recovery_token(
        &mut self,
        hash: &[u8; 32],
        purpose: RecoveryPurpose,
        now: Timestamp,
    ) -> Result<Option<RecoveryRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(TAKE))
            .bind(hash.as_slice())
            .bind(purpose.as_str())
            .bind(Db(now))
            .fetch_optional(c)
            .await)
    }
}

impl<S> Write<S> {
    /// Ends all of a user's mailed tokens.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_recovery_tokens(&mut self, user: UserId) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(FORGET)).bind(user.0).execute(c).await.map(drop))
    }
}
