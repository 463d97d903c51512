//! Forgotten passwords.

use axum::extract::State;
use axum::response::Response;
use durward_proto::wire::recovery::{MailAccepted, MailRequest, PasswordReset};
use http::StatusCode;

use crate::app::Shared;
use crate::extract::{From, Json};
use crate::layers::cookies::{CookieKind, DEVICE_LIFE};
use crate::reply::{Answer, json_with, nothing, set_cookie};

/// `POST /api/v1/password/forgot`.
pub(crate) async fn forgot(State(site): State<Shared>, From(client): From, Json(asked): Json<MailRequest>) -> Answer {
    site.core.forgot_password(&asked.email, &client).await?;
    Ok(accepted())
}

/// `POST /api/v1/password/reset`. It does not log in, but the device is known from then on.
pub(crate) async fn reset(State(site): State<Shared>, From(client): From, Json(form): Json<PasswordReset>) -> Answer {
    let device = site.core.reset_password(form, &client).await?;
    let mut response = nothing();
    if let Some(device) = device {
        let cookie = site.rules.cookies.set(CookieKind::Device, device.expose(), DEVICE_LIFE);
        set_cookie(response.headers_mut(), cookie);
    }
    Ok(response)
}

/// 202, the same for everybody.
pub(super) fn accepted() -> Response {
    json_with(StatusCode::ACCEPTED, &MailAccepted { status: "accepted" })
}
