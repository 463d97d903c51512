//! Showing again who one is, for what asks for a fresh authentication.

use axum::extract::State;
use durward_proto::wire::factor::Reauthenticate;
use durward_verify::Source;

use crate::api::session_answer;
use crate::app::Shared;
use crate::extract::{Caller, From, Json};
use crate::reply::{Answer, json};

/// `POST /api/v1/auth/reauthenticate`.
pub(crate) async fn reauthenticate(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(asked): Json<Reauthenticate>,
) -> Answer {
    let renewed = site.core.reauthenticate(&me, &asked, &client).await?;
    Ok(session_answer::of_renewed(&site, renewed, matches!(me.source(), Source::Cookie)))
}

/// `POST /api/v1/auth/reauthenticate/passkey`.
pub(crate) async fn passkey(State(site): State<Shared>, Caller(me): Caller) -> Answer {
    Ok(json(&site.core.begin_passkey_reauthentication(&me).await?))
}
