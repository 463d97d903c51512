//! A proof that ends: what a WebSocket holds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, Code, SessionId, Timestamp};
use tokio::sync::watch;

use crate::keys::Watch;
use crate::path::Verified;
use crate::refusal::Refusal;

/// How long to sleep at most before the wall clock is read again: it may be set, and machines are suspended.
const NAP: Duration = Duration::from_secs(5);

/// A [`Verified`] that ends, and says why. Only a [`Verifier`](crate::Verifier) makes one.
///
/// ```
/// use durward_verify::{Lease, Verified};
/// async fn hold(mut lease: Lease) -> durward_proto::Code {
///     let _who: &Verified = lease.verified();
///     lease.ended().await
/// }
/// ```
///
/// A request's proof cannot be held on to as a lease:
///
/// ```compile_fail,E0423
/// use durward_verify::{Lease, Verified};
/// fn forever(proof: Verified) -> Lease {
///     Lease(proof)
/// }
/// ```
///
/// ```compile_fail,E0451
/// use durward_verify::{Lease, Verified};
/// fn forever(lease: Lease, verified: Verified) -> Lease {
///     Lease { verified, ..lease }
/// }
/// ```
///
/// ```compile_fail,E0599
/// use durward_verify::Lease;
/// fn two(lease: Lease) -> (Lease, Lease) {
///     (lease.clone(), lease)
/// }
/// ```
pub struct Lease {
    verified: Verified,
    ends: watch::Receiver<Option<Code>>,
    keys: Watch,
    clock: Arc<dyn Clock>,
}

impl Lease {
    pub(crate) fn open(
        verified: Verified,
        ends: watch::Receiver<Option<Code>>,
        keys: Watch,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { verified, ends, keys, clock }
    }

    /// Who holds it.
    pub fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The session whose end is this lease's end.
    pub fn session_id(&self) -> SessionId {
        self.verified.session_id()
    }

    /// When it ends if it is not renewed.
    pub fn expires_at(&self) -> Timestamp {
        self.verified.expires_at()
    }

    /// Goes on under a newer proof, of the same session and user.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when it is somebody else's or another session's: the lease stays as it was.
    pub fn renew(&mut self, verified: Verified) -> Result<(), Refusal> {
        if verified.session_id() != self.session_id() || verified.user_id() != self.verified.user_id() {
            return Err(Refusal::Malformed("the token belongs to another session than this connection"));
        }
        self.verified = verified;
        Ok(())
    }

    /// Waits until it ends, and says why: as the session's end has it, `token_signature` when the key of its token was
    /// retired, or `token_expired`. It can be dropped and called again, before and after a renewal; once ended, it answers at once.
    pub async fn ended(&mut self) -> Code {
        loop {
            if let Some(code) = *self.ends.borrow_and_update() {
                return code;
            }
            if self.verified.key().is_some_and(|key| !self.keys.holds(key)) {
                return Code::TokenSignature;
            }
            let left = self.expires_at().since(self.clock.now());
            if left.is_zero() {
                return Code::TokenExpired;
            }
            tokio::select! {
                changed = self.ends.changed() => if changed.is_err() {
                    // Nobody is left who could tell of the end, so it must be taken for one; unless the last
                    // word was why.
                    return (*self.ends.borrow()).unwrap_or(Code::TokenRevoked);
                },
                () = self.keys.changed() => {}
                () = tokio::time::sleep(left.min(NAP)) => {}
            }
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("verified", &self.verified).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
