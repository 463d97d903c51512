//! What an operator sees of the trail.

use durward_proto::UserId;
use durward_proto::wire::audit::{AuditEntry, AuditQuery};
use durward_proto::wire::list::Page;
use durward_store::{AuditFilter, AuditRow};
use durward_verify::{Permit, ReadAudit};

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
