//! What a user has set up, and what of it can be shown.

use durward_proto::wire::factor::Method;
use durward_proto::{Timestamp, UserId};
use durward_store::{FactorsRow, Gate, Read, UserRow};

use crate::fault::Fault;
use crate::service::Core;

/// A user's factors beside the password.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Since when TOTP is on, if it is.
    pub(crate) totp_enabled_at: Option<Timestamp>,
    /// How many backup codes are left.
    pub(crate) backup_left: u32,
    /// When they were made.
    pub(crate) backup_made_at: Option<Timestamp>,
    /// How many passkeys there are.
    pub(crate) passkeys: u32,
    /// What the user prefers first.
    pub(crate) preferred: Vec<Method>,
}

impl Standing {
    /// Of a user; of one who is not there, that there is nothing.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn of(read: &mut Read<Gate>, user: UserId) -> Result<Self, Fault> {
        Ok(read.factors(user).await?.map(Self::from).unwrap_or_default())
    }

    /// Whether there is a second factor: a login asks for it. Backup codes by themselves are none.
    pub(crate) fn is_set_up(&self) -> bool {
        self.totp_enabled_at.is_some() || self.passkeys > 0
    }

    /// Whether nobody could come in any more with what is left: none of it works here, or there is none of what the
    /// operator demands.
    pub(crate) fn is_last(&self, core: &Core, user: &UserRow) -> bool {
        if !self.is_set_up() {
            return core.policy.second_factor.demands_of(&user.role);
        }
        self.methods(core).iter().all(|method| *method == Method::BackupCode)
    }

    /// What can be shown here, what the user prefers first.
    pub(crate) fn methods(&self, core: &Core) -> Vec<Method> {
        let rest = Method::ALL.iter().filter(|method| !self.preferred.contains(method));
        let can_show = |method: &&Method| match method {
            Method::Totp => core.policy.second_factor.allows(Method::Totp) && self.totp_enabled_at.is_some(),
            Method::Passkey => core.passkeys_work() && self.passkeys > 0,
            Method::BackupCode => {
                core.policy.second_factor.allows(Method::BackupCode) && self.is_set_up() && self.backup_left > 0
            }
            // Nobody has one beforehand.
            Method::EmailCode => false,
        };
        self.preferred.iter().chain(rest).filter(can_show).copied().collect()
    }
}

impl From<FactorsRow> for Standing {
    fn from(row: FactorsRow) -> Self {
        Self {
            totp_enabled_at: row.totp_enabled_at,
            backup_left: row.backup_left,
            backup_made_at: row.backup_made_at,
            passkeys: row.passkeys,
            preferred: row.preferred_methods.split_whitespace().filter_map(method).collect(),
        }
    }
}

fn method(word: &str) -> Option<Method> {
    Method::ALL.into_iter().find(|method| method.as_str() == word)
}
