//! The user's password.

use axum::extract::State;
use durward_proto::wire::auth::PasswordChange;
use durward_proto::wire::password::StrengthQuestion;

use crate::app::Shared;
use crate::extract::{Caller, From, Json};
use crate::reply::{Answer, json, nothing};

/// `POST /api/v1/password/change`.
pub(crate) async fn change(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(change): Json<PasswordChange>,
) -> Answer {
    site.core.change_password(&me, change, &client).await?;
    Ok(nothing())
}

/// `POST /api/v1/password/strength`.
pub(crate) async fn strength(
    State(site): State<Shared>,
    From(client): From,
    Json(asked): Json<StrengthQuestion>,
) -> Answer {
    Ok(json(&site.core.password_strength(asked, &client).await?))
}
