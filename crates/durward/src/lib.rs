//! The program: configuration, command line, checks and wiring. `main.rs` only starts it; it is a library so that the
//! tests can hold its parts.

pub mod cli;
pub mod config;
