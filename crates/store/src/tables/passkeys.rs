//! `passkey_credentials`: public keys of authenticators, with what was agreed on when they were made.
//!
//! The counter and the backup state that count are the columns; the document keeps them as they were at first.

use durward_proto::ids::UuidId;
use durward_proto::{PasskeyId, Timestamp, UserId};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{ChangesUsers, Gate, Own};
use crate::tables::After;
use crate::tx::{Read, Write};

/// A passkey.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct PasskeyRow {
    /// Its id.
    #[sqlx(try_from = "Db<PasskeyId>")]
    pub id: PasskeyId,
    /// Whose it is.
    #[sqlx(try_from = "Db<UserId>")]
    pub user_id: UserId,
    /// Its id among authenticators.
    pub credential_id: Vec<u8>,
    /// The public key with what was agreed on, as `core` writes it.
    #[sqlx(json)]
    pub credential: Value,
    /// What its user calls it.
    pub name: String,
    /// The highest counter that was seen; 0 for authenticators that do not count.
    #[sqlx(try_from = "i64")]
    pub sign_count: u32,
    /// Whether it can be copied to other devices of its user.
    pub backup_eligible: bool,
    /// Whether it has been.
    pub backed_up: bool,
    /// When it was registered.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// When it was last used.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub last_used_at: Option<Timestamp>,
    /// When its counter last went back.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub clone_suspected_at: Option<Timestamp>,
}

/// What is asked for of a passkey.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct OfferedPasskeyRow {
    /// Whose it is; nobody's where it is made up.
    #[sqlx(try_from = "Db<Option<UserId>>")]
    pub user_id: Option<UserId>,
    /// Its id among authenticators.
    pub credential_id: Vec<u8>,
    /// The public key with what was agreed on.
    #[sqlx(json)]
    pub credential: Value,
}

/// A passkey with the id that its user has towards authenticators.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct HeldPasskeyRow {
    /// The passkey.
    #[sqlx(flatten)]
    pub passkey: PasskeyRow,
    /// The user handle (WebAuthn level 3, section 5.4.3).
    pub passkey_handle: Uuid,
}

/// A passkey to keep.
#[derive(Debug, Clone)]
pub struct NewPasskey<'a> {
    /// Its id.
    pub id: PasskeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// Its id among authenticators.
    pub credential_id: &'a [u8],
    /// The public key with what was agreed on.
    pub credential: &'a Value,
    /// What its user calls it.
    pub name: &'a str,
    /// Its first counter.
    pub sign_count: u32,
    /// Whether it can be copied.
    pub backup_eligible: bool,
    /// Whether it has been.
    pub backed_up: bool,
    /// The time.
    pub now: Timestamp,
}

queries! {
    /// Keeps one; no row when there is one with this credential id, whoever's it is.
    INSERT = "INSERT INTO passkey_credentials (id, user_id, credential_id, credential, name, sign_count, \
        backup_eligible, backed_up, created_at, last_used_at, clone_suspected_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL) ON CONFLICT (credential_id) DO NOTHING";
    /// One by its credential id, with its user's handle.
    BY_CREDENTIAL = "SELECT p.id, p.user_id, p.credential_id, p.credential, p.name, p.sign_count, p.backup_eligible, \
        p.backed_up, p.created_at, p.last_used_at, p.clone_suspected_at, f.passkey_handle \
        FROM passkey_credentials p JOIN user_two_factor_auth f ON f.user_id = p.user_id WHERE p.credential_id = $1";
    /// All of a user.
    OF_USER = "SELECT id, user_id, credential_id, credential, name, sign_count, backup_eligible, backed_up, created_at, \
        last_used_at, clone_suspected_at FROM passkey_credentials WHERE user_id = $1 ORDER BY created_at, id";
    /// All of the account with this address; where there is none, one row with what was given.
    BY_EMAIL = "SELECT p.user_id, COALESCE(p.credential_id, $2) AS credential_id, \
        COALESCE(p.credential, $3) AS credential FROM (SELECT 1 AS one) o LEFT JOIN users u ON u.email_key = $1 \
        LEFT JOIN passkey_credentials p ON p.user_id = u.id ORDER BY p.created_at, p.id";
    /// Notes that it was used, if the counter went on or has never counted.
    NOTE_USE = "UPDATE passkey_credentials SET sign_count = $3, backed_up = $4, last_used_at = $5 \
        WHERE id = $1 AND user_id = $2 AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0))";
    /// Notes that the counter went back.
    SUSPECT = "UPDATE passkey_credentials SET clone_suspected_at = $2 WHERE id = $1";
    /// A page of a user's passkeys, the oldest first.
    PAGE = "SELECT id, user_id, credential_id, credential, name, sign_count, backup_eligible, backed_up, created_at, \
        last_used_at, clone_suspected_at FROM passkey_credentials WHERE user_id = $1 AND (created_at, id) > ($2, $3) \
        ORDER BY created_at, id LIMIT $4";
    /// Gives one another name.
    RENAME = "UPDATE passkey_credentials SET name = $3 WHERE id = $1 AND user_id = $2 \
        RETURNING id, user_id, credential_id, credential, name, sign_count, backup_eligible, backed_up, created_at, \
        last_used_at, clone_suspected_at";
    /// Deletes all of a user.
    FORGET = "DELETE FROM passkey_credentials WHERE user_id = $1";
    /// Deletes one.
    DELETE = "DELETE FROM passkey_credentials WHERE id = $1 AND user_id = $2";
}

impl Read<Gate> {
    /// The passkey with this credential id.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn passkey_by_credential(&mut self, credential_id: &[u8]) -> Result<Option<HeldPasskeyRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(BY_CREDENTIAL)).bind(credential_id).fetch_optional(c).await)
    }

    /// All passkeys of a user, the oldest first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn passkeys_of(&mut self, user: UserId) -> Result<Vec<PasskeyRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(OF_USER)).bind(user.0).fetch_all(c).await)
    }

    /// All passkeys of the account with this address, the oldest first. Where there is no such account, or it has none, the
    /// one that is given, so that as much is read in either case.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn passkeys_by_email(
        &mut self,
        email_key: &str,
        (credential_id, credential): (&[u8], &Value),
    ) -> Result<Vec<OfferedPasskeyRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(BY_EMAIL))
            .bind(email_key)
            .bind(credential_id)
            .bind(Json(credential))
            .fetch_all(c)
            .await)
    }
}

impl Write<Gate> {
    /// Keeps a passkey. False when there is one with this credential id, whoever's it is.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Gone` when the user is no longer there.
    pub async fn insert_passkey(&mut self, new: &NewPasskey<'_>) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(new.id.uuid())
            .bind(new.user_id.0)
            .bind(new.credential_id)
            .bind(Json(new.credential))
            .bind(new.name)
            .bind(i64::from(new.sign_count))
            .bind(new.backup_eligible)
            .bind(new.backed_up)
            .bind(Db(new.now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Notes that a passkey was used. False when it is not there any more, or another use of it took this counter or a
    /// higher one.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn note_passkey_use(
        &mut self,
        user: UserId,
        passkey: PasskeyId,
        sign_count: u32,
        backed_up: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(NOTE_USE))
            .bind(passkey.uuid())
            .bind(user.0)
            .bind(i64::from(sign_count))
            .bind(backed_up)
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Notes that a passkey's counter went back. False when it is not there any more.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn suspect_passkey(&mut self, passkey: PasskeyId, now: Timestamp) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(SUSPECT))
            .bind(passkey.uuid())
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Deletes one of a user's passkeys; false when it is not theirs.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn delete_passkey(&mut self, user: UserId, passkey: PasskeyId) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(DELETE))
            .bind(passkey.uuid())
            .bind(user.0)
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }
}

impl<S: ChangesUsers> Write<S> {
    /// Deletes all of a user's passkeys, and says how many there were.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_passkeys(&mut self, user: UserId) -> Result<u64, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(FORGET)).bind(user.0).execute(c).await.map(|done| done.rows_affected()))
    }
}

impl Read<Own> {
    /// A page of the asking user's passkeys, the oldest first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn passkeys(&mut self, after: Option<After>, limit: u32) -> Result<Vec<PasskeyRow>, StoreError> {
        let user = self.scope.user;
        let after = after.unwrap_or(After::oldest());
        on!(self, |c, sql| sqlx::query_as(sql(PAGE))
            .bind(user.0)
            .bind(Db(after.at))
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }
}

impl Write<Own> {
    /// Gives one of the asking user's passkeys another name. `None` when it is not theirs.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn rename_passkey(&mut self, passkey: PasskeyId, name: &str) -> Result<Option<PasskeyRow>, StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query_as(sql(RENAME))
            .bind(passkey.uuid())
            .bind(user.0)
            .bind(name)
            .fetch_optional(c)
            .await)
    }
}
