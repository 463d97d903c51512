//! `/api/v1/…`.

mod account;
mod admin;
mod audit;
mod conversations;
mod csrf;
mod devices;
mod email;
mod login;
mod logout;
pub mod passkeys;
mod password;
mod profile;
mod recovery;
mod refresh;
mod register;
pub(crate) mod second_factor;
mod security;
mod sessions;
mod settings;
mod status;
mod strength;
mod tokens;
mod ws;
