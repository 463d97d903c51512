//! `user_two_factor_auth`: what a user has set up beside the password. TOTP secrets are sealed by whoever writes them.

use durward_proto::{Timestamp, UserId};
use uuid::Uuid;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{ChangesUsers, Gate, Own, SeesUsers};
use crate::tx::{Read, Write};

/// A user's TOTP secrets.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TotpRow {
    /// The secret that codes are checked against, sealed; `None` while TOTP is off.
    pub totp_sealed: Option<Vec<u8>>,
    /// The secret that waits for its first code, sealed.
    pub totp_pending_sealed: Option<Vec<u8>>,
    /// Until when it waits.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub totp_pending_until: Option<Timestamp>,
    /// The newest time step whose code was accepted.
    pub totp_last_step: i64,
}

impl std::fmt::Debug for TotpRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpRow").field("totp_last_step", &self.totp_last_step).finish_non_exhaustive()
    }
}

/// Which factors a user has.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FactorsRow {
    /// Since when TOTP is on, if it is.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub totp_enabled_at: Option<Timestamp>,
    /// What the user prefers first: words separated by spaces.
    pub preferred_methods: String,
    /// How many backup codes have not been used.
    #[sqlx(try_from = "i64")]
    pub backup_left: u32,
    /// When the backup codes were made.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub backup_made_at: Option<Timestamp>,
    /// How many passkeys there are.
    #[sqlx(try_from = "i64")]
    pub passkeys: u32,
}

queries! {
    /// Makes the row where there is none, and gives its handle.
    ENSURE = "INSERT INTO user_two_factor_auth (user_id, passkey_handle, totp_sealed, totp_enabled_at, \
        totp_pending_sealed, totp_pending_until, totp_last_step, preferred_methods, created_at, updated_at) \
        VALUES ($1, $2, NULL, NULL, NULL, NULL, 0, '', $3, $3) \
        ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id RETURNING passkey_handle";
    /// The TOTP secrets.
    TOTP = "SELECT totp_sealed, totp_pending_sealed, totp_pending_until, totp_last_step \
        FROM user_two_factor_auth WHERE user_id = $1";
    /// Which factors there are; no row when there is no such user.
    FACTORS = "SELECT f.totp_enabled_at, COALESCE(f.preferred_methods, '') AS preferred_methods, \
        (SELECT COUNT(*) FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) AS backup_left, \
        (SELECT MIN(b.created_at) FROM backup_codes b WHERE b.user_id = u.id) AS backup_made_at, \
        (SELECT COUNT(*) FROM passkey_credentials p WHERE p.user_id = u.id) AS passkeys \
        FROM users u LEFT JOIN user_two_factor_auth f ON f.user_id = u.id WHERE u.id = $1";
    /// Keeps a secret until its first code comes. Not while TOTP is on.
    PUT_PENDING = "UPDATE user_two_factor_auth SET totp_pending_sealed = $2, totp_pending_until = $3, updated_at = $4 \
        WHERE user_id = $1 AND totp_sealed IS NULL";
    /// Turns the secret on that waited, if it is still the one that was checked.
    ENABLE_PENDING = "UPDATE user_two_factor_auth SET totp_sealed = totp_pending_sealed, totp_enabled_at = $4, \
        totp_pending_sealed = NULL, totp_pending_until = NULL, totp_last_step = $3, updated_at = $4 \
        WHERE user_id = $1 AND totp_pending_sealed = $2 AND totp_pending_until > $4 AND totp_sealed IS NULL";
    /// Turns a secret on. Not while another one is.
    ENABLE = "UPDATE user_two_factor_auth SET totp_sealed = $2, totp_enabled_at = $4, \
        totp_pending_sealed = NULL, totp_pending_until = NULL, totp_last_step = $3, updated_at = $4 \
        WHERE user_id = $1 AND totp_sealed IS NULL";
    /// Uses a step's code up, and those of all steps before it.
    USE_STEP = "UPDATE user_two_factor_auth SET totp_last_step = $3 \
        WHERE user_id = $1 AND totp_sealed = $2 AND totp_last_step < $3";
    /// Turns TOTP off.
    DISABLE = "UPDATE user_two_factor_auth SET totp_sealed = NULL, totp_enabled_at = NULL, \
        totp_pending_sealed = NULL, totp_pending_until = NULL, updated_at = $2 \
        WHERE user_id = $1 AND totp_sealed IS NOT NULL";
    /// Keeps what the user prefers.
    PREFER = "UPDATE user_two_factor_auth SET preferred_methods = $2, updated_at = $3 WHERE user_id = $1";
}

impl Read<Gate> {
    /// A user's TOTP secrets. `None` when nothing was ever set up.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn totp(&mut self, user: UserId) -> Result<Option<TotpRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(TOTP)).bind(user.0).fetch_optional(c).await)
    }

    /// Which factors a user has. `None` when there is no such user.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn factors(&mut self, user: UserId) -> Result<Option<FactorsRow>, StoreError> {
        factors(self, user).await
    }
}

impl Write<Gate> {
    /// Makes the user's row where there is none, and gives the handle that stands for the user towards authenticators:
    /// `handle`, or the one there was before.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Gone` when the user is no longer there.
    pub async fn ensure_factor_row(
        &mut self,
        user: UserId,
        handle: Uuid,
        now: Timestamp,
    ) -> Result<Uuid, StoreError> {
        ensure(self, user, handle, now).await
    }

    /// Keeps a TOTP secret that waits for its first code, in the place of any other that waits. False while TOTP is on.
    /// The row must be there.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn put_pending_totp(
        &mut self,
        user: UserId,
        sealed: &[u8],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(PUT_PENDING))
            .bind(user.0)
            .bind(sealed)
            .bind(Db(until))
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Turns on the secret that waited, whose code of `step` was shown. False when another one took its place, its time
    /// is over, or TOTP is on: of many at once one wins.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn enable_pending_totp(
        &mut self,
        user: UserId,
        checked: &[u8],
        step: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(ENABLE_PENDING))
            .bind(user.0)
            .bind(checked)
            .bind(step)
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Turns on a secret whose code of `step` was shown. False while TOTP is on. The row must be there.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn enable_totp(
        &mut self,
        user: UserId,
        sealed: &[u8],
        step: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(ENABLE))
            .bind(user.0)
            .bind(sealed)
            .bind(step)
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Uses up the code of `step` under the secret that was checked, and those of all steps before. False when it was
    /// used before, or the secret is another one by now: of many at once one wins.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn use_totp_step(&mut self, user: UserId, checked: &[u8], step: i64) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(USE_STEP))
            .bind(user.0)
            .bind(checked)
            .bind(step)
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Turns TOTP off. False when it was not on.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn disable_totp(&mut self, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
        disable(self, user, now).await
    }
}

impl Read<Own> {
    /// Which factors the asking user has. `None` when the account was deleted a moment ago.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn factors(&mut self) -> Result<Option<FactorsRow>, StoreError> {
        let user = self.scope.user;
        factors(self, user).await
    }
}

impl Write<Own> {
    /// Keeps the order in which the asking user wants to be offered factors. `handle` is for a row that is not there yet.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Gone` when the user is no longer there.
    pub async fn prefer_methods(&mut self, methods: &str, handle: Uuid, now: Timestamp) -> Result<(), StoreError> {
        let user = self.scope.user;
        ensure(self, user, handle, now).await?;
        on!(self, |c, sql| sqlx::query(sql(PREFER)).bind(user.0).bind(methods).bind(Db(now)).execute(c).await.map(drop))
    }
}

impl<S: SeesUsers> Read<S> {
    /// Which factors a user has. `None` when there is no such user.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn factors(&mut self, user: UserId) -> Result<Option<FactorsRow>, StoreError> {
        factors(self, user).await
    }
}

impl<S: ChangesUsers> Write<S> {
    /// Turns TOTP off. False when it was not on.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn disable_totp(&mut self, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
        disable(self, user, now).await
    }
}

async fn ensure<S>(write: &mut Write<S>, user: UserId, handle: Uuid, now: Timestamp) -> Result<Uuid, StoreError> {
    on!(write, |c, sql| sqlx::query_scalar(sql(ENSURE)).bind(user.0).bind(handle).bind(Db(now)).fetch_one(c).await)
}

async fn factors<S>(read: &mut Read<S>, user: UserId) -> Result<Option<FactorsRow>, StoreError> {
    on!(read, |c, sql| sqlx::query_as(sql(FACTORS)).bind(user.0).fetch_optional(c).await)
}

async fn disable<S>(write: &mut Write<S>, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
    on!(write, |c, sql| sqlx::query(sql(DISABLE))
        .bind(user.0)
        .bind(Db(now))
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}
