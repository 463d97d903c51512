//! The one path on which a token is checked.
//!
//! [`Verifier`] finds the credential of a request ([`carried`]), takes the token apart (`jws`), checks its
//! signature ([`keys`]) and its claims ([`claims`]), asks whether the session is alive ([`liveness`]), and only
//! then makes a [`Verified`]: the proof of who asks, which everything else demands and which nobody else can
//! make. A WebSocket holds a [`Lease`]: a `Verified` that ends. A right is proven by a [`Permit`].
//!
//! The same code runs in the server and in the client libraries.

mod base64url;
pub mod breaker;
pub mod carried;
pub mod claims;
mod json;
mod jws;
pub mod keys;
mod lease;
pub mod liveness;
mod path;
mod permit;
mod random;
mod refusal;
mod trace;

#[cfg(test)]
mod kit;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod vectors;

pub use breaker::{Breaker, BreakerError, BreakerRules};
pub use carried::{Carried, Source, Surface, cookie, find};
pub use claims::Claims;
pub use keys::{Algorithm, BadKey, CheckingKey, KeyRing, SigningKey};
pub use lease::Lease;
pub use liveness::{LastUse, LiveSession, Liveness, Redeemed, Unavailable};
pub use path::{Rules, Verified, Verifier};
pub use permit::{
    Admin, ChangeUsers, Denied, EndSessions, Permit, ReadAlerts, ReadAudit, ReadOverview, ReadSessions, ReadUsers,
    Right,
};
pub use random::SystemRandom;
pub use refusal::Refusal;
pub use trace::{Step, Trace};
