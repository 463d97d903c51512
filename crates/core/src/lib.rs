//! durward's decisions: who may log in, what a session is, when it ends. No HTTP and no SQL.
//!
//! A login can be read in order: [`login`] asks [`budgets`] whether another guess is allowed, [`second_factor`] whether
//! more than the password is needed and [`factors`] whether enough was shown, and hands the [`factors::Authenticated`] it
//! gets to [`issue`], which opens the session.
//! Everything that ends a session goes through [`revoke`].

pub mod access;
pub mod account;
pub(crate) mod acts;
pub mod admin;
pub mod alerts;
pub mod audit;
pub mod breakers;
pub mod budgets;
pub mod bus;
pub mod chat;
pub mod client;
pub mod conversations;
pub mod csrf;
pub mod devices;
pub mod factors;
pub mod fault;
pub mod figures;
pub mod issue;
pub mod keys;
pub mod leases;
pub mod login;
pub mod logout;
pub mod mail;
pub mod operator;
pub mod own;
pub mod page;
pub mod passkeys;
pub mod password_change;
pub mod place;
pub mod reauthenticate;
pub mod recover;
pub mod refresh;
pub mod refresh_token;
pub mod register;
pub mod retention;
pub mod revoke;
pub mod risk;
pub mod roles;
pub mod roster;
pub(crate) mod sealing;
pub mod second_factor;
pub mod service;
pub mod settings_schema;
pub mod sockets;
pub mod strength;
pub mod tickets;
mod turnstile;

pub use alerts::{AlertRules, Alerts, WebhookKey};
pub use breakers::Breakers;
pub use client::Client;
pub use csrf::{Csrf, CsrfFault};
pub use fault::Fault;
pub use issue::Opened;
pub use keys::{KeyFault, KeySettings, SigningKeys};
pub use login::LoginOutcome;
pub use passkeys::PasskeySettings;
pub use reauthenticate::Renewed;
pub use recover::RecoveryRules;
pub use register::Registration;
pub use retention::{Retention, RetentionRules};
pub use roles::Roles;
pub use roster::Roster;
pub use second_factor::{Challenge, Trusted};
pub use service::{Core, Parts, Policy};

pub use durward_store::{Spent, tallied};
