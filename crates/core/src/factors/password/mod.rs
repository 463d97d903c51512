//! Passwords as a factor.

mod argon2id;
mod desk;
mod hasher;
mod phc;
mod priority;
mod queue;
mod rules;

use durward_proto::Secret;
use durward_store::{CredentialRow, UserRow};

pub use argon2id::Library;
pub use hasher::{HashSettings, Hasher, Trial};
pub(crate) use priority::give_way;
pub use rules::{PasswordRules, prepare};

use crate::fault::Fault;

/// Proof that the user's password was shown.
pub(crate) struct PasswordShown {
    user: UserRow,
    /// What it was compared with.
    pub(crate) hash: Compared,
}

/// A hash that a password was compared with.
#[derive(Clone)]
pub(crate) struct Compared {
    /// As it was.
    pub(crate) checked: String,
    /// What to keep from now on: another one when its parameters are no longer those that are configured.
    pub(crate) kept: String,
}

impl PasswordShown {
    pub(crate) fn into_user(self) -> UserRow {
        self.user
    }
}

/// Compares a password with what is kept of it. An unknown user costs the same hash as a known one.
///
/// # Errors
/// `overloaded` when no hashing thread is free in time.
pub(crate) async fn show(
    hasher: &Hasher,
    credential: Option<CredentialRow>,
    password: &Secret,
) -> Result<Option<PasswordShown>, Fault> {
    let password = prepare(password);
    let kept = credential.as_ref().map(|credential| credential.password_hash.clone());
    let kept = if let Some(kept) = kept { kept } else { hasher.dummy().await?.to_owned() };
    let matches = hasher.verify(password.clone(), kept).await?;
    let Some(credential) = credential.filter(|_| matches) else { return Ok(None) };
    let checked = credential.password_hash;
    let kept = if hasher.is_current(&checked) { checked.clone() } else { hasher.hash(password).await? };
    Ok(Some(PasswordShown { user: credential.user, hash: Compared { checked, kept } }))
}
