//! The devices that users log in with: which one a client is, what it is called, and how far it is trusted.
//!
//! [`fingerprint`] says what a client's headers look like, [`recognise`] which of a user's devices it is, before anything
//! is checked.

pub mod fingerprint;
mod recognise;
mod reputation;

pub(crate) use recognise::recognise;
pub(crate) use reputation::Reputation;
