//! The account's address.

use axum::extract::State;
use durward_proto::wire::recovery::{EmailChange, MailRequest, MailedToken};

use super::recovery::accepted;
use crate::app::Shared;
use crate::extract::{Caller, From, Json};
use crate::reply::{Answer, json, nothing};

/// `POST /api/v1/email/verify`.
pub(crate) async fn verify(State(site): State<Shared>, From(client): From, Json(form): Json<MailedToken>) -> Answer {
    site.core.verify_email(form, &client).await?;
    Ok(nothing())
}

/// `POST /api/v1/email/verify/resend`.
pub(crate) async fn resend(State(site): State<Shared>, From(client): From, Json(asked): Json<MailRequest>) -> Answer {
    site.core.resend_verification(&asked.email, &client).await?;
    Ok(accepted())
}

/// `POST /api/v1/email/change`.
pub(crate) async fn change(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(form): Json<EmailChange>,
) -> Answer {
    site.core.request_email_change(&me, form, &client).await?;
    Ok(accepted())
}

/// `POST /api/v1/email/change/confirm`.
pub(crate) async fn confirm(State(site): State<Shared>, From(client): From, Json(form): Json<MailedToken>) -> Answer {
    Ok(json(&site.core.confirm_email_change(form, &client).await?))
}
