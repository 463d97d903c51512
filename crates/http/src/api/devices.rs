//! The user's own devices.

use axum::extract::State;
use durward_proto::DeviceId;
use durward_proto::wire::device::DevicePatch;
use durward_proto::wire::list::PageQuery;

use crate::app::Shared;
use crate::extract::{Caller, From, Id, Json, Query};
use crate::reply::{Answer, json, nothing};

/// `GET /api/v1/devices`.
pub(crate) async fn list(State(site): State<Shared>, Caller(me): Caller, Query(page): Query<PageQuery>) -> Answer {
    Ok(json(&site.core.devices(&me, &page).await?))
}

/// `PATCH /api/v1/devices/{id}`.
pub(crate) async fn change(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(device): Id<DeviceId>,
    From(client): From,
    Json(patch): Json<DevicePatch>,
) -> Answer {
    Ok(json(&site.core.change_device(&me, device, &patch, &client).await?))
}

/// `DELETE /api/v1/devices/{id}`.
pub(crate) async fn forget(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(device): Id<DeviceId>,
    From(client): From,
) -> Answer {
    site.core.forget_device(&me, device, &client).await?;
    Ok(nothing())
}
