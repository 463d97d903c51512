//! What was said in the chat.

use axum::extract::State;
use durward_proto::ConversationId;
use durward_proto::wire::list::PageQuery;

use crate::app::Shared;
use crate::extract::{Caller, From, Id, Query};
use crate::reply::{Answer, json, nothing};

/// `GET /api/v1/conversations`.
pub(crate) async fn list(State(site): State<Shared>, Caller(me): Caller, Query(page): Query<PageQuery>) -> Answer {
    Ok(json(&site.core.conversations(&me, &page).await?))
}

/// `GET /api/v1/conversations/{id}/messages`.
pub(crate) async fn messages(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(conversation): Id<ConversationId>,
    Query(page): Query<PageQuery>,
) -> Answer {
    Ok(json(&site.core.messages(&me, conversation, &page).await?))
}

/// `DELETE /api/v1/conversations/{id}`.
pub(crate) async fn delete(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(conversation): Id<ConversationId>,
    From(client): From,
) -> Answer {
    site.core.delete_conversation(&me, conversation, &client).await?;
    Ok(nothing())
}
