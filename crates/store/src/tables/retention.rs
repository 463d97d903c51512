//! What is removed when its time is over: a few rows at a time, so that nobody waits for it.

use durward_proto::{Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::{Statement, queries};
use crate::scope::System;
use crate::tx::{Read, Write};

/// Names what can be removed with the statement that does it. `$1` is the time, `$2` how many rows at most.
macro_rules! expired {
    ($($(#[$doc:meta])+ $Name:ident $word:literal $STATEMENT:ident = $sql:tt;)+) => {
        /// What is over at some time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Expired { $($(#[$doc])+ $Name,)+ }

        impl Expired {
            /// All there is.
            pub const ALL: &'static [Self] = &[$(Self::$Name),+];

            /// Its stable word, for logs and metrics.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$Name => $word,)+ }
            }

            fn statement(self) -> Statement {
                match self { $(Self::$Name => $STATEMENT,)+ }
            }
        }

        queries! {
            $($(#[$doc])+ $STATEMENT = $sql;)+
            /// Accounts whose address nobody confirmed.
            UNVERIFIED = "SELECT id FROM users WHERE status = 'pending' AND NOT email_verified AND created_at < $1 \
                AND id > $2 ORDER BY id LIMIT $3";
        }
    };
}

expired! {
    /// Refresh tokens that expired before.
    RefreshTokens "refresh_tokens" PRUNE_REFRESH = "DELETE FROM refresh_tokens WHERE token_hash IN (SELECT token_hash \
        FROM refresh_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    /// Tickets that nobody took in time.
    Tickets "tickets" PRUNE_TICKETS = "DELETE FROM one_time_tickets WHERE ticket_hash IN (SELECT ticket_hash \
        FROM one_time_tickets WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    /// Challenges that nobody answered in time.
    Challenges "challenges" PRUNE_CHALLENGES = "DELETE FROM two_factor_challenges WHERE token_hash IN (SELECT token_hash \
        FROM two_factor_challenges WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    /// Ceremonies that no authenticator answered in time.
    Ceremonies "ceremonies" PRUNE_CEREMONIES = "DELETE FROM passkey_ceremonies WHERE id IN (SELECT id \
        FROM passkey_ceremonies WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    /// Trust in devices that ran out.
    Trusts "trusts" PRUNE_TRUSTS = "DELETE FROM trusted_devices WHERE id IN (SELECT id \
        FROM trusted_devices WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    /// TOTP secrets whose first code did not come in time.
    Setups "setups" PRUNE_SETUPS = "UPDATE user_two_factor_auth SET totp_pending_sealed = NULL, \
        totp_pending_until = NULL WHERE user_id IN (SELECT user_id FROM user_two_factor_auth \
        WHERE totp_pending_until < $1 LIMIT $2)";
    /// Mailed links that nobody followed in time.
    RecoveryTokens "recovery_tokens" PRUNE_RECOVERY = "DELETE FROM recovery_tokens WHERE token_hash IN (SELECT token_hash \
        FROM recovery_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    /// Changes of address that nobody confirmed in time.
    EmailChanges "email_changes" PRUNE_EMAIL_CHANGES = "DELETE FROM email_changes WHERE user_id IN (SELECT user_id \
        FROM email_changes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    /// Sessions that ended or expired before, with their tokens.
    Sessions "sessions" PRUNE_SESSIONS = "DELETE FROM user_sessions WHERE id IN (SELECT * FROM (SELECT id \
        FROM user_sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) AS expired UNION SELECT * FROM (SELECT id \
        FROM user_sessions WHERE ended_at < $1 ORDER BY ended_at LIMIT $2) AS ended LIMIT $2)";
    // By their numbers, which have the order of their times but for how far the nodes' clocks are apart.
    /// Events that every node has applied long ago.
    Events "events" PRUNE_EVENTS = "DELETE FROM revocation_events WHERE seq IN (SELECT seq FROM (SELECT seq, at \
        FROM revocation_events ORDER BY seq LIMIT $2) AS first WHERE at < $1)";
    /// Mails that were given up, or that nobody sent in time.
    Mails "mails" PRUNE_MAILS = "DELETE FROM mail_outbox WHERE id IN (SELECT * FROM (SELECT id \
        FROM mail_outbox WHERE failed_at < $1 ORDER BY failed_at LIMIT $2) AS failed UNION SELECT * FROM (SELECT id \
        FROM mail_outbox WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) AS expired LIMIT $2)";
    // A charge may begin the window of a row anew while it is being removed: so its end is looked at twice. PostgreSQL
    // passes over those that are just being charged, so that nobody waits for each other in a circle.
    /// Budgets whose window is over. They count nothing any more.
    Budgets "budgets" PRUNE_BUDGETS = {
        sqlite: "DELETE FROM guess_budgets WHERE key IN (SELECT key FROM guess_budgets WHERE ends_at <= $1 \
            ORDER BY ends_at LIMIT $2) AND ends_at <= $1",
        pg: "DELETE FROM guess_budgets WHERE key IN (SELECT key FROM guess_budgets WHERE ends_at <= $1 \
            ORDER BY ends_at LIMIT $2 FOR UPDATE SKIP LOCKED) AND ends_at <= $1"
    };
    // The time is said twice, so that the months that are not over need not be looked at.
    /// Login attempts before that.
    Attempts "login_attempts" PRUNE_ATTEMPTS = "DELETE FROM device_login_attempts WHERE at < $1 AND (at, id) IN (SELECT at, \
        id FROM device_login_attempts WHERE at < $1 ORDER BY at, id LIMIT $2)";
    /// Devices that were not used since, and on which no session could be alive.
    Devices "devices" PRUNE_DEVICES = "DELETE FROM registered_devices WHERE id IN (SELECT d.id \
        FROM registered_devices d WHERE d.last_seen_at < $1 AND NOT EXISTS (SELECT 1 FROM user_sessions s \
        WHERE s.registered_device_id = d.id AND s.ended_at IS NULL AND s.expires_at > $1) LIMIT $2)";
    /// Alerts before that. Of administrators who are so still it stays known that they were told of.
    Alerts "alerts" PRUNE_ALERTS = "DELETE FROM alerts WHERE id IN (SELECT a.id FROM alerts a WHERE a.at < $1 \
        AND NOT (a.rule = 'new_admin' AND EXISTS (SELECT 1 FROM users u WHERE u.role = 'admin' \
        AND a.about = 'user:' || CAST(u.id AS TEXT))) ORDER BY a.at, a.id LIMIT $2)";
    /// Calls of the webhook that were given up before.
    Webhooks "webhooks" PRUNE_WEBHOOKS = "DELETE FROM webhook_outbox WHERE id IN (SELECT id \
        FROM webhook_outbox WHERE failed_at < $1 ORDER BY failed_at LIMIT $2)";
    /// Figures for charts before that.
    Figures "figures" PRUNE_FIGURES = "DELETE FROM figures WHERE (at, node, name, label) IN (SELECT at, node, name, label \
        FROM figures WHERE at < $1 ORDER BY at LIMIT $2)";
}

impl Write<System> {
    /// Removes what was over `before` then, `most` rows at most, and says how many there were.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn remove_expired(&mut self, what: Expired, before: Timestamp, most: u32) -> Result<u64, StoreError> {
        let (statement, most) = (what.statement(), i64::from(most));
        if what == Expired::Budgets {
            // Their times are plain numbers on both databases.
            return on!(self, |c, sql| sqlx::query(sql(statement))
                .bind(before.micros())
                .bind(most)
                .execute(c)
                .await
                .map(|done| done.rows_affected()));
        }
        on!(self, |c, sql| sqlx::query(sql(statement))
            .bind(Db(before))
            .bind(most)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))
    }
}

impl Read<System> {
    /// Accounts that were registered before that time and wait for their address to be confirmed, by id, from the one after
    /// `after` on.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn unverified_users(
        &mut self,
        before: Timestamp,
        after: UserId,
        most: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let ids: Vec<i64> = on!(self, |c, sql| sqlx::query_scalar(sql(UNVERIFIED))
            .bind(Db(before))
            .bind(after.0)
            .bind(i64::from(most))
            .fetch_all(c)
            .await)?;
        Ok(ids.into_iter().map(UserId).collect())
    }
}
