//! The tests of the whole program, over real connections, on both databases. They lie where the URLs lie.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]
#![allow(clippy::disallowed_methods, reason = "a test's patience goes by the machine's clock")]
#![allow(unreachable_pub, missing_debug_implementations, reason = "nobody uses this from outside")]

mod alerts;
mod api;
mod broken;
mod browser;
mod canaries;
mod chat_upstream;
mod command_line;
mod connections;
mod conventions;
mod corpora;
mod durability;
mod early_answers;
mod enumeration;
mod every_row;
mod idor;
mod keys;
mod kit;
mod limits;
mod mail;
mod monitoring;
mod now;
mod quickstart;
mod retention;
mod risk;
mod ui;
