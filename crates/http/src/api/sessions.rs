//! The user's own sessions.

use axum::extract::State;
use durward_proto::SessionId;
use durward_proto::wire::list::PageQuery;

use crate::app::Shared;
use crate::extract::{Caller, From, Id, Query};
use crate::reply::{Answer, json, nothing};

/// `GET /api/v1/sessions`.
pub(crate) async fn list(State(site): State<Shared>, Caller(me): Caller, Query(page): Query<PageQuery>) -> Answer {
    Ok(json(&site.core.sessions(&me, &page).await?))
}

/// `DELETE /api/v1/sessions/{id}`.
pub(crate) async fn end(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(session): Id<SessionId>,
    From(client): From,
) -> Answer {
    site.core.end_session(&me, session, &client).await?;
    Ok(nothing())
}

/// `DELETE /api/v1/sessions`.
pub(crate) async fn end_others(State(site): State<Shared>, Caller(me): Caller, From(client): From) -> Answer {
    site.core.end_other_sessions(&me, &client).await?;
    Ok(nothing())
}
