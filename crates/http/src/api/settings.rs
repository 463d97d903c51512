//! The user's settings.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value};

use crate::app::Shared;
use crate::extract::{Caller, From, Json};
use crate::reply::{Answer, json};

/// `GET /api/v1/settings`.
pub(crate) async fn show(State(site): State<Shared>, Caller(me): Caller) -> Answer {
    Ok(json(&site.core.settings(&me).await?))
}

/// `GET /api/v1/settings/schema`.
pub(crate) async fn schema(State(site): State<Shared>) -> Response {
    json(site.core.settings_schema())
}

/// `PUT /api/v1/settings`.
pub(crate) async fn change(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(changes): Json<Map<String, Value>>,
) -> Answer {
    Ok(json(&site.core.change_settings(&me, changes, &client).await?))
}
