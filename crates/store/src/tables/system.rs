//! What only jobs and checks do: looking at the server, tidying up, and wiping a throw-away user.

use std::time::Duration;

use durward_proto::{Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::System;
use crate::tx::{Read, Write};

/// Ended and expired sessions are kept so long, so that an old token's refusal can still be explained.
const SESSIONS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// What is known of mails that could not be sent is kept so long.
const MAILS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Events are kept so long. A node that has read nothing for that time starts again from the database.
const EVENTS_KEPT: Duration = Duration::from_secs(7 * 86_400);

queries! {
    /// Asks for nothing.
    PING = "SELECT 1";
    /// The server's version.
    VERSION = { sqlite: "SELECT sqlite_version()", pg: "SELECT current_setting('server_version')" };
    /// Refresh tokens that have expired.
    PRUNE_REFRESH = "DELETE FROM refresh_tokens WHERE expires_at < $1";
    /// Tickets that nobody took.
    PRUNE_TICKETS = "DELETE FROM one_time_tickets WHERE expires_at < $1";
    /// Mailed links that nobody followed.
    PRUNE_RECOVERY = "DELETE FROM recovery_tokens WHERE expires_at < $1";
    /// Changes of address that nobody confirmed in time.
    PRUNE_EMAIL_CHANGES = "DELETE FROM email_changes WHERE expires_at < $1";
    /// Challenges that nobody answered.
    PRUNE_CHALLENGES = "DELETE FROM two_factor_challenges WHERE expires_at < $1";
    /// Ceremonies that no authenticator answered.
    PRUNE_CEREMONIES = "DELETE FROM passkey_ceremonies WHERE expires_at < $1";
    /// Trust that has run out.
    PRUNE_TRUSTS = "DELETE FROM trusted_devices WHERE expires_at < $1";
    /// Secrets whose first code never came.
    PRUNE_SETUPS = "UPDATE user_two_factor_auth SET totp_pending_sealed = NULL, totp_pending_until = NULL \
        WHERE totp_pending_until < $1";
    /// Sessions that ended or expired long ago, with their tokens.
    PRUNE_SESSIONS = "DELETE FROM user_sessions WHERE expires_at < $1 OR ended_at < $1";
    /// Mails that were given up, or that nobody sent, long ago.
    PRUNE_MAILS = "DELETE FROM mail_outbox WHERE failed_at < $1 OR expires_at < $1";
    /// Events that every node has applied long ago.
    PRUNE_EVENTS = "DELETE FROM revocation_events WHERE at < $1";
    /// A user's audit rows.
    ERASE_AUDIT = "DELETE FROM security_audit WHERE actor_user_id = $1 OR subject_user_id = $1";
    /// A user's login attempts.
    ERASE_ATTEMPTS = "DELETE FROM device_login_attempts WHERE user_id = $1 OR email_key = $2";
    /// A user's events. Their numbers are not used again.
    ERASE_EVENTS = "DELETE FROM revocation_events WHERE user_id = $1";
    /// The account's budgets: its own, and those of single clients at it.
    ERASE_BUDGET = "DELETE FROM guess_budgets WHERE key = $1 OR key LIKE $1 || '@%'";
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
    /// Deletes what nobody needs any more, and says how many rows that were. Trails are never pruned.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn prune(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        for (statement, before) in [
            (PRUNE_REFRESH, now),
            (PRUNE_TICKETS, now),
            (PRUNE_CHALLENGES, now),
            (PRUNE_CEREMONIES, now),
            (PRUNE_TRUSTS, now),
            (PRUNE_SETUPS, now),
            (PRUNE_RECOVERY, now),
            (PRUNE_EMAIL_CHANGES, now),
            (PRUNE_SESSIONS, now.minus(SESSIONS_KEPT)),
            (PRUNE_EVENTS, now.minus(EVENTS_KEPT)),
            (PRUNE_MAILS, now.minus(MAILS_KEPT)),
        ] {
            gone += on!(self, |c, sql| sqlx::query(sql(statement))
                .bind(Db(before))
                .execute(c)
                .await
                .map(|done| done.rows_affected()))?;
        }
        Ok(gone)
    }

    /// Wipes a user as if there had never been one: the account, the trails, the events and the account's budget. For
    /// the throw-away user of the checks.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn erase_traces(&mut self, user: UserId, email_key: &str, budget_key: &str) -> Result<(), StoreError> {
        for statement in [ERASE_AUDIT, ERASE_EVENTS, ERASE_USER] {
            on!(self, |c, sql| sqlx::query(sql(statement)).bind(user.0).execute(c).await.map(drop))?;
        }
        on!(self, |c, sql| sqlx::query(sql(ERASE_ATTEMPTS)).bind(user.0).bind(email_key).execute(c).await.map(drop))?;
        on!(self, |c, sql| sqlx::query(sql(ERASE_BUDGET)).bind(budget_key).execute(c).await.map(drop))
    }
}
