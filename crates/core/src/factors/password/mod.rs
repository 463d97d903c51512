//! Passwords as a factor.

mod hasher;
mod phc;
mod rules;

use durward_proto::Secret;
use durward_store::{CredentialRow, UserRow};

pub use hasher::{HashSettings, Hasher};
pub use rules::{PasswordRules, prepare};

use crate::fault::Fault;

/// Proof that the user's password was shown.
pub(crate) struct PasswordShown {
    user: UserRow,
    /// The hash that it was compared with.
    hash: String,
    /// The hash to replace the kept one with, when its parameters are no longer those that are configured.
    pub(crate) rehash: Option<String>,
}


impl PasswordShown {
    pub(crate) fn into_parts(self) -> (UserRow, String) {
        (self.user, self.hash)
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
    let matches = hasher.verify(password.clone(), kept.unwrap_or_else(|| hasher.dummy().to_owned())).await?;
    let Some(credential) = credential.filter(|_| matches) else { return Ok(None) };
    let CredentialRow { user, password_hash: hash } = credential;
    let rehash = if hasher.is_current(&hash) { None } else { Some(hasher.hash(password).await?) };
    Ok(Some(PasswordShown { user, hash, rehash }))
}
