//! The proof that somebody may do something.

use std::fmt;
use std::marker::PhantomData;

use durward_proto::{Code, UserId};

use crate::path::Verified;

/// Something that not everybody may do.
pub trait Right {
    /// Whether the user has it now.
    fn held_by(who: &Verified) -> bool;
}

/// To operate the server: the role `admin`.
#[derive(Debug)]
pub struct Admin;

impl Right for Admin {
    fn held_by(who: &Verified) -> bool {
        who.role().is_admin()
    }
}

/// The proof that its holder has the right `R`. Only [`Verified::permit`] makes one.
///
/// ```
/// use durward_verify::{Admin, Denied, Permit, Verified};
/// fn ask(who: &Verified) -> Result<Permit<Admin>, Denied> {
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
/// ```compile_fail,E0277
/// use durward_verify::{Denied, Permit, Verified};
/// struct Everything;
/// fn ask(who: &Verified) -> Result<Permit<Everything>, Denied> {
///     who.permit()
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
    pub fn permit<R: Right>(&self) -> Result<Permit<R>, Denied> {
        if R::held_by(self) { Ok(Permit { holder: self.user_id(), right: PhantomData }) } else { Err(Denied) }
    }
}
