//! The login trail of everybody.

use durward_proto::Email;
use durward_proto::wire::admin::{AttemptEntry, AttemptQuery, AttemptRisk};
use durward_proto::wire::list::{Page, PageQuery};
use durward_store::{AttemptFilter, AttemptRow};
use durward_verify::{ReadAudit, Verified};

use crate::fault::Fault;
use crate::page;
use crate::service::Core;

impl Core {
    /// Lists login attempts, newest first, with what was made of their risk.
    ///
    /// # Errors
    /// `forbidden` without `audit:read`; `validation_failed` for a bad page; 503 when the database is away.
    pub async fn attempts(
        &self,
        who: &Verified,
        asked: &AttemptQuery,
        paging: &PageQuery,
    ) -> Result<Page<AttemptEntry>, Fault> {
        let permit = who.permit::<ReadAudit>()?;
        let (limit, after) = (page::limit(paging)?, page::after(paging)?);
        let texts = [&asked.email, &asked.ip, &asked.method, &asked.reason, &asked.decision];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Err(Fault::field("", "the character U+0000 stands in no attempt"));
        }
        // What is no address was not tried with one; it is looked for as it stands.
        let email_key = asked
            .email
            .as_deref()
            .map(|text| text.parse().map_or_else(|_| text.to_owned(), |email: Email| email.key()));
        let filter = AttemptFilter {
            user: asked.user,
            email_key: email_key.as_deref(),
            ip: asked.ip.as_deref(),
            method: asked.method.as_deref(),
            reason: asked.reason.as_deref(),
            succeeded: asked.succeeded,
            decision: asked.decision.as_deref(),
            since: asked.since,
            until: asked.until,
        };
        let rows = self.store.any_user(&permit).read().await?.attempts(&filter, after, limit + 1).await?;
        Ok(page::page(rows, limit, |row| page::place(row.at, row.id), entry))
    }
}

pub(super) fn entry(row: AttemptRow) -> AttemptEntry {
    let signals = row.risk_signals.map(|signals| signals.0).unwrap_or_default();
    let risk = row.risk_score.zip(row.risk_decision).map(|(score, decision)| AttemptRisk { score, decision, signals });
    AttemptEntry {
        id: row.id,
        at: row.at,
        user_id: row.user_id,
        email: row.email_key,
        method: row.method,
        succeeded: row.succeeded,
        reason: row.reason,
        ip: row.ip,
        country: row.country,
        location: row.place,
        user_agent: row.user_agent,
        device_id: row.registered_device_id,
        session_id: row.session_id,
        request_id: row.request_id,
        risk,
    }
}
