//! What the operator's overview counts: of several tables.

use durward_proto::{AccountStatus, Timestamp};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::SeesFigures;
use crate::tables::After;
use crate::tx::Read;

/// How often logins of a method ended in a way.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LoginCountRow {
    /// `password`, `totp`, …
    pub method: String,
    /// A stable word; `ok` of those that opened a session.
    pub reason: String,
    /// How many.
    pub attempts: i64,
}

/// How many attempts were made from a place.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PlaceCountRow {
    /// Its country (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// Its name, for people.
    pub place: Option<String>,
    /// How many opened a session.
    pub succeeded: i64,
    /// How many did not.
    pub failed: i64,
}

queries! {
    /// How many accounts there are of each status.
    USERS = "SELECT status, COUNT(*) AS accounts FROM users GROUP BY status";
    /// How many sessions are alive.
    SESSIONS = "SELECT COUNT(*) FROM user_sessions WHERE ended_at IS NULL AND expires_at > $1";
    /// What came of the logins since then.
    LOGINS = "SELECT method, reason, COUNT(*) AS attempts FROM device_login_attempts WHERE at >= $1 \
        GROUP BY method, reason ORDER BY method, reason";
    /// From where logins were tried, and what came of them.
    PLACES = "SELECT country, place, COUNT(CASE WHEN succeeded THEN 1 END) AS succeeded, \
        COUNT(CASE WHEN succeeded THEN NULL ELSE 1 END) AS failed FROM device_login_attempts \
        WHERE at >= $1 AND at < $2 GROUP BY country, place \
        ORDER BY COUNT(*) DESC, COALESCE(country, ''), COALESCE(place, '') LIMIT $3";
    /// How many alerts there were since then, by their severity.
    ALERTS = "SELECT severity, COUNT(*) AS alerts FROM alerts WHERE at >= $1 GROUP BY severity";
    /// How many mails wait.
    MAILS = "SELECT COUNT(*) FROM mail_outbox WHERE failed_at IS NULL";
}

impl<S: SeesFigures> Read<S> {
    /// How many accounts there are of each status; of a status that none has, nothing.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn count_users(&mut self) -> Result<Vec<(AccountStatus, i64)>, StoreError> {
        let rows: Vec<(Db<AccountStatus>, i64)> = on!(self, |c, sql| sqlx::query_as(sql(USERS)).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(status, accounts)| (status.0, accounts)).collect())
    }

    /// How many sessions are alive.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn count_sessions(&mut self, now: Timestamp) -> Result<i64, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(SESSIONS)).bind(Db(now)).fetch_one(c).await)
    }

    /// What came of the logins since then.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn count_logins(&mut self, since: Timestamp) -> Result<Vec<LoginCountRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(LOGINS)).bind(Db(since)).fetch_all(c).await)
    }

    /// From where logins were tried between two times, the places with the most tries first, at most `limit`. Without an
    /// end it goes up to the newest.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn count_places(
        &mut self,
        since: Timestamp,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<PlaceCountRow>, StoreError> {
        let until = until.unwrap_or(After::newest().at);
        on!(self, |c, sql| sqlx::query_as(sql(PLACES))
            .bind(Db(since))
            .bind(Db(until))
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }

    /// How many alerts there were since then, by their severity.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn count_alerts(&mut self, since: Timestamp) -> Result<Vec<(String, i64)>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(ALERTS)).bind(Db(since)).fetch_all(c).await)
    }

    /// How many mails wait to be sent.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn count_mails(&mut self) -> Result<i64, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(MAILS)).fetch_one(c).await)
    }
}
