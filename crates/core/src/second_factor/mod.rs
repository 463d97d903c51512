//! Second factors: whether a login needs one, the challenge that asks for it, and what users do with those they have.
//!
//! [`need`] decides, [`challenge`] keeps what is half-way in, [`verify`] lets in. Setting up and taking down is in
//! [`totp`] and [`manage`]; devices on which it is not asked for are in [`trust`].

mod challenge;
mod manage;
mod need;
mod standing;
mod totp;
mod trust;
mod verify;

use durward_proto::{Code, Problem, SessionId, random};
use durward_store::{EventKind, Gate, NewEvent, UserRow, Write};
use uuid::Uuid;

pub use challenge::Challenge;
pub use trust::Trusted;

pub(crate) use challenge::{Taken, give, give_mailed};
pub(crate) use need::{Need, StandsIn, Waived, need};
pub(crate) use standing::Standing;
pub(crate) use verify::count;

use crate::fault::Fault;
use crate::service::Core;

/// Why nodes look at an account again. Its sessions and its sockets go on.
pub(crate) const CHANGED: &str = "factors_changed";

impl Core {
    /// A handle that stands for a user towards authenticators, for a user who has none yet. It says nothing about them.
    pub(crate) fn new_handle(&self) -> Uuid {
        uuid::Builder::from_random_bytes(random::bytes(&*self.random)).into_uuid()
    }

    /// Brings the account up to date after one of its factors was added or removed, within that transaction, which began
    /// with `hold_user`: without any factor there are no backup codes, and after a removal no device is trusted. What it
    /// gives is for [`Self::factors_were_changed`], after the commit.
    ///
    /// # Errors
    /// `last_factor` when the account could not come in any more; 503 when the database is away.
    pub(crate) async fn factors_change(
        &self,
        write: &mut Write<Gate>,
        user: &UserRow,
        change: Change,
    ) -> Result<Changed, Fault> {
        let standing = Standing::of(write, user.id).await?;
        if change == Change::Removed {
            if standing.is_last(self, user) {
                return Err(last_factor());
            }
            if !standing.is_set_up() {
                write.forget_backup_codes(user.id).await?;
                write.relax_devices(user.id).await?;
            }
            write.forget_trusts(user.id).await?;
            write.distrust_devices(user.id, None, self.clock.now()).await?;
        }
        write.set_tfa_enabled(user.id, standing.is_set_up(), self.clock.now()).await?;
        let sessions = write.session_ids(user.id).await?;
        let event = NewEvent {
            kind: EventKind::User,
            user_id: user.id,
            session_id: None,
            reason: CHANGED,
            now: self.clock.now(),
        };
        write.append_event(&event).await?;
        Ok(Changed(sessions))
    }

    /// Makes this node look at the account again.
    pub(crate) fn factors_were_changed(&self, changed: &Changed) {
        self.revoker.tell(&changed.0, CHANGED);
    }
}

/// What became of a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Removed,
}

/// The sessions whose user has changed.
#[derive(Debug)]
#[must_use = "after the commit this node has to look again"]
pub(crate) struct Changed(Vec<SessionId>);

/// The last second factor that an account can come in with.
pub(crate) fn last_factor() -> Fault {
    let detail = "This is the last second factor that this account can come in with. Set another one up first.";
    Fault::of(Problem::new(Code::LastFactor).detail(detail))
}

/// The one answer to a second factor that is wrong, and to one that was used before.
pub(crate) fn wrong_second_factor() -> Fault {
    Fault::of(Problem::new(Code::InvalidSecondFactor).detail("The code is wrong, or it was used before."))
}

/// What is turned off by configuration.
pub(crate) fn unavailable(detail: &str) -> Fault {
    Fault::of(Problem::new(Code::MethodUnavailable).detail(detail))
}

/// What cannot be done as the account stands.
pub(crate) fn state(detail: &str) -> Fault {
    Fault::of(Problem::new(Code::FactorState).detail(detail))
}

/// The key of an account's budget and of its trail.
pub(crate) fn key_of(email: &str) -> String {
    email.to_lowercase()
}
