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
    /// A budget.
    FORGET_BUDGET = "DELETE FROM guess_budgets WHERE key = $1";
    /// The account, and what hangs on it.
    DELETE = "DELETE FROM users WHERE id = $1";
    /// Holds all who can administrate, in the order of their ids, so that two who take each other's right away wait for one
    /// another instead of both being right. SQLite has one writer anyway.
    HOLD_ADMINS = {
        sqlite: "SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id",
        pg: "SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id FOR UPDATE"
    };
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

    /// Whether nobody could administrate any more without this user: an active administrator, and the last one. All active
    /// administrators are held until this transaction ends, so ask before any account is held.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn would_leave_no_admin(&mut self, user: UserId) -> Result<bool, StoreError> {
        is_last_admin(self, user).await
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

    /// As for the login flows.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn would_leave_no_admin(&mut self, user: UserId) -> Result<bool, StoreError> {
        is_last_admin(self, user).await
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
        on!(write, |c, sql| sqlx::query(sql(FORGET_BUDGET)).bind(key).execute(c).await.map(drop))?;
    }
    on!(write, |c, sql| sqlx::query(sql(DELETE)).bind(user.0).execute(c).await.map(|done| done.rows_affected() == 1))
}

async fn is_last_admin<S>(write: &mut Write<S>, user: UserId) -> Result<bool, StoreError> {
    let admins: Vec<i64> = on!(write, |c, sql| sqlx::query_scalar(sql(HOLD_ADMINS)).fetch_all(c).await)?;
    Ok(admins == [user.0])
}
