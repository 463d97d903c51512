//! The program: configuration, command line, checks and wiring. `main.rs` only starts it; it is a library so that the
//! tests can hold its parts.

mod answering;
mod checks;
pub mod cli;
pub mod config;
mod mailing;
mod operations;
mod places;
pub mod wire;
