//! The audit trail, as operators see it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::list::PageQuery;
use crate::{EventId, SessionId, Timestamp, UserId};

/// One row in `GET /api/v1/admin/audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: EventId,
    /// When it was done.
    pub at: Timestamp,
    /// A stable word such as `login` or `role_changed`.
    pub event: String,
    /// Who did it; null when that is not known, or was somebody at the command line.
    pub actor: Option<UserId>,
    /// To whom it was done.
    pub subject: Option<UserId>,
    /// In which session, or to which.
    pub session_id: Option<SessionId>,
    /// From which address; null also when it was erased.
    pub ip: Option<String>,
    /// The request's id, as in the log.
    pub request_id: Option<String>,
    /// What else is worth knowing.
    pub detail: Value,
    /// Which node wrote it.
    pub node: Option<String>,
    /// In which chain it stands.
    pub lane: Option<i64>,
    /// Its number there, from 1.
    pub seq: Option<i64>,
    /// Its hash, over that of the row before it, in hexadecimal.
    pub hash: Option<String>,
}

/// The query of `GET /api/v1/admin/audit`. What is not said does not matter.
#[derive(Debug, Default)]
pub struct AuditQuery {
    /// The stable word.
    pub event: Option<String>,
    /// Who did it.
    pub actor: Option<i64>,
    /// To whom it was done.
    pub subject: Option<i64>,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// The request's id.
    pub request_id: Option<String>,
    /// From which address.
    pub ip: Option<IpAddr>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Which page.
    pub page: PageQuery,
}
