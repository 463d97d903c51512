//! `GET /api/v1/auth/csrf-token`.

use axum::extract::State;
use durward_proto::Secret;
use durward_proto::wire::auth::CsrfAnswer;
use http::HeaderMap;

use crate::app::Shared;
use crate::extract::Visitor;
use crate::layers::cookies::{CSRF_LIFE, CookieKind};
use crate::layers::csrf;
use crate::reply::{Answer, json};

/// A token for the session that asks; without an access token, for the session that the refresh cookie could go on
/// with; without either, for the visitor.
pub(crate) async fn show(State(site): State<Shared>, Visitor(me): Visitor, headers: HeaderMap) -> Answer {
    let cookies = &site.rules.cookies;
    let session = match (me, cookies.read(&headers, CookieKind::Refresh)?) {
        (Some(me), _) => Some(me.session_id()),
        (None, Some(refresh)) => site.core.refresh_owner(&Secret::new(refresh)).await?,
        (None, None) => None,
    };
    let mut set = HeaderMap::new();
    let csrf_token = match session {
        Some(session) => csrf::renew(&site, &session.to_string(), &mut set),
        None => csrf::renew_for_visitor(&site, cookies.read(&headers, CookieKind::Binding)?, &mut set),
    };
    let mut response = json(&CsrfAnswer { csrf_token, expires_in: CSRF_LIFE.as_secs() });
    response.headers_mut().extend(set);
    Ok(response)
}
