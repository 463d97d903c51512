//! `POST` and `DELETE /api/v1/auth/logout`.

use axum::extract::State;
use durward_proto::Secret;
use http::HeaderMap;

use crate::app::Shared;
use crate::extract::{From, FromQuery, Query, Visitor};
use crate::form::{BadForm, Fields};
use crate::layers::cookies::CookieKind;
use crate::layers::csrf;
use crate::reply::{Answer, nothing, set_cookie};

/// Whether all of the user's sessions end.
pub(crate) struct LogoutQuery {
    everywhere: bool,
}

impl FromQuery for LogoutQuery {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        Ok(Self { everywhere: fields.parsed("everywhere", "expected true or false")?.unwrap_or(false) })
    }
}

/// Ends the session of the access token, or of the refresh cookie, and clears the cookies, also where there was no
/// session. Only once it has ended: a 503 leaves the cookies as they are.
pub(crate) async fn logout(
    State(site): State<Shared>,
    Visitor(me): Visitor,
    From(client): From,
    Query(asked): Query<LogoutQuery>,
    headers: HeaderMap,
) -> Answer {
    let cookies = &site.rules.cookies;
    let refresh = cookies.read(&headers, CookieKind::Refresh)?.map(Secret::new);
    site.core.logout(me.as_deref(), refresh.as_ref(), asked.everywhere, &client).await?;
    let mut response = nothing();
    let set = response.headers_mut();
    set_cookie(set, cookies.clear(CookieKind::Access));
    set_cookie(set, cookies.clear(CookieKind::Refresh));
    csrf::renew_for_visitor(&site, None, set);
    Ok(response)
}
