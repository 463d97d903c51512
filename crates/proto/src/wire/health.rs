//! Health and the Golden Path report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Not looked at, because something it needs is failing.
    Skipped,
    /// As it should be.
    Ok,
    /// Works, but should be looked at.
    Degraded,
    /// Does not work.
    Failing,
}

/// One check in `/health`.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Health {
    /// How it came out.
    pub status: CheckStatus,
    /// What was found, when it is not as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// `GET /health`, `/health/live`, `/health/ready`.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthAnswer {
    /// The worst of the checks.
    pub status: CheckStatus,
    /// The program's version.
    pub version: String,
    /// Each check by its id.
    pub checks: BTreeMap<String, Health>,
}

/// One finding of the Golden Path report.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// The check's stable id, such as `schema` or `golden_path`.
    pub id: String,
    /// How it came out.
    pub status: CheckStatus,
    /// What was found.
    pub found: String,
    /// What should have been found.
    pub expected: String,
    /// How to mend it; null where nothing is to be mended.
    pub cure: Option<String>,
    /// How long the check took, in milliseconds.
    pub took_ms: u64,
}

/// `GET /api/v1/diagnostics` and `durward doctor --json`.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Report {
    /// The worst of the findings.
    pub status: CheckStatus,
    /// The program's version.
    pub version: String,
    /// Every check, in the order it ran.
    pub checks: Vec<Finding>,
}
