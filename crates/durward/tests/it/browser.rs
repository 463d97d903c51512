//! What pages do in a real browser: Chromium with its virtual authenticator, against the real program.

mod documented;
mod page;
mod passkeys;
mod refusals;
