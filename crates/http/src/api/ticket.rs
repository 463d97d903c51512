//! `POST /api/v1/ws/ticket`.

use axum::extract::State;
use durward_core::tickets::TICKET_TTL;
use durward_proto::wire::ws::TicketAnswer;
use http::HeaderMap;

use crate::app::Shared;
use crate::extract::Caller;
use crate::layers::origin::Sender;
use crate::reply::{Answer, json};

/// A ticket for one socket, for pages of the origin that asks.
pub(crate) async fn issue(State(site): State<Shared>, Caller(me): Caller, headers: HeaderMap) -> Answer {
    let origin = match site.origins.by_origin(&headers) {
        Sender::Allowed(origin) => Some(origin.as_str()),
        Sender::Unnamed | Sender::Foreign => None,
    };
    let ticket = site.core.ticket(&me, origin).await?;
    Ok(json(&TicketAnswer { ticket, expires_in: TICKET_TTL.as_secs() }))
}
