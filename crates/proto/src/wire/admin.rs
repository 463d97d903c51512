//! What operators see of the running program.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What a circuit breaker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are refused at once.
    Open,
    /// One call at a time is tried.
    HalfOpen,
}

/// One breaker in `GET /api/v1/admin/breakers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BreakerAnswer {
    /// What it guards.
    pub name: String,
    /// What it is doing.
    pub state: BreakerState,
    /// Failures in a row.
    pub failures: u32,
    /// How often it has changed its state since the start of the program.
    pub transitions: u64,
    /// When it last did, or the start of the program.
    pub since: Timestamp,
    /// In how many seconds the next call may be tried, rounded up; null when calls go through now.
    pub next_probe_in: Option<u64>,
}
