//! The shapes on the wire (contract sections 2 to 7). Bodies that come in refuse members they do not know.

pub mod account;
pub mod admin;
pub mod alert;
pub mod audit;
pub mod auth;
pub mod chat;
pub mod device;
pub mod event;
pub mod factor;
pub mod health;
pub mod list;
pub mod passkey;
pub mod password;
pub mod profile;
pub mod recovery;
pub mod session;
pub mod ws;
