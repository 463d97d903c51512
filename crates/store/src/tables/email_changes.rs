//! `email_changes`: a change of address that waits for both addresses to confirm it. One for each user: a newer one
//! takes the place of the older.

use durward_proto::{Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::Write;

/// A change that is asked for.
#[derive(Debug, Clone)]
pub struct NewEmailChange<'a> {
    /// Whose address it is.
    pub user_id: UserId,
    /// The address as it shall be.
    pub new_email: &'a str,
    /// The SHA-256 of what is mailed to the address as it is.
    pub old_token_hash: &'a [u8; 32],
    /// The SHA-256 of what is mailed to the new one.
    pub new_token_hash: &'a [u8; 32],
    /// The time.
    pub now: Timestamp,
    /// When both must have confirmed it.
    pub expires_at: Timestamp,
}

/// A change after one of its addresses confirmed it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EmailChangeRow {
    /// Whose address it is.
    #[sqlx(try_from = "Db<UserId>")]
    pub user_id: UserId,
    /// The address as it shall be.
    pub new_email: String,
    /// Whether the address as it is has confirmed it.
    pub old_confirmed: bool,
    /// Whether the new one has.
    pub new_confirmed: bool,
}

queries! {
    /// Keeps a change; the user's older one ends.
    PUT = "INSERT INTO email_changes (user_id, new_email, old_token_hash, new_token_hash, old_confirmed_at, \
        new_confirmed_at, created_at, expires_at) VALUES ($1, $2, $3, $4, NULL, NULL, $5, $6) \
        ON CONFLICT (user_id) DO UPDATE SET new_email = excluded.new_email, \
        old_token_hash = excluded.old_token_hash, new_token_hash = excluded.new_token_hash, \
        old_confirmed_at = NULL, new_confirmed_at = NULL, created_at = excluded.created_at, \
        expires_at = excluded.expires_at";
    /// Whose change one of these tokens is for.
    OWNER = "SELECT user_id FROM email_changes WHERE (old_token_hash = $1 OR new_token_hash = $1) AND expires_at > $2";
    /// Notes one confirmation, once.
    CONFIRM = "UPDATE email_changes SET \
        old_confirmed_at = CASE WHEN old_token_hash = $1 THEN $2 ELSE old_confirmed_at END, \
        new_confirmed_at = CASE WHEN new_token_hash = $1 THEN $2 ELSE new_confirmed_at END \
        WHERE expires_at > $2 AND ((old_token_hash = $1 AND old_confirmed_at IS NULL) \
        OR (new_token_hash = $1 AND new_confirmed_at IS NULL)) \
        RETURNING user_id, new_email, old_confirmed_at IS NOT NULL AS old_confirmed, \
        new_confirmed_at IS NOT NULL AS new_confirmed";
    /// Gives the new address another token, unless it has confirmed the change.
    RENEW = "UPDATE email_changes SET new_token_hash = $3 WHERE user_id = $1 AND new_email = $2 \
        AND new_confirmed_at IS NULL AND expires_at > $4";
    /// The address that a user wants to have.
    WANTED = "SELECT new_email FROM email_changes WHERE user_id = $1 AND expires_at > $2";
    /// Ends a user's change.
    FORGET = "DELETE FROM email_changes WHERE user_id = $1";
}

impl Write<Gate> {
    /// Keeps a change that both addresses have to confirm. The user's older one ends.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Gone` when the user is no longer there.
    pub async fn put_email_change(&mut self, new: &NewEmailChange<'_>) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(PUT))
            .bind(new.user_id.0)
            .bind(new.new_email)
            .bind(new.old_token_hash.as_slice())
            .bind(new.new_token_hash.as_slice())
            .bind(Db(new.now))
            .bind(Db(new.expires_at))
            .execute(c)
            .await
            .map(drop))
    }

    /// Whose change it is that this token may confirm.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn email_change_owner(&mut self, hash: &[u8; 32], now: Timestamp) -> Result<Option<UserId>, StoreError> {
        let owner: Option<i64> = on!(self, |c, sql| sqlx::query_scalar(sql(OWNER))
            .bind(hash.as_slice())
            .bind(Db(now))
            .fetch_optional(c)
            .await)?;
        Ok(owner.map(UserId))
    }

    /// Notes that the address which got this token confirmed the change. `None` when the token is not known, was used
    /// before, or has expired: of many at once, one gets it.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn confirm_email_change(
        &mut self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<EmailChangeRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(CONFIRM)).bind(hash.as_slice()).bind(Db(now)).fetch_optional(c).await)
    }

    /// The address that a user wants to have, as long as they may.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn wanted_email(&mut self, user: UserId, now: Timestamp) -> Result<Option<String>, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(WANTED)).bind(user.0).bind(Db(now)).fetch_optional(c).await)
    }

    /// Gives the new address its token. False when the change is over, or that address has confirmed it.
    ///
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn renew_email_change(
        &mut self,
        user: UserId,
        new_email: &str,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(RENEW))
            .bind(user.0)
            .bind(new_email)
            .bind(hash.as_slice())
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }
}

impl<S> Write<S> {
    /// Ends a user's change of address.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_email_change(&mut self, user: UserId) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(FORGET)).bind(user.0).execute(c).await.map(drop))
    }
}
