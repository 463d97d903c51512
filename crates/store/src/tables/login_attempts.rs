//! `device_login_attempts`: who tried to log in, how, and what came of it. Outlives the user.

use durward_proto::{EventId, Timestamp, UserId};
use durward_proto::ids::UuidId;

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
    /// The time.
    pub now: Timestamp,
}

queries! {
    /// Notes an attempt.
    INSERT = "INSERT INTO device_login_attempts (id, at, user_id, email_key, method, succeeded, reason, ip, \
        user_agent, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
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
            .execute(c)
            .await
            .map(drop))
    }
}
