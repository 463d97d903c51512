//! The user's profile, and how their request was authenticated.

use axum::extract::State;
use durward_proto::wire::profile::ProfileChange;
use durward_verify::Admin;

use crate::app::Shared;
use crate::extract::{Caller, From, Json, Traced};
use crate::reply::{Answer, json};

/// `GET /api/v1/profile`.
pub(crate) async fn show(State(site): State<Shared>, Caller(me): Caller) -> Answer {
    Ok(json(&site.core.profile(&me).await?))
}

/// `PUT /api/v1/profile`.
pub(crate) async fn change(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(change): Json<ProfileChange>,
) -> Answer {
    Ok(json(&site.core.change_profile(&me, change, &client).await?))
}

/// `GET /api/v1/profile/debug`. In production for admins alone.
pub(crate) async fn debug(State(site): State<Shared>, Caller(me): Caller, Traced(trace): Traced) -> Answer {
    if site.rules.production {
        me.permit::<Admin>()?;
    }
    Ok(json(&*trace))
}
