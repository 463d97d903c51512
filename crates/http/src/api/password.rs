//! The user's password.

use axum::extract::State;
use durward_proto::wire::auth::PasswordChange;

use crate::app::Shared;
use crate::extract::{Caller, From, Json};
use crate::reply::{Answer, nothing};

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
