//! `device_login_attempts`: who tried to log in, how, and what came of it. Outlives the user.

use durward_proto::ids::UuidId;
use durward_proto::{DeviceId, EventId, SessionId, Timestamp, UserId};
use serde_json::Value;
use sqlx::types::Json;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::Write;

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

queries! {
    /// Notes an attempt.
    INSERT = "INSERT INTO device_login_attempts (id, at, user_id, email_key, method, succeeded, reason, ip, \
        user_agent, request_id, registered_device_id, session_id, country, place, risk_score, risk_decision, \
        risk_signals) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
}

impl Write<Gate> {
    /// Notes an attempt.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn insert_attempt(&mut self, new: &NewAttempt<'_>) -> Result<(), StoreError> {
        let id = EventId::new(new.now, self.random());
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(id.uuid())
            .bind(Db(new.now))
            .bind(new.user_id.map(Db))
            .bind(new.email_key)
            .bind(new.method)
            .bind(new.succeeded)
            .bind(new.reason)
            .bind(new.ip)
            .bind(new.user_agent)
            .bind(new.request_id)
            .bind(new.device.map(Db))
            .bind(new.session.map(Db))
            .bind(new.country)
            .bind(new.place)
            .bind(new.risk.map(|risk| risk.score))
            .bind(new.risk.map(|risk| risk.decision))
            .bind(new.risk.map(|risk| Json(risk.signals)))
            .execute(c)
            .await
            .map(drop))
    }
}
