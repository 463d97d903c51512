//! Forgotten passwords.

use axum::extract::State;
use axum::response::Response;
use durward_proto::wire::recovery::{MailAccepted, MailRequest, PasswordReset};
use http::StatusCode;

use crate::app::Shared;
use crate::extract::{From, Json};
use crate::reply::{Answer, json_with, nothing};

/// `POST /api/v1/password/forgot`.
pub(crate) async fn forgot(State(site): State<Shared>, From(client): From, Json(asked): Json<MailRequest>) -> Answer {
    site.core.forgot_password(&asked.email, &client).await?;
    Ok(accepted())
}

/// `POST /api/v1/password/reset`. It does not log in.
pub(crate) async fn reset(State(site): State<Shared>, From(client): From, Json(form): Json<PasswordReset>) -> Answer {
    site.core.reset_password(form, &client).await?;
    Ok(nothing())
}

/// 202, the same for everybody.
pub(super) fn accepted() -> Response {
    json_with(StatusCode::ACCEPTED, &MailAccepted { status: "accepted" })
}
