//! `device_login_attempts`: who tried to log in, how, and what came of it. Outlives the user. In PostgreSQL it has a partition
//! for each month (`partitions.rs`): a statement that compares a time and an id says the time by itself as well, since rows
//! that are compared as pairs lead PostgreSQL to no partition.

use durward_proto::ids::UuidId;
use durward_proto::{DeviceId, EventId, SessionId, Timestamp, UserId};
use serde_json::Value;
use sqlx::types::Json;

use crate::encode::Db;
use crate::error::StoreError;
use crate::later::later;
use crate::link::on;
use crate::query::queries;
use crate::scope::{Gate, SeesAttempts};
use crate::tables::After;
use crate::tx::{Read, Write};

/// An attempt to note.
#[derive(Debug, Clone)]
pub struct NewAttempt<'a> {
    /// Whose account it was, where there is one.
    pub user_id: Option<UserId>,
    /// The key of the address that was given.
    pub email_key: &'a str,
    /// `password`, `totp`, …
    pub method: &'a str,
    /// Whether it opened a session.
    pub succeeded: bool,
    /// A stable word.
    pub reason: &'a str,
    /// The client's address.
    pub ip: Option<&'a str>,
    /// The client's `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// The request's id.
    pub request_id: Option<&'a str>,
    /// The device, where it is one that the user has logged in with.
    pub device: Option<DeviceId>,
    /// The session that it opened, or that it was made in.
    pub session: Option<SessionId>,
    /// The country of the client's address (ISO 3166-1 alpha-2).
    pub country: Option<&'a str>,
    /// The place of the client's address, for people.
    pub place: Option<&'a str>,
    /// How risky it was.
    pub risk: Option<NewRisk<'a>>,
    /// The time.
    pub now: Timestamp,
}

/// What was made of an attempt's risk.
#[derive(Debug, Clone, Copy)]
pub struct NewRisk<'a> {
    /// 0 to 100.
    pub score: i64,
    /// A stable word.
    pub decision: &'a str,
    /// The signals that it is made of.
    pub signals: &'a Value,
}

/// An attempt, as it was noted.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct AttemptRow {
    /// Its id.
    #[sqlx(try_from = "Db<EventId>")]
    pub id: EventId,
    /// When it was.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub at: Timestamp,
    /// Whose account it was, where there was one.
    #[sqlx(try_from = "Db<Option<UserId>>")]
    pub user_id: Option<UserId>,
    /// The key of the address that was given; empty where it was erased.
    pub email_key: String,
    /// `password`, `totp`, …
    pub method: String,
    /// Whether it opened a session.
    pub succeeded: bool,
    /// A stable word.
    pub reason: String,
    /// The client's address.
    pub ip: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// The device, where it was one that the user had logged in with.
    #[sqlx(try_from = "Db<Option<DeviceId>>")]
    pub registered_device_id: Option<DeviceId>,
    /// The session that it opened, or that it was made in.
    #[sqlx(try_from = "Db<Option<SessionId>>")]
    pub session_id: Option<SessionId>,
    /// The country of the client's address.
    pub country: Option<String>,
    /// The place of the client's address.
    pub place: Option<String>,
    /// How risky it was, 0 to 100.
    pub risk_score: Option<i64>,
    /// What was decided from that.
    pub risk_decision: Option<String>,
    /// What it was made of.
    pub risk_signals: Option<Json<Value>>,
}

/// Which attempts are asked for: those that all of it holds for.
#[derive(Debug, Clone, Copy, Default)]
pub struct AttemptFilter<'a> {
    /// Whose account.
    pub user: Option<UserId>,
    /// The key of the address that was given.
    pub email_key: Option<&'a str>,
    /// The client's address.
    pub ip: Option<&'a str>,
    /// How it was tried.
    pub method: Option<&'a str>,
    /// What came of it.
    pub reason: Option<&'a str>,
    /// Whether it opened a session.
    pub succeeded: Option<bool>,
    /// What was decided from its risk.
    pub decision: Option<&'a str>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

queries! {
    /// A page of attempts, newest first.
    PAGE = "SELECT id, at, user_id, email_key, method, succeeded, reason, ip, user_agent, request_id, \
        registered_device_id, session_id, country, place, risk_score, risk_decision, risk_signals \
        FROM device_login_attempts WHERE (at, id) < ($1, $2) AND at <= $1 AND at >= $3 AND (user_id = $4 OR $4 IS NULL) \
        AND (email_key = $5 OR $5 IS NULL) AND (ip = $6 OR $6 IS NULL) AND (method = $7 OR $7 IS NULL) \
        AND (reason = $8 OR $8 IS NULL) AND (succeeded = $9 OR $9 IS NULL) AND (risk_decision = $10 OR $10 IS NULL) \
        ORDER BY at DESC, id DESC LIMIT $11";
    /// Notes an attempt.
    INSERT = "INSERT INTO device_login_attempts (id, at, user_id, email_key, method, succeeded, reason, ip, \
        user_agent, request_id, registered_device_id, session_id, country, place, risk_score, risk_decision, \
        risk_signals) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
}

impl<S: SeesAttempts> Read<S> {
    /// A page of everybody's attempts, newest first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn attempts(
        &mut self,
        filter: &AttemptFilter<'_>,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<AttemptRow>, StoreError> {
        // No row has the nil id: what is before `until` comes before this.
        let until = filter.until.map(|at| After { at, id: uuid::Uuid::nil() });
        let first = [after, until].into_iter().flatten().min_by_key(|from| (from.at, from.id));
        let first = first.unwrap_or(After::newest());
        let since = filter.since.unwrap_or(After::oldest().at);
        on!(self, |c, sql| sqlx::query_as(sql(PAGE))
            .bind(Db(first.at))
            .bind(first.id)
            .bind(Db(since))
            .bind(filter.user.map(Db))
            .bind(filter.email_key)
            .bind(filter.ip)
            .bind(filter.method)
            .bind(filter.reason)
            .bind(filter.succeeded)
            .bind(filter.decision)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }
}

impl Write<Gate> {
    /// Notes an attempt.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn insert_attempt(&mut self, new: &NewAttempt<'_>) -> Result<(), StoreError> {
        let id = EventId::new(new.now, self.random());
        later!(self, INSERT, [id.uuid(), Db(new.now), new.user_id.map(Db), new.email_key, new.method, new.succeeded, new.reason, new.ip, new.user_agent, new.request_id, new.device.map(Db), new.session.map(Db), new.country, new.place, new.risk.map(|risk| risk.score), new.risk.map(|risk| risk.decision), new.risk.map(|risk| Json(risk.signals))])
    }
}
