//! `audit_checkpoints`: signed statements about the audit trail, each over the one before it.

use data_encoding::HEXLOWER;
use serde_json::Value;
use sqlx::types::Json;

use crate::audit::{CheckpointKind, CheckpointRow};
use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{SeesAudit, System};
use crate::tx::{Read, Write};

queries! {
    /// Lets one at a time add a statement, and change rows that were written. SQLite has one writer anyway.
    HOLD = { sqlite: "SELECT 1", pg: "SELECT pg_advisory_xact_lock(7305808869229297)" };
    /// The newest one.
    LAST = "SELECT number, hash FROM audit_checkpoints ORDER BY number DESC LIMIT 1";
    /// Whether a server has started since there are chains.
    STARTED = "SELECT EXISTS (SELECT 1 FROM audit_checkpoints WHERE kind = 'start')";
    /// Adds one.
    INSERT = "INSERT INTO audit_checkpoints (number, kind, at, statement, hash, signature) VALUES ($1, $2, $3, $4, $5, $6)";
    /// What came after a number.
    AFTER = "SELECT number, kind, at, CAST(statement AS TEXT) AS statement, hash, signature FROM audit_checkpoints \
        WHERE number > $1 ORDER BY number LIMIT $2";
}

impl<S> Write<S> {
    /// Keeps others from adding a statement until this transaction ends, and gives the newest one's number and hash in
    /// hex: 0 and nothing before the first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn hold_checkpoints(&mut self) -> Result<(i64, String), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(HOLD)).execute(c).await.map(drop))?;
        let last: Option<(i64, Vec<u8>)> = on!(self, |c, sql| sqlx::query_as(sql(LAST)).fetch_optional(c).await)?;
        Ok(last.map_or_else(|| (0, String::new()), |(number, hash)| (number, HEXLOWER.encode(&hash))))
    }

    /// Adds a signed statement after all others.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn add_checkpoint(&mut self, kind: CheckpointKind, body: Value) -> Result<CheckpointRow, StoreError> {
        let (last, previous) = self.hold_checkpoints().await?;
        let (keys, node) = self.auditor()?;
        let row = CheckpointRow::signed(kind, (last, &previous), body, (&keys, &node), self.now());
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(row.number)
            .bind(Db(row.kind))
            .bind(Db(row.at))
            .bind(Json(row.body()))
            .bind(&row.hash)
            .bind(&row.signature)
            .execute(c)
            .await
            .map(drop))?;
        Ok(row)
    }
}

impl Read<System> {
    /// Whether a server has started since there are chains: after that no row stands outside of them.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn has_started_audit(&mut self) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(STARTED)).fetch_one(c).await)
    }
}

impl<S: SeesAudit> Read<S> {
    /// The statements after a number, oldest first, at most `limit`.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn checkpoints_after(&mut self, number: i64, limit: u32) -> Result<Vec<CheckpointRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(AFTER)).bind(number).bind(i64::from(limit)).fetch_all(c).await)
    }
}
