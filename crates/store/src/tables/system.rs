//! What only jobs and checks do: looking at the server, and wiping a throw-away user.

use durward_proto::UserId;

use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::System;
use crate::tx::{Read, Write};

queries! {
    /// Asks for nothing.
    PING = "SELECT 1";
    /// The server's version.
    VERSION = { sqlite: "SELECT sqlite_version()", pg: "SELECT current_setting('server_version')" };
    /// A user's login attempts.
    ERASE_ATTEMPTS = "DELETE FROM device_login_attempts WHERE user_id = $1 OR email_key = $2";
    /// A user's events. Their numbers are not used again.
    ERASE_EVENTS = "DELETE FROM revocation_events WHERE user_id = $1";
    // `A` comes after `@`.
    /// The account's budgets: its own, and those of single clients at it, which begin with it and `@`.
    ERASE_BUDGET = "DELETE FROM guess_budgets WHERE key = $1 OR (key > $1 || '@' AND key < $1 || 'A')";
    /// The account, and what hangs on it.
    ERASE_USER = "DELETE FROM users WHERE id = $1";
}

impl Read<System> {
    /// Whether the database answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn ping(&mut self) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(PING)).execute(c).await.map(drop))
    }

    /// Such as `SQLite 3.50.4` or `PostgreSQL 15.6`.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn server_version(&mut self) -> Result<String, StoreError> {
        let version: String = on!(self, |c, sql| sqlx::query_scalar(sql(VERSION)).fetch_one(c).await)?;
        Ok(match self.backend() {
            crate::Backend::Sqlite => format!("SQLite {version}"),
            crate::Backend::Postgres => format!("PostgreSQL {version}"),
        })
    }
}

impl Write<System> {
    /// Wipes a user as if there had never been one: the account, the login trail, the events and the account's budget. For
    /// the throw-away user of the checks. The audit trail is append-only, and keeps what was done.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn erase_traces(&mut self, user: UserId, email_key: &str, budget_key: &str) -> Result<(), StoreError> {
        for statement in [ERASE_EVENTS, ERASE_USER] {
            on!(self, |c, sql| sqlx::query(sql(statement)).bind(user.0).execute(c).await.map(drop))?;
        }
        on!(self, |c, sql| sqlx::query(sql(ERASE_ATTEMPTS)).bind(user.0).bind(email_key).execute(c).await.map(drop))?;
        on!(self, |c, sql| sqlx::query(sql(ERASE_BUDGET)).bind(budget_key).execute(c).await.map(drop))
    }
}
