//! The program: configuration, command line, checks and wiring. `main.rs` only starts it; it is a library so that the
//! tests can hold its parts.

pub mod alerting;
mod answering;
mod checks;
pub mod cli;
pub mod config;
mod descriptors;
mod mailing;
pub mod metering;
mod operations;
mod places;
mod telemetry;
pub mod wire;
