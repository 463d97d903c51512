//! `alerts`: what an operator should look at. Rule, subject and bucket are unique, so that of many nodes one raises it.

use durward_proto::ids::UuidId;
use durward_proto::{AlertId, Timestamp, UserId};
use serde_json::Value;
use durward_verify::ReadAlerts;
use sqlx::types::Json;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{AnyUser, System};
use crate::tables::After;
use crate::tx::{Read, Write};

/// An alert to raise.
#[derive(Debug, Clone)]
pub struct NewAlert<'a> {
    /// Its id.
    pub id: AlertId,
    /// The rule's stable word.
    pub rule: &'a str,
    /// What it is about: `user:12`, `breaker:mail`, or nothing.
    pub about: &'a str,
    /// One alert for each.
    pub bucket: i64,
    /// The time.
    pub now: Timestamp,
    /// `info`, `warning` or `critical`.
    pub severity: &'a str,
    /// What else is worth knowing. Never a secret, and no address of a person.
    pub detail: &'a Value,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct AlertRow {
    /// Its id.
    #[sqlx(try_from = "Db<AlertId>")]
    pub id: AlertId,
    /// The rule's stable word.
    pub rule: String,
    /// What it is about.
    pub about: String,
    /// When it was raised.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub at: Timestamp,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// What else is worth knowing.
    #[sqlx(json)]
    pub detail: Value,
}

/// A row of the audit trail that a rule looks at.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct SeenEvent {
    /// When.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub at: Timestamp,
    /// To whom.
    #[sqlx(try_from = "Db<Option<UserId>>")]
    pub subject_user_id: Option<UserId>,
    /// What else is known.
    #[sqlx(json)]
    pub detail: Value,
}

queries! {
    /// Raises one, unless it was raised.
    RAISE = "INSERT INTO alerts (id, rule, about, bucket, at, severity, detail) VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (rule, about, bucket) DO NOTHING";
    /// A page, newest first.
    PAGE = "SELECT id, rule, about, at, severity, detail FROM alerts WHERE (at, id) < ($1, $2) \
        ORDER BY at DESC, id DESC LIMIT $3";
    /// Logins that failed since.
    FAILURES = "SELECT COUNT(*) FROM device_login_attempts WHERE at > $1 AND NOT succeeded";
    /// Logins that were denied for their risk since.
    DENIALS = "SELECT COUNT(*) FROM device_login_attempts WHERE at > $1 AND risk_decision = 'deny'";
    /// What the audit trail says happened since.
    HAPPENED = "SELECT at, subject_user_id, detail FROM security_audit WHERE event = $1 AND at > $2 \
        ORDER BY at, id LIMIT $3";
    /// Administrators of whom nobody was told, however they came to be.
    UNTOLD_ADMINS = "SELECT u.id FROM users u WHERE u.role = 'admin' AND NOT EXISTS (SELECT 1 FROM alerts a \
        WHERE a.rule = 'new_admin' AND a.about = 'user:' || CAST(u.id AS TEXT)) ORDER BY u.id LIMIT $1";
    /// Since when the oldest mail waits that is worth sending.
    OLDEST_MAIL = "SELECT MIN(created_at) FROM mail_outbox WHERE failed_at IS NULL";
}

impl Write<System> {
    /// Raises an alert. False when it was raised before, by this node or another.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn raise_alert(&mut self, new: &NewAlert<'_>) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(RAISE))
            .bind(new.id.uuid())
            .bind(new.rule)
            .bind(new.about)
            .bind(new.bucket)
            .bind(Db(new.now))
            .bind(new.severity)
            .bind(Json(new.detail))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }
}

impl Read<AnyUser<ReadAlerts>> {
    /// A page of alerts, newest first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn alerts(&mut self, after: Option<After>, limit: u32) -> Result<Vec<AlertRow>, StoreError> {
        let after = after.unwrap_or(After::newest());
        on!(self, |c, sql| sqlx::query_as(sql(PAGE))
            .bind(Db(after.at))
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }
}

impl Read<System> {
    /// How many logins failed since then.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn failed_logins(&mut self, since: Timestamp) -> Result<i64, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(FAILURES)).bind(Db(since)).fetch_one(c).await)
    }

    /// How many logins were denied for their risk since then.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn denied_logins(&mut self, since: Timestamp) -> Result<i64, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(DENIALS)).bind(Db(since)).fetch_one(c).await)
    }

    /// What the audit trail says of this event since then, oldest first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn happened(
        &mut self,
        event: &str,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<SeenEvent>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(HAPPENED))
            .bind(event)
            .bind(Db(since))
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }

    /// Administrators about whom there is no alert.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn untold_admins(&mut self, limit: u32) -> Result<Vec<UserId>, StoreError> {
        let ids: Vec<i64> =
            on!(self, |c, sql| sqlx::query_scalar(sql(UNTOLD_ADMINS)).bind(i64::from(limit)).fetch_all(c).await)?;
        Ok(ids.into_iter().map(UserId).collect())
    }

    /// Since when the oldest mail in the outbox waits.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn oldest_mail(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let oldest: Db<Option<Timestamp>> =
            on!(self, |c, sql| sqlx::query_scalar(sql(OLDEST_MAIL)).fetch_one(c).await)?;
        Ok(oldest.0)
    }
}
