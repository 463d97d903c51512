//! What operators see of the audit trail.

use axum::extract::State;
use durward_core::audit::ExportFormat;
use durward_proto::wire::audit::AuditQuery;
use durward_proto::wire::list::PageQuery;
use http::HeaderValue;

use crate::app::Shared;
use crate::extract::{Caller, From, FromQuery, Query};
use crate::form::{BadForm, Fields};
use crate::reply::{Answer, file, json};

const JSON_LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
const JSON_LINES_FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"audit.jsonl\"");
const CEF: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const CEF_FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"audit.cef\"");

/// The query of an export.
pub(crate) struct ExportQuery {
    format: ExportFormat,
    rows: AuditQuery,
}

impl FromQuery for AuditQuery {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        Ok(Self { page: PageQuery::from_query(fields)?, ..filters(fields)? })
    }
}

impl FromQuery for ExportQuery {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        let format = fields.parsed("format", "jsonl or cef")?.unwrap_or(ExportFormat::Jsonl);
        Ok(Self { format, rows: filters(fields)? })
    }
}

fn filters(fields: &mut Fields) -> Result<AuditQuery, BadForm> {
    Ok(AuditQuery {
        event: fields.take("event"),
        actor: fields.parsed("actor", "the number of a user")?,
        subject: fields.parsed("subject", "the number of a user")?,
        session_id: fields.parsed("session_id", "the id of a session")?,
        request_id: fields.take("request_id"),
        ip: fields.parsed("ip", "an IPv4 or IPv6 address")?,
        since: fields.parsed("since", "a time as RFC 3339 has it")?,
        until: fields.parsed("until", "a time as RFC 3339 has it")?,
        page: PageQuery::default(),
    })
}

/// `GET /api/v1/admin/audit`.
pub(crate) async fn list(State(site): State<Shared>, Caller(me): Caller, Query(asked): Query<AuditQuery>) -> Answer {
    let permit = me.permit()?;
    Ok(json(&site.core.audit(&permit, &asked).await?))
}

/// `GET /api/v1/admin/audit/export`.
pub(crate) async fn export(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Query(asked): Query<ExportQuery>,
) -> Answer {
    let pieces = site.core.export_audit(&me, &asked.rows, asked.format, &client).await?;
    Ok(match asked.format {
        ExportFormat::Jsonl => file(pieces, JSON_LINES, JSON_LINES_FILE),
        ExportFormat::Cef => file(pieces, CEF, CEF_FILE),
    })
}
