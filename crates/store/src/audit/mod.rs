//! The audit trail: what a write says about itself, in the same transaction.
//!
//! Its rows stand in chains (lanes), each row hashed over the one before it ([`chain`]). The head of a lane carries a
//! MAC, and signed checkpoints tie the lanes together ([`keys`]), so that a row that was changed, removed or put in by
//! somebody without the keys can be found.

pub(crate) mod canonical;
pub(crate) mod chain;
pub(crate) mod keys;
pub(crate) mod statement;

use durward_proto::{SessionId, UserId};
use serde_json::Value;

pub use chain::{AuditRow, Broken, Head};
pub use keys::{AuditKeys, AuditOptions, KeyFault as AuditKeyFault};
pub use statement::{CheckpointFault, CheckpointKind, CheckpointRow, signed_hash};

/// One row of the audit trail, given to [`Write::commit`](crate::Write::commit). Only the client's address can be
/// erased later: nothing else in it may be a person's data.
#[derive(Debug, Clone)]
#[must_use = "an audit row is written by Write::commit"]
pub struct Audit {
    pub(crate) event: &'static str,
    pub(crate) actor: Option<UserId>,
    pub(crate) subject: Option<UserId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) ip: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) detail: Value,
}

impl Audit {
    /// `event` is a stable word such as `login` or `refresh_reuse`.
    pub fn new(event: &'static str) -> Self {
        Self {
            event,
            actor: None,
            subject: None,
            session: None,
            ip: None,
            request_id: None,
            detail: Value::Object(serde_json::Map::new()),
        }
    }

    /// Who did it.
    pub fn actor(mut self, user: UserId) -> Self {
        self.actor = Some(user);
        self
    }

    /// To whom it was done.
    pub fn subject(mut self, user: UserId) -> Self {
        self.subject = Some(user);
        self
    }

    /// In which session, or to which.
    pub fn session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// From where it was asked, and the request's id.
    pub fn client(mut self, ip: Option<String>, request_id: Option<String>) -> Self {
        self.ip = ip;
        self.request_id = request_id;
        self
    }

    /// What else is worth knowing. Never a secret, and nothing that would have to be erased with a person.
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// Whether the client's address in it is this user's own.
    pub(crate) fn is_of(&self, user: UserId) -> bool {
        self.actor == Some(user) || (self.actor.is_none() && self.subject == Some(user))
    }
}
