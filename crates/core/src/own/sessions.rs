//! The caller's sessions.

use durward_proto::wire::list::{Page, PageQuery};
use durward_proto::wire::session::Session;
use durward_proto::{Code, SessionId};
use durward_verify::Verified;

use crate::client::Client;
use crate::fault::Fault;
use crate::page;
use crate::service::Core;

impl Core {
    /// Lists those that are alive, newest first.
    ///
    /// # Errors
    /// `validation_failed` for a bad page; 503 when the database is away.
    pub async fn sessions(&self, who: &Verified, query: &PageQuery) -> Result<Page<Session>, Fault> {
        let (limit, after) = (page::limit(query)?, page::after(query)?);
        let rows = self.store.own(who).read().await?.sessions(after, limit + 1).await?;
        Ok(page::page(
            rows,
            limit,
            |row| page::place(row.created_at, row.id),
            |row| Session {
                id: row.id,
                device: row.device.or(row.user_agent),
                device_id: row.device_id,
                ip: row.ip,
                location: row.place,
                created_at: row.created_at,
                last_seen_at: row.last_seen_at,
                expires_at: row.expires_at,
                current: row.id == who.session_id(),
            },
        ))
    }

    /// Ends one.
    ///
    /// # Errors
    /// `not_found` when it is not there, not the caller's, or has ended; 503 when the database is away.
    pub async fn end_session(&self, who: &Verified, session: SessionId, client: &Client) -> Result<(), Fault> {
        let audit = client.audit("session_ended").actor(who.user_id()).subject(who.user_id());
        let own = self.store.own(who);
        if self.revoker.own_session(&own, who, session, audit).await? {
            Ok(())
        } else {
            Err(Fault::new(Code::NotFound))
        }
    }

    /// Ends all but the one that asks.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn end_other_sessions(&self, who: &Verified, client: &Client) -> Result<(), Fault> {
        let audit = client.audit("other_sessions_ended").actor(who.user_id()).subject(who.user_id());
        self.revoker.own_others(&self.store.own(who), who, audit.session(who.session_id())).await
    }
}
