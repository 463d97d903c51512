//! `signing_keys`: the keys beside the configuration's secret, their private parts sealed, and what was retired.
//!
//! Whoever changes them appends the event for it first: that makes all others who change them wait until the commit, so
//! that what was read before a change still holds when it is written.

use durward_proto::Timestamp;
use serde_json::Value;
use sqlx::types::Json;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::{Read, Write};

/// A signing key.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct KeyRow {
    /// Its name in tokens.
    pub kid: String,
    /// 1, 2, 3, … in the order in which they were made; the newest has the highest.
    pub number: i64,
    /// `HS256`, `EdDSA`, `ES256` or `RS256`.
    pub algorithm: String,
    /// The sealed private part; `None` once the key is retired.
    pub sealed: Option<Vec<u8>>,
    /// The public part, for people; what tokens are checked with comes from the sealed part alone.
    #[sqlx(json(nullable))]
    pub public_jwk: Option<Value>,
    /// When it was made.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// When it begins to sign.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub activates_at: Timestamp,
    /// Since when its tokens are refused.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub retired_at: Option<Timestamp>,
}

/// A key to keep; it gets the next number.
#[derive(Debug, Clone)]
pub struct NewKey<'a> {
    /// Its name in tokens.
    pub kid: &'a str,
    /// `HS256`, `EdDSA`, `ES256` or `RS256`.
    pub algorithm: &'a str,
    /// The sealed private part; `None` for a secret of the configuration that is retired.
    pub sealed: Option<&'a [u8]>,
    /// The public part, unless it is a secret.
    pub public_jwk: Option<&'a Value>,
    /// The time.
    pub now: Timestamp,
    /// When it begins to sign.
    pub activates_at: Timestamp,
    /// Set together with no `sealed`.
    pub retired_at: Option<Timestamp>,
}

queries! {
    /// All of them.
    ALL_KEYS = "SELECT kid, number, algorithm, sealed, public_jwk, created_at, activates_at, retired_at \
        FROM signing_keys ORDER BY number DESC";
    /// Keeps one.
    INSERT = "INSERT INTO signing_keys (kid, number, algorithm, sealed, public_jwk, created_at, activates_at, retired_at) \
        VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM signing_keys), $2, $3, $4, $5, $6, $7)";
    /// Retires one, and forgets its private part.
    RETIRE = "UPDATE signing_keys SET retired_at = $2, sealed = NULL WHERE kid = $1 AND retired_at IS NULL";
}

impl Read<Gate> {
    /// All keys, the newest first, retired ones included.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn signing_keys(&mut self) -> Result<Vec<KeyRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(ALL_KEYS)).fetch_all(c).await)
    }
}

impl Write<Gate> {
    /// Keeps a key.
    ///
    /// # Errors
    /// `Conflict` when there is one with this name.
    pub async fn insert_signing_key(&mut self, new: &NewKey<'_>) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(new.kid)
            .bind(new.algorithm)
            .bind(new.sealed)
            .bind(new.public_jwk.map(Json))
            .bind(Db(new.now))
            .bind(Db(new.activates_at))
            .bind(new.retired_at.map(Db))
            .execute(c)
            .await
            .map(drop))
    }

    /// Retires a key: its private part is gone for good. False when it is not there or was retired before.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn retire_signing_key(&mut self, kid: &str, now: Timestamp) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(RETIRE))
            .bind(kid)
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() > 0))
    }
}
