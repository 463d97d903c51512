//! The handlers, one file per subject: parse, one call into core, reply.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod conversations;
pub(crate) mod csrf_token;
pub(crate) mod devices;
pub(crate) mod documentation;
pub(crate) mod email;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod reauthenticate;
pub(crate) mod recovery;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod second_factor;
pub(crate) mod security;
pub(crate) mod session_answer;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod ticket;
