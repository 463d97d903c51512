//! Everything that is held about the caller, and its end.

use axum::extract::State;
use durward_proto::wire::account::AccountErasure;
use http::HeaderValue;

use crate::app::Shared;
use crate::extract::{Caller, From, Json};
use crate::layers::cookies::CookieKind;
use crate::layers::csrf;
use crate::reply::{Answer, file, nothing, set_cookie};

/// What a browser does with the export: it keeps it.
const ATTACHMENT: HeaderValue = HeaderValue::from_static("attachment; filename=\"account.json\"");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `GET /api/v1/account/export`.
pub(crate) async fn export(State(site): State<Shared>, Caller(me): Caller, From(client): From) -> Answer {
    let pieces = site.core.export_account(&me, &client).await?;
    Ok(file(pieces, JSON, ATTACHMENT))
}

/// `DELETE /api/v1/account`. All cookies that we set are cleared, the device's among them.
pub(crate) async fn erase(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(asked): Json<AccountErasure>,
) -> Answer {
    site.core.erase_account(&me, &asked.password, &client).await?;
    let mut response = nothing();
    let set = response.headers_mut();
    for kind in [CookieKind::Access, CookieKind::Refresh, CookieKind::Device, CookieKind::Trust] {
        set_cookie(set, site.rules.cookies.clear(kind));
    }
    csrf::renew_for_visitor(&site, None, set);
    Ok(response)
}
