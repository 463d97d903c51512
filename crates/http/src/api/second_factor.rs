//! The user's own second factors. Passkeys have a file of their own.

use axum::extract::State;
use durward_proto::TrustId;
use durward_proto::wire::factor::{FactorPreference, TotpDisable, TotpEnable};

use crate::app::Shared;
use crate::extract::{Caller, From, Id, Json};
use crate::reply::{Answer, json, nothing};

/// `GET /api/v1/2fa`.
pub(crate) async fn show(State(site): State<Shared>, Caller(me): Caller) -> Answer {
    Ok(json(&site.core.second_factors(&me).await?))
}

/// `PUT /api/v1/2fa`.
pub(crate) async fn prefer(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(preference): Json<FactorPreference>,
) -> Answer {
    Ok(json(&site.core.prefer_second_factors(&me, &preference, &client).await?))
}

/// `POST /api/v1/2fa/totp/setup`.
pub(crate) async fn set_up(State(site): State<Shared>, Caller(me): Caller) -> Answer {
    Ok(json(&site.core.set_up_totp(&me).await?))
}

/// `POST /api/v1/2fa/totp/enable`.
pub(crate) async fn enable(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(asked): Json<TotpEnable>,
) -> Answer {
    Ok(json(&site.core.enable_totp(&me, &asked, &client).await?))
}

/// `POST /api/v1/2fa/totp/disable`.
pub(crate) async fn disable(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(asked): Json<TotpDisable>,
) -> Answer {
    site.core.disable_totp(&me, &asked, &client).await?;
    Ok(nothing())
}

/// `POST /api/v1/2fa/backup-codes`.
pub(crate) async fn backup_codes(State(site): State<Shared>, Caller(me): Caller, From(client): From) -> Answer {
    Ok(json(&site.core.renew_backup_codes(&me, &client).await?))
}

/// `DELETE /api/v1/2fa/trusted-devices/{id}`.
pub(crate) async fn end_trust(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(trust): Id<TrustId>,
    From(client): From,
) -> Answer {
    site.core.end_device_trust(&me, trust, &client).await?;
    Ok(nothing())
}
