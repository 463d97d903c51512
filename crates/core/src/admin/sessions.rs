//! Everybody's sessions, as operators see and end them.

use durward_proto::wire::admin::{SessionEntry, SessionsRevoked};
use durward_proto::wire::list::{Page, PageQuery};
use durward_proto::{Code, SessionId, UserId};
use durward_store::AnySessionRow;
use durward_verify::{EndSessions, ReadSessions, Verified};
use serde_json::json;

use crate::acts;
use crate::client::Client;
use crate::fault::Fault;
use crate::page;
use crate::service::Core;

/// What sessions that an operator ended ended by.
const REVOKED: &str = "revoked";

impl Core {
    /// Lists the live sessions of all users, or of one, newest first.
    ///
    /// # Errors
    /// `forbidden` without `sessions:read`; `validation_failed` for a bad page; 503 when the database is away.
    pub async fn all_sessions(
        &self,
        who: &Verified,
        user: Option<UserId>,
        paging: &PageQuery,
    ) -> Result<Page<SessionEntry>, Fault> {
        let permit = who.permit::<ReadSessions>()?;
        let (limit, after) = (page::limit(paging)?, page::after(paging)?);
        let rows = self.store.any_user(&permit).read().await?.all_sessions(user, after, limit + 1).await?;
        Ok(page::page(rows, limit, |row| page::place(row.created_at, row.id), entry))
    }

    /// Ends somebody's session.
    ///
    /// # Errors
    /// `forbidden` without `sessions:write`, or where the user may do more than the caller; `not_found` when it is not
    /// there or has ended; 503 when the database is away.
    pub async fn revoke_session(&self, who: &Verified, session: SessionId, client: &Client) -> Result<(), Fault> {
        let permit = who.permit::<EndSessions>()?;
        let gone = || Fault::new(Code::NotFound);
        let mut write = self.store.any_user(&permit).write().await?;
        let owner = write.session_owner(session).await?.ok_or_else(gone)?;
        let row = write.hold_user(owner).await?.ok_or_else(gone)?;
        self.reaches(who, &row.role)?;
        let now = self.clock.now();
        if !write.end_session(owner, session, now, REVOKED).await? {
            return Err(gone());
        }
        acts::event(&mut write, owner, Some(session), REVOKED, now).await?;
        write.commit(client.audit("session_revoked").actor(who.user_id()).subject(owner).session(session)).await?;
        self.revoker.tell(&[session], REVOKED);
        Ok(())
    }

    /// Ends all sessions of a user, and logins that are half done.
    ///
    /// # Errors
    /// `forbidden` without `sessions:write`, or where the user may do more than the caller; `not_found`; 503 when the
    /// database is away.
    pub async fn revoke_sessions(
        &self,
        who: &Verified,
        user: UserId,
        client: &Client,
    ) -> Result<SessionsRevoked, Fault> {
        let permit = who.permit::<EndSessions>()?;
        let mut write = self.store.any_user(&permit).write().await?;
        let row = write.hold_user(user).await?.ok_or_else(|| Fault::new(Code::NotFound))?;
        self.reaches(who, &row.role)?;
        write.forget_pending(user).await?;
        let ended = acts::end_all(&mut write, user, REVOKED, self.clock.now()).await?;
        let audit = client.audit("sessions_revoked").actor(who.user_id()).subject(user);
        write.commit(audit.detail(json!({ "sessions": ended.len() }))).await?;
        self.revoker.tell(&ended, REVOKED);
        Ok(SessionsRevoked { sessions: ended.len() })
    }
}

pub(super) fn entry(row: AnySessionRow) -> SessionEntry {
    SessionEntry {
        id: row.id,
        user_id: row.user_id,
        email: row.email,
        device_id: row.device_id,
        device: row.device.or(row.user_agent),
        ip: row.ip,
        location: row.place,
        auth_methods: row.amr.split_whitespace().map(str::to_owned).collect(),
        transport: row.transport,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    }
}
