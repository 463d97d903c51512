//! What operators should look at.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::ids::AlertId;

/// One alert in `GET /api/v1/admin/alerts`, and `data` of what the webhook is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Alert {
    /// Its id, which is also the `webhook-id`.
    pub id: AlertId,
    /// The rule's stable word.
    pub rule: String,
    /// What it is about: `user:12`, `breaker:mail`, or nothing.
    pub about: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// When it was raised.
    pub at: Timestamp,
    /// In a sentence or two.
    pub summary: String,
    /// The figures behind it.
    pub detail: Value,
}
