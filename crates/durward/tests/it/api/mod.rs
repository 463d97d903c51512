//! `/api/v1/…`.

mod admin;
mod conversations;
mod csrf;
mod login;
mod logout;
mod password;
mod profile;
mod refresh;
mod register;
mod sessions;
mod settings;
mod status;
mod tokens;
mod ws;
