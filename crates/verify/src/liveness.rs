//! Whether a session is alive, and what its user may do now.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32};

use durward_proto::wire::auth::User;
use durward_proto::{Code, SessionId, Timestamp};
use tokio::sync::watch;

/// What holds now for a session that is alive. Whoever keeps these replaces one when something changes.
#[derive(Debug)]
pub struct LiveSession {
    /// Whose session it is: id, address, role and status as they are now.
    pub user: Arc<User>,
    /// What the user may do.
    pub scopes: Arc<[String]>,
    /// When the session ends by itself.
    pub expires_at: Timestamp,
    /// The newest generation of refresh tokens that is known to be in use; it only rises.
    pub settled: AtomicU32,
    /// When it was last used.
    pub last_use: LastUse,
}

/// When a session was last used, in microseconds since the epoch. Only for whoever keeps these: nothing here looks at it.
#[derive(Debug, Default)]
pub struct LastUse {
    /// As known here.
    pub seen: AtomicI64,
    /// As written down for others.
    pub written: AtomicI64,
    /// Whether its device keeps it from ending by idling.
    pub outlasts_idling: bool,
}

/// The answer cannot be had now. That is not a no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("whether the session is alive cannot be found out at the moment")]
pub struct Unavailable;

/// What a ticket was worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// The session that asked for it.
    pub session: SessionId,
    /// The `kid` of the key that had signed the token of who asked; none where that is not known.
    pub kid: Option<String>,
    /// When the lease that it opens ends.
    pub expires_at: Timestamp,
    /// When the user authenticated.
    pub auth_time: Timestamp,
    /// How the user authenticated (RFC 8176).
    pub amr: Vec<String>,
}

/// Knows which sessions are alive. In the server that is the roster, in a client a map that the server feeds.
pub trait Liveness: Send + Sync + 'static {
    /// What memory knows at this time, when memory can be trusted. Every check of a token begins with it.
    fn recall(&self, session: SessionId, now: Timestamp) -> Option<Arc<LiveSession>>;

    /// What the source of truth knows, when memory did not. `None`: the session has ended, or never was.
    fn load(&self, session: SessionId) -> impl Future<Output = Result<Option<Arc<LiveSession>>, Unavailable>> + Send;

    /// An access token of this generation is in use for the first time. That ends the grace in which the
    /// refresh token before it could be used again.
    fn settle(&self, session: SessionId, generation: u32) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Takes a ticket, once. `None`: there is no such ticket, it was taken or is too old, or it was given to
    /// another origin.
    fn redeem(
        &self,
        ticket: &str,
        origin: Option<&str>,
    ) -> impl Future<Output = Result<Option<Redeemed>, Unavailable>> + Send;

    /// Says when and why the sockets of the session must close. A sender that goes away says `token_revoked`.
    fn watch(&self, session: SessionId) -> watch::Receiver<Option<Code>>;
}
