//! The proof that somebody may do something.

use std::fmt;
use std::marker::PhantomData;

use durward_proto::scope::{self, ADMIN};
use durward_proto::{Code, UserId};

use crate::path::Verified;

/// Something that not everybody may do. There are no others than those in this module.
pub trait Right: sealed::Known + Send + Sync + 'static {
    /// The scope that gives it.
    const SCOPE: &'static str;
}

mod sealed {
    pub trait Known {}
}

macro_rules! rights {
    ($($(#[doc = $doc:literal])+ $Name:ident = $scope:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy)]
        pub struct $Name;

        impl sealed::Known for $Name {}
        impl Right for $Name {
            const SCOPE: &'static str = $scope;
        }
    )+};
}

rights! {
    /// To do everything: the role `admin`.
    Admin = ADMIN;
    /// To see accounts.
    ReadUsers = scope::USERS_READ;
    /// To change accounts.
    ChangeUsers = scope::USERS_WRITE;
    /// To see everybody's sessions and devices.
    ReadSessions = scope::SESSIONS_READ;
    /// To end anybody's sessions.
    EndSessions = scope::SESSIONS_WRITE;
    /// To read the trails of logins and of what was done.
    ReadAudit = scope::AUDIT_READ;
    /// To see alerts.
    ReadAlerts = scope::ALERTS_READ;
    /// To see the overview and its charts.
    ReadOverview = scope::OVERVIEW_READ;
}

/// The proof that its holder has the right `R`. Only [`Verified::permit`] makes one.
///
/// ```
/// use durward_verify::{Denied, Permit, ReadUsers, Verified};
/// fn ask(who: &Verified) -> Result<Permit<ReadUsers>, Denied> {
///     who.permit()
/// }
/// ```
///
/// ```compile_fail,E0451
/// use durward_verify::{Admin, Permit, Verified};
/// fn forge(who: &Verified) -> Permit<Admin> {
///     Permit { holder: who.user_id(), right: std::marker::PhantomData }
/// }
/// ```
///
/// One right is not another:
///
/// ```compile_fail,E0308
/// use durward_verify::{ChangeUsers, Permit, ReadUsers};
/// fn more(permit: Permit<ReadUsers>) -> Permit<ChangeUsers> {
///     permit
/// }
/// ```
///
/// And nobody can make up a right of their own, which everybody would have:
///
/// ```compile_fail,E0277
/// use durward_verify::{Denied, Permit, Verified};
/// struct Everything;
/// fn ask(who: &Verified) -> Result<Permit<Everything>, Denied> {
///     who.permit()
/// }
/// ```
///
/// ```compile_fail,E0277
/// struct Everything;
/// impl durward_verify::Right for Everything {
///     const SCOPE: &'static str = "user";
/// }
/// ```
pub struct Permit<R: Right> {
    holder: UserId,
    right: PhantomData<fn() -> R>,
}

impl<R: Right> Permit<R> {
    /// Who has it.
    pub fn holder(&self) -> UserId {
        self.holder
    }
}

impl<R: Right> fmt::Debug for Permit<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("holder", &self.holder).finish_non_exhaustive()
    }
}

/// The user does not have the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the account's role does not allow this")]
pub struct Denied;

impl Denied {
    /// The stable code.
    pub fn code(self) -> Code {
        Code::Forbidden
    }
}

impl Verified {
    /// The proof that the user has a right now.
    ///
    /// # Errors
    /// When the user's role does not have its scope.
    pub fn permit<R: Right>(&self) -> Result<Permit<R>, Denied> {
        self.may(R::SCOPE).map(|()| Permit { holder: self.user_id(), right: PhantomData })
    }

    /// Whether the user may do now what this scope allows. Who has `admin` may do everything.
    ///
    /// # Errors
    /// When the user's role has neither.
    pub fn may(&self, scope: &str) -> Result<(), Denied> {
        if self.scopes().iter().any(|held| held == scope || held == ADMIN) { Ok(()) } else { Err(Denied) }
    }
}
