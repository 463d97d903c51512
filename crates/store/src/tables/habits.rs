//! `user_login_habits`: what is usual for a user, and what else the risk of a login is judged by.

use std::time::Duration;

use durward_proto::{Timestamp, UserId};
use serde_json::Value;
use sqlx::types::Json;

use crate::encode::Db;
use crate::error::StoreError;
use crate::later::later;
use crate::link::on;
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::{Read, Write};

/// How many wrong answers are looked at: more say nothing more.
const MOST_FAILURES: i64 = 50;

/// How far another node's clock may be ahead with its wrong answers still being seen. Without an end every month of the trail
/// that was made ahead would be planned for, at each login.
const MOST_AHEAD: Duration = Duration::from_secs(86_400);

/// What the risk of a login is judged by.
#[derive(Debug, Clone, Default)]
pub struct RiskEvidence {
    /// What is usual for the user, as it was written.
    pub habits: Option<Value>,
    /// Tries under the key of the client's address that were wrong, or are being looked at.
    pub address_failures: u32,
    /// When there were wrong answers for the account from devices that are not its user's, the newest first.
    pub account_failures: Vec<Timestamp>,
}

queries! {
    // The two conditions on wrong answers are, word for word, those of the index `device_login_attempts_wrong`: SQLite takes
    // it for no others.
    /// The user's habits, the wrong answers of an address, and whether there were some for the account, as below.
    EVIDENCE = "SELECT (SELECT habits FROM user_login_habits WHERE user_id = $1), \
        (SELECT failures FROM guess_budgets WHERE key = $2 AND ends_at > $3), \
        EXISTS (SELECT 1 FROM device_login_attempts WHERE user_id = $1 AND at > $4 AND at < $5 AND succeeded = FALSE \
        AND registered_device_id IS NULL \
        AND reason IN ('invalid_credentials', 'invalid_second_factor', 'too_many_attempts'))";
    /// When there were wrong answers for an account since then, on devices that are not its user's.
    FAILURES = "SELECT at FROM device_login_attempts WHERE user_id = $1 AND at > $2 AND at < $4 AND succeeded = FALSE \
        AND registered_device_id IS NULL \
        AND reason IN ('invalid_credentials', 'invalid_second_factor', 'too_many_attempts') \
        ORDER BY at DESC LIMIT $3";
    /// Writes the habits down.
    PUT = "INSERT INTO user_login_habits (user_id, habits, updated_at) VALUES ($1, $2, $3) \
        ON CONFLICT (user_id) DO UPDATE SET habits = excluded.habits, updated_at = excluded.updated_at";
    /// The user's habits.
    HABITS = "SELECT habits FROM user_login_habits WHERE user_id = $1";
}

impl Read<Gate> {
    /// What the risk of a login is judged by. `address_key` is the budget of the client's address, and `since` how far
    /// back wrong answers for the account are looked for.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn risk_evidence(
        &mut self,
        user: UserId,
        address_key: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<RiskEvidence, StoreError> {
        let until = now.plus(MOST_AHEAD);
        let evidence: (Option<Json<Value>>, Option<i64>, bool) = on!(self, |c, sql| sqlx::query_as(sql(EVIDENCE))
            .bind(user.0)
            .bind(address_key)
            .bind(now.micros())
            .bind(Db(since))
            .bind(Db(until))
            .fetch_one(c)
            .await)?;
        let (habits, failures, has_failed) = evidence;
        let times: Vec<(Db<Timestamp>,)> = if has_failed {
            on!(self, |c, sql| sqlx::query_as(sql(FAILURES))
                .bind(user.0)
                .bind(Db(since))
                .bind(MOST_FAILURES)
                .bind(Db(until))
                .fetch_all(c)
                .await)?
        } else {
            Vec::new()
        };
        Ok(RiskEvidence {
            habits: habits.map(|habits| habits.0),
            address_failures: failures.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
            account_failures: times.into_iter().map(|(at,)| at.0).collect(),
        })
    }

    /// What is usual for a user, as it was written.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn habits(&mut self, user: UserId) -> Result<Option<Value>, StoreError> {
        let row: Option<(Json<Value>,)> =
            on!(self, |c, sql| sqlx::query_as(sql(HABITS)).bind(user.0).fetch_optional(c).await)?;
        Ok(row.map(|(habits,)| habits.0))
    }
}

impl Write<Gate> {
    /// Writes down what is usual for a user.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn put_habits(&mut self, user: UserId, habits: &Value, now: Timestamp) -> Result<(), StoreError> {
        later!(self, PUT, [user.0, Json(habits), Db(now)])
    }
}
