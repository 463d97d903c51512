//! What people show to prove who they are, and when it is enough.

pub mod password;

use durward_proto::{AccountStatus, Code, Timestamp, UserId};
use durward_store::UserRow;

use crate::fault::Fault;
use password::PasswordShown;

/// Proof that a user showed enough factors. Only this module makes one, and only this opens a session.
///
/// ```compile_fail
/// fn forge(user: durward_store::UserRow, at: durward_proto::Timestamp) -> durward_core::factors::Authenticated {
///     durward_core::factors::Authenticated { user, password_hash: String::new(), amr: vec![], at }
/// }
/// ```
///
/// Having one is allowed, making one is not:
/// ```
/// fn keep(proof: durward_core::factors::Authenticated) -> durward_core::factors::Authenticated {
///     proof
/// }
/// ```
#[derive(Debug)]
pub struct Authenticated {
    user: UserRow,
    /// The hash that the password was compared with.
    password_hash: String,
    amr: Vec<String>,
    at: Timestamp,
}

impl Authenticated {
    /// The hash that the password was compared with: the proof holds only as long as the account still has it.
    pub(crate) fn password_hash(&self) -> &str {
        &self.password_hash
    }

    pub(crate) fn user_id(&self) -> UserId {
        self.user.id
    }

    pub(crate) fn into_parts(self) -> (UserRow, Vec<String>, Timestamp) {
        (self.user, self.amr, self.at)
    }
}

/// Decides whether the password alone is enough, at the time `now`.
///
/// # Errors
/// `account_pending`, `account_suspended` or `account_deactivated`: only who has the right password learns of it.
pub(crate) fn enough(shown: PasswordShown, now: Timestamp) -> Result<Authenticated, Fault> {
    let (user, password_hash) = shown.into_parts();
    let code = match user.status {
        AccountStatus::Active => {
            return Ok(Authenticated { user, password_hash, amr: vec!["pwd".to_owned()], at: now });
        }
        AccountStatus::Pending => Code::AccountPending,
        AccountStatus::Suspended => Code::AccountSuspended,
        AccountStatus::Deactivated => Code::AccountDeactivated,
    };
    Err(Fault::new(code))
}
