//! Erasing a person. What hangs on the account goes with it by the schema; the trails, which outlive it, keep what happened
//! and forget to whom.

use durward_proto::UserId;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{Gate, System};
use crate::tx::Write;

queries! {
    /// Of the attempts time, method, result and country stay.
    FORGET_ATTEMPTS = "UPDATE device_login_attempts SET user_id = NULL, email_key = '', ip = NULL, user_agent = NULL, \
        request_id = NULL, registered_device_id = NULL, session_id = NULL, place = NULL, risk_signals = NULL \
        WHERE user_id = $1 OR email_key = $2";
    /// The account, and what hangs on it.
    DELETE = "DELETE FROM users WHERE id = $1";
}

impl Write<Gate> {
    /// Deletes an account and wipes the person out of the login trail: its rows keep time, method, result and country. Of
    /// the audit trail nothing is touched here. `email_key` is the address's key, `budgets` are the keys of what was counted
    /// for it. The account must be held, and its sessions ended. False when there is no such account.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn erase_user(&mut self, user: UserId, email_key: &str, budgets: &[String]) -> Result<bool, StoreError> {
        erase(self, user, email_key, budgets).await
    }
}

impl Write<System> {
    /// As for the login flows.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn erase_user(&mut self, user: UserId, email_key: &str, budgets: &[String]) -> Result<bool, StoreError> {
        erase(self, user, email_key, budgets).await
    }
}

async fn erase<S>(
    write: &mut Write<S>,
    user: UserId,
    email_key: &str,
    budgets: &[String],
) -> Result<bool, StoreError> {
    on!(write, |c, sql| sqlx::query(sql(FORGET_ATTEMPTS)).bind(Db(user)).bind(email_key).execute(c).await.map(drop))?;
    for key in budgets {
        write.forget_at_commit(key);
    }
    on!(write, |c, sql| sqlx::query(sql(DELETE)).bind(user.0).execute(c).await.map(|done| done.rows_affected() == 1))
}
