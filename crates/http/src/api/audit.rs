//! What operators see of the audit trail.

use axum::extract::State;
use durward_proto::wire::audit::AuditQuery;
use durward_proto::wire::list::PageQuery;

use crate::app::Shared;
use crate::extract::{Caller, FromQuery, Query};
use crate::form::{BadForm, Fields};
use crate::reply::{Answer, json};

impl FromQuery for AuditQuery {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        Ok(Self {
            event: fields.take("event"),
            actor: fields.parsed("actor", "the number of a user")?,
            subject: fields.parsed("subject", "the number of a user")?,
            session_id: fields.parsed("session_id", "the id of a session")?,
            request_id: fields.take("request_id"),
            ip: fields.parsed("ip", "an IPv4 or IPv6 address")?,
            since: fields.parsed("since", "a time as RFC 3339 has it")?,
            until: fields.parsed("until", "a time as RFC 3339 has it")?,
            page: PageQuery::from_query(fields)?,
        })
    }
}

/// `GET /api/v1/admin/audit`.
pub(crate) async fn list(State(site): State<Shared>, Caller(me): Caller, Query(asked): Query<AuditQuery>) -> Answer {
    let permit = me.permit()?;
    Ok(json(&site.core.audit(&permit, &asked).await?))
}
