//! What is done to somebody's account by who operates the server, at the command line ([`crate::operator`]) or over the
//! wire ([`crate::admin`]): the parts that both have in common, each within a transaction of its caller.
//!
//! What comes back are the sessions that this node has to be told of after the commit; other nodes read the events.

use durward_proto::{AccountStatus, Code, Problem, Role, SessionId, Timestamp, UserId};
use durward_store::{ChangesUsers, EndsSessions, EventKind, NewEvent, UserRow, Write};

use crate::fault::Fault;
use crate::mail::{Mail, MailKind, NOTICE_LIFE};

/// Refuses to go on without the last active admin. Holds all of them, so that it comes before anything else is held.
pub(crate) async fn keep_an_admin<S>(write: &mut Write<S>, user: UserId) -> Result<(), Fault> {
    if write.would_leave_no_admin(user).await? {
        let detail = "This is the last active administrator. Make somebody else one first.";
        return Err(Fault::of(Problem::new(Code::LastAdmin).detail(detail)));
    }
    Ok(())
}

/// Gives an account another role. Its sessions live on with it; its sockets close.
pub(crate) async fn set_role<S: ChangesUsers>(
    write: &mut Write<S>,
    user: UserId,
    role: &Role,
    now: Timestamp,
) -> Result<Vec<SessionId>, Fault> {
    write.set_role(user, role, now).await?;
    event(write, user, None, "role_changed", now).await?;
    Ok(write.session_ids(user).await?)
}

/// Changes an account's status; unless it becomes active, its sessions end.
pub(crate) async fn set_status<S: ChangesUsers>(
    write: &mut Write<S>,
    user: UserId,
    status: AccountStatus,
    now: Timestamp,
) -> Result<Vec<SessionId>, Fault> {
    write.set_status(user, status, now).await?;
    // Before the sessions: a login that is half done ends with them. After the account, which whoever completes one
    // holds first, too.
    write.forget_pending(user).await?;
    if status == AccountStatus::Active {
        // Nodes may remember that it was not.
        event(write, user, None, "activated", now).await?;
        return Ok(write.session_ids(user).await?);
    }
    end_all(write, user, status.as_str(), now).await
}

/// What was removed of an account's second factors.
pub(crate) struct FactorsGone {
    /// Whether TOTP was on.
    pub(crate) totp: bool,
    /// How many passkeys there were.
    pub(crate) passkeys: u64,
    /// The sessions that ended.
    pub(crate) ended: Vec<SessionId>,
}

impl FactorsGone {
    /// Whether there was any.
    pub(crate) fn had(&self) -> bool {
        self.totp || self.passkeys > 0
    }
}

/// Removes all second factors of an account: TOTP, passkeys, backup codes, devices that are trusted, and logins that are
/// half done. Its sessions end.
pub(crate) async fn reset_factors<S: ChangesUsers>(
    write: &mut Write<S>,
    user: UserId,
    now: Timestamp,
) -> Result<FactorsGone, Fault> {
    write.forget_pending(user).await?;
    let totp = write.disable_totp(user, now).await?;
    let passkeys = write.forget_passkeys(user).await?;
    write.forget_backup_codes(user).await?;
    write.forget_trusts(user).await?;
    write.distrust_devices(user, now).await?;
    write.relax_devices(user).await?;
    write.set_tfa_enabled(user, false, now).await?;
    let ended = end_all(write, user, "factors_reset", now).await?;
    Ok(FactorsGone { totp, passkeys, ended })
}

/// Ends all sessions of an account.
pub(crate) async fn end_all<S: EndsSessions>(
    write: &mut Write<S>,
    user: UserId,
    reason: &str,
    now: Timestamp,
) -> Result<Vec<SessionId>, Fault> {
    let ended = write.end_sessions(user, now, reason).await?;
    for session in &ended {
        event(write, user, Some(*session), reason, now).await?;
    }
    Ok(ended)
}

/// Tells the other nodes of the end of a session, or that an account is to be looked at again.
pub(crate) async fn event<S>(
    write: &mut Write<S>,
    user: UserId,
    session: Option<SessionId>,
    reason: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let kind = if session.is_some() { EventKind::Session } else { EventKind::User };
    write.append_event(&NewEvent { kind, user_id: user, session_id: session, reason, now }).await?;
    Ok(())
}

/// What a user is told whose second factors were removed.
pub(crate) fn factors_reset_notice(user: &UserRow, now: Timestamp) -> Mail {
    Mail {
        to: user.email.clone(),
        name: user.full_name.clone(),
        language: None,
        user: Some(user.id),
        kind: MailKind::FactorsReset { at: now },
        expires_in: NOTICE_LIFE,
    }
}
