//! A user's own sessions.

use serde::Serialize;

use crate::ids::{DeviceId, SessionId};
use crate::time::Timestamp;

/// One session in the list.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The device's name, or its `User-Agent` where that was forgotten.
    pub device: Option<String>,
    /// The device that it was opened on.
    pub device_id: Option<DeviceId>,
    /// The address it was opened from.
    pub ip: Option<String>,
    /// Where that is, when a place database is configured.
    pub location: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Whether this very request belongs to it.
    pub current: bool,
}
