//! What an operator sees of the trail.

use durward_proto::UserId;
use durward_proto::wire::audit::{AuditEntry, AuditQuery};
use durward_proto::wire::list::Page;
use durward_store::{AuditFilter, AuditRow};
use durward_verify::{Permit, ReadAudit, Verified};
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::json;

use super::export::{AuditExport, ExportFormat};
use crate::client::Client;
use crate::fault::Fault;
use crate::page;
use crate::service::Core;

impl Core {
    /// The audit trail of everybody, newest first, with what the query asks for.
    ///
    /// # Errors
    /// `validation_failed` for a bad page or filter; 503 when the database is away.
    pub async fn audit(&self, permit: &Permit<ReadAudit>, query: &AuditQuery) -> Result<Page<AuditEntry>, Fault> {
        let (limit, after) = (page::limit(&query.page)?, page::after(&query.page)?);
        let filter = filter(query)?;
        let rows = self.store.any_user(permit).read().await?.audit(&filter, after, limit + 1).await?;
        Ok(page::page(rows, limit, |row| page::place(row.at, row.id), entry))
    }
}

/// A trail on its way. After a fault it ends where no line ends, or before all of it was there.
pub type AuditPieces = BoxStream<'static, Result<String, Fault>>;

impl Core {
    /// Begins to give the trail as a file, with what the query asks for; its page does not count. That it was asked for is in
    /// the trail, with the names of what narrowed it: addresses stand nowhere in it where they cannot be erased.
    ///
    /// # Errors
    /// `forbidden` without `audit:read`; `validation_failed` for a bad filter; 503 when the database is away. Once it has
    /// begun, it breaks off instead.
    pub async fn export_audit(
        &self,
        who: &Verified,
        query: &AuditQuery,
        format: ExportFormat,
        client: &Client,
    ) -> Result<AuditPieces, Fault> {
        let store = self.store.any_user(&who.permit::<ReadAudit>()?);
        let filter = filter(query)?;
        let detail = json!({ "format": format.as_str(), "filters": narrowed(&filter) });
        let audit = client.audit("audit_exported").actor(who.user_id()).session(who.session_id()).detail(detail);
        store.write().await?.commit(audit).await?;
        let export = AuditExport::new(store, filter, format);
        let next = |mut export: AuditExport<_>| async move { Ok(export.next().await?.map(|piece| (piece, export))) };
        Ok(stream::try_unfold(export, next).boxed())
    }
}

/// The names of what a filter asks for.
fn narrowed(filter: &AuditFilter) -> Vec<&'static str> {
    let AuditFilter { event, actor, subject, session, request_id, ip, since, until } = filter;
    let all = [
        ("event", event.is_some()),
        ("actor", actor.is_some()),
        ("subject", subject.is_some()),
        ("session_id", session.is_some()),
        ("request_id", request_id.is_some()),
        ("ip", ip.is_some()),
        ("since", since.is_some()),
        ("until", until.is_some()),
    ];
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
}

fn filter(query: &AuditQuery) -> Result<AuditFilter, Fault> {
    let texts = [("/event", &query.event), ("/request_id", &query.request_id)];
    for (pointer, text) in texts {
        if text.as_ref().is_some_and(|text| text.contains('\0')) {
            return Err(Fault::field(pointer, "the character U+0000 stands in none"));
        }
    }
    Ok(AuditFilter {
        event: query.event.clone(),
        actor: query.actor.map(UserId),
        subject: query.subject.map(UserId),
        session: query.session_id,
        request_id: query.request_id.clone(),
        // As addresses are written down.
        ip: query.ip.map(|ip| ip.to_canonical().to_string()),
        since: query.since,
        until: query.until,
    })
}

fn entry(row: AuditRow) -> AuditEntry {
    AuditEntry {
        id: row.id,
        at: row.at,
        detail: row.detail().unwrap_or_default(),
        event: row.event,
        actor: row.actor_user_id,
        subject: row.subject_user_id,
        session_id: row.session_id,
        ip: row.ip,
        request_id: row.request_id,
        node: row.node,
        lane: row.lane,
        seq: row.seq,
        hash: row.hash.map(|hash| data_encoding::HEXLOWER.encode(&hash)),
    }
}
