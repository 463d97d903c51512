//! The answer to a login and to a refresh: in cookies, or in the body alone.

use axum::response::Response;
use durward_core::Opened;
use durward_proto::wire::auth::LoginAnswer;
use http::HeaderMap;

use crate::app::Site;
use crate::layers::cookies::{CookieKind, DEVICE_LIFE};
use crate::layers::csrf;
use crate::reply::{json, set_cookie};

/// Cookies, and a fresh CSRF token for the session.
pub(crate) fn in_cookies(site: &Site, opened: Opened) -> Response {
    let cookies = &site.rules.cookies;
    let mut set = HeaderMap::new();
    let tokens = [
        (CookieKind::Access, &opened.access_token, opened.access_expires_in),
        (CookieKind::Refresh, &opened.refresh_token, opened.refresh_expires_in),
        (CookieKind::Device, &opened.device, DEVICE_LIFE),
    ];
    for (kind, value, life) in tokens {
        set_cookie(&mut set, cookies.set(kind, value.expose(), life));
    }
    let csrf_token = csrf::renew(site, &opened.session_id.to_string(), &mut set);
    let mut response = json(&LoginAnswer { csrf_token: Some(csrf_token), ..plain(opened) });
    response.headers_mut().extend(set);
    response
}

/// Everything in the body; no `Set-Cookie` at all.
pub(crate) fn in_body(opened: Opened) -> Response {
    let (refresh_token, refresh_expires_in) = (opened.refresh_token.clone(), opened.refresh_expires_in.as_secs());
    json(&LoginAnswer {
        refresh_token: Some(refresh_token),
        refresh_expires_in: Some(refresh_expires_in),
        ..plain(opened)
    })
}

/// What both have in common.
fn plain(opened: Opened) -> LoginAnswer {
    LoginAnswer {
        status: "authenticated",
        access_token: opened.access_token,
        token_type: "bearer",
        expires_in: opened.access_expires_in.as_secs(),
        session_id: opened.session_id,
        user: opened.user,
        csrf_token: None,
        refresh_token: None,
        refresh_expires_in: None,
        device_token: None,
        backup_codes: None,
    }
}
