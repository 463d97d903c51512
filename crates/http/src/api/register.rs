//! `POST /api/v1/auth/register`.

use axum::extract::State;
use durward_core::Registration;
use durward_proto::wire::auth::{Register, Registered, RegistrationPending};
use http::StatusCode;

use crate::app::Shared;
use crate::extract::{From, Json};
use crate::reply::{Answer, json_with};

/// Opens an account. It does not log in.
pub(crate) async fn register(State(site): State<Shared>, From(client): From, Json(form): Json<Register>) -> Answer {
    Ok(match site.core.register(form, &client).await? {
        Registration::Created(user) => json_with(StatusCode::CREATED, &Registered { user }),
        Registration::Mailed => json_with(StatusCode::ACCEPTED, &RegistrationPending { status: "verification_sent" }),
    })
}
