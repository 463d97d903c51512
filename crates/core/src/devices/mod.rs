//! The devices that users log in with: which one a client is, what it is called, and how far it is trusted.
//!
//! [`fingerprint`] says what a client's headers look like, [`recognise()`] which of a user's devices it is, before
//! anything is checked. [`register()`] writes down what a login was made with, [`refused`] what was
//! not enough. What users do
//! with their devices is in [`manage`].

pub mod fingerprint;
mod manage;
mod name;
mod recognise;
mod register;
mod reputation;
#[cfg(test)]
mod tests;
mod trust;

pub use register::Registered;

pub(crate) use name::Described;
pub(crate) use recognise::recognise;
pub(crate) use register::{keeps_cookie, refused, register, verified};
pub(crate) use reputation::Reputation;
pub(crate) use trust::is_stepped_up;
