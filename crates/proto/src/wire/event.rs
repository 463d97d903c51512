//! What happened around an account, for its user.

use serde::Serialize;

use crate::ids::{DeviceId, EventId, SessionId};
use crate::time::Timestamp;

/// Which trail an event is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventTrail {
    /// Somebody tried to come in, or to show again who they are.
    Login,
    /// Something was done.
    Security,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventActor {
    /// The user.
    You,
    /// Somebody who operates the server.
    Operator,
}

/// One event in the list.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct SecurityEvent {
    /// Its id.
    pub id: EventId,
    /// When it was.
    pub at: Timestamp,
    /// Which trail it is from.
    pub kind: EventTrail,
    /// What it was: `login`, `reauthentication`, `refresh_reuse`, or a word of the audit trail such as
    /// `password_changed`.
    pub event: String,
    /// With an attempt: how. `password`, `totp`, `passkey`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// With an attempt: whether it was enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub succeeded: Option<bool>,
    /// With an attempt: `ok`, or why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who did it, where that is known and not the user's to guess.
    pub by: Option<EventActor>,
    /// From which address; not said of operators.
    pub ip: Option<String>,
    /// Where that is, when a place database was configured.
    pub location: Option<String>,
    /// The device's name, or what its `User-Agent` says.
    pub device: Option<String>,
    /// The device, unless it was forgotten.
    pub device_id: Option<DeviceId>,
    /// The session that it opened, or in which it was done.
    pub session_id: Option<SessionId>,
    /// Whether that is the session of this very request.
    pub current: bool,
}
