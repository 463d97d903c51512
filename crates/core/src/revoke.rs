//! Ending sessions: the one place.
//!
//! Rows change, an event for the other nodes is written and the audit row with them, all in one transaction. Only
//! after its commit do the roster and the open sockets of this node hear of it.

use std::sync::Arc;

use durward_proto::{Clock, Code, DeviceId, SessionId, UserId};
use durward_store::{Audit, EventKind, Gate, GateStore, NewEvent, Own, OwnStore, Write};
use durward_verify::Verified;
use serde_json::json;

use crate::fault::Fault;
use crate::leases::Leases;
use crate::roster::Roster;
use crate::service::Core;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its user logged out.
    Logout,
    /// Its user logged out everywhere.
    LogoutEverywhere,
    /// Its user ended it from another one.
    EndedByUser,
    /// Its user forgot the device that it was opened on.
    DeviceRemoved,
    /// The password changed.
    PasswordChanged,
    /// The password was set anew by mail.
    PasswordReset,
    /// A refresh token came twice.
    RefreshReused,
    /// Its user deleted the account.
    Deleted,
}

impl Cause {
    /// As it stands in the database and the audit trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutEverywhere => "logout_everywhere",
            Self::EndedByUser => "session_ended",
            Self::DeviceRemoved => "device_removed",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::RefreshReused => "refresh_reuse",
            Self::Deleted => "deleted",
        }
    }
}

/// The reason that the sockets of a session are closed with, from the cause as it stands in the database. None where
/// the account is only to be looked at again: they stay.
pub(crate) fn close_code(cause: &str) -> Option<Code> {
    match cause {
        "suspended" | "deactivated" | "deleted" => Some(Code::AccountInactive),
        "activated" | "email_verified" | "email_changed" | "factors_changed" | "device_changed" => None,
        _ => Some(Code::TokenRevoked),
    }
}

/// Ends sessions.
#[derive(Clone)]
pub(crate) struct Revoker {
    gate: GateStore,
    roster: Arc<Roster>,
    leases: Arc<Leases>,
    clock: Arc<dyn Clock>,
}

impl Revoker {
    pub(crate) fn new(gate: GateStore, roster: Arc<Roster>, leases: Arc<Leases>, clock: Arc<dyn Clock>) -> Self {
        Self { gate, roster, leases, clock }
    }

    /// Ends one session of a user. False when it had ended already.
    pub(crate) async fn session(
        &self,
        user: UserId,
        session: SessionId,
        cause: Cause,
        audit: Audit,
    ) -> Result<bool, Fault> {
        let mut write = self.gate.write().await?;
        if !write.end_session(user, session, self.clock.now(), cause.as_str()).await? {
            return Ok(false);
        }
        self.announce(&mut write, user, &[session], cause).await?;
        write.commit(audit.subject(user).session(session)).await?;
        self.tell(&[session], cause.as_str());
        Ok(true)
    }

    /// Ends all sessions of a user but `except`.
    pub(crate) async fn all(
        &self,
        user: UserId,
        except: Option<SessionId>,
        cause: Cause,
        audit: Audit,
    ) -> Result<(), Fault> {
        let mut write = self.gate.write().await?;
        let ended = write.end_sessions(user, except, self.clock.now(), cause.as_str()).await?;
        self.announce(&mut write, user, &ended, cause).await?;
        write.commit(audit.subject(user)).await?;
        self.tell(&ended, cause.as_str());
        Ok(())
    }

    /// Ends one of the caller's own sessions. False when it is not theirs or has ended.
    pub(crate) async fn own_session(
        &self,
        own: &OwnStore,
        who: &Verified,
        session: SessionId,
        audit: Audit,
    ) -> Result<bool, Fault> {
        let cause = Cause::EndedByUser;
        let mut write: Write<Own> = own.write().await?;
        if !write.end_session(session, self.clock.now(), cause.as_str()).await? {
            return Ok(false);
        }
        self.announce(&mut write, who.user_id(), &[session], cause).await?;
        write.commit(audit.session(session)).await?;
        self.tell(&[session], cause.as_str());
        Ok(true)
    }

    /// Ends all of the caller's sessions but the one that asks.
    pub(crate) async fn own_others(&self, own: &OwnStore, who: &Verified, audit: Audit) -> Result<(), Fault> {
        let cause = Cause::EndedByUser;
        let mut write = own.write().await?;
        let ended = write.end_other_sessions(self.clock.now(), cause.as_str()).await?;
        self.announce(&mut write, who.user_id(), &ended, cause).await?;
        write.commit(audit).await?;
        self.tell(&ended, cause.as_str());
        Ok(())
    }

    /// Forgets one of the caller's devices: its sessions end, and the trust in it. False when it is not theirs.
    pub(crate) async fn own_device(
        &self,
        own: &OwnStore,
        who: &Verified,
        device: DeviceId,
        audit: Audit,
    ) -> Result<bool, Fault> {
        let cause = Cause::DeviceRemoved;
        let mut write = own.write().await?;
        // The account and then the device, before its sessions: a login on it that is under way has opened its session by
        // then, or finds no device.
        write.hold_user().await?;
        if !write.delete_device(device).await? {
            return Ok(false);
        }
        write.forget_trust_in(device).await?;
        let ended = write.end_sessions_on(device, self.clock.now(), cause.as_str()).await?;
        self.announce(&mut write, who.user_id(), &ended, cause).await?;
        write.commit(audit.detail(json!({ "device_id": device, "sessions": ended.len() }))).await?;
        self.tell(&ended, cause.as_str());
        Ok(true)
    }

    /// Ends what a transaction that does more than that has to end: after its commit, give the answer to
    /// [`Self::tell`].
    pub(crate) async fn announce<S>(
        &self,
        write: &mut Write<S>,
        user: UserId,
        sessions: &[SessionId],
        cause: Cause,
    ) -> Result<(), Fault> {
        for session in sessions {
            let event = NewEvent {
                kind: EventKind::Session,
                user_id: user,
                session_id: Some(*session),
                reason: cause.as_str(),
                now: self.clock.now(),
            };
            write.append_event(&event).await?;
        }
        Ok(())
    }

    /// Closes all sockets of this node, and says how many there were.
    pub(crate) fn close_all(&self, reason: Code) -> usize {
        self.leases.close_all(reason)
    }

    /// Makes this node ask anew for every session.
    pub(crate) fn forget_all(&self) {
        self.roster.forget_all();
    }

    /// Tells this node that sessions have ended, or that their user has changed. Only after the commit.
    pub(crate) fn tell(&self, sessions: &[SessionId], cause: &str) {
        for session in sessions {
            self.roster.forget(*session);
            if let Some(code) = close_code(cause) {
                self.leases.close(*session, code);
            }
        }
    }
}

impl Core {
    /// Has every node look at an account again, without ending a session: what stands in `reason` closes no socket. Gives
    /// the sessions that this node has to be told of after the commit.
    pub(crate) async fn renew_user(
        &self,
        write: &mut Write<Gate>,
        user: UserId,
        reason: &'static str,
    ) -> Result<Vec<SessionId>, Fault> {
        let event = NewEvent { kind: EventKind::User, user_id: user, session_id: None, reason, now: self.clock.now() };
        write.append_event(&event).await?;
        Ok(write.session_ids(user).await?)
    }
}
