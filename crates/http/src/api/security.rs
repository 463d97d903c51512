//! What happened around the user's own account.

use axum::extract::State;
use durward_proto::wire::list::PageQuery;

use crate::app::Shared;
use crate::extract::{Caller, Query};
use crate::reply::{Answer, json};

/// `GET /api/v1/security/events`.
pub(crate) async fn events(State(site): State<Shared>, Caller(me): Caller, Query(page): Query<PageQuery>) -> Answer {
    Ok(json(&site.core.security_events(&me, &page).await?))
}
