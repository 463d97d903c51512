//! What people show to prove who they are, and when it is enough.

pub mod password;
mod rules;

use durward_proto::{AccountStatus, Code, Timestamp, UserId};
use durward_store::UserRow;

pub use rules::{Demand, SecondFactorRules};

use crate::fault::Fault;
use password::PasswordShown;

/// Proof that a user showed enough factors. Only this module makes one, and only this opens a session.
///
/// ```compile_fail
/// fn forge(user: durward_store::UserRow, at: durward_proto::Timestamp) -> durward_core::factors::Authenticated {
///     durward_core::factors::Authenticated { user, amr: vec![], at }
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
    amr: Vec<String>,
    at: Timestamp,
}

impl Authenticated {
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
    let user = shown.into_user();
    let code = match user.status {
        AccountStatus::Active => return Ok(Authenticated { user, amr: vec!["pwd".to_owned()], at: now }),
        AccountStatus::Pending => Code::AccountPending,
        AccountStatus::Suspended => Code::AccountSuspended,
        AccountStatus::Deactivated => Code::AccountDeactivated,
    };
    Err(Fault::new(code))
}
