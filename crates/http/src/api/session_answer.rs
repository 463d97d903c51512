//! The answer to a login and to a refresh, in cookies or in the body alone; and to a login that needs a second factor.

use axum::response::Response;
use durward_core::{Challenge, LoginOutcome, Opened, Renewed};
use durward_proto::wire::auth::{LoginAnswer, Transport};
use durward_proto::wire::factor::SecondFactorAnswer;
use http::HeaderMap;

use crate::app::Site;
use crate::layers::cookies::{CookieKind, DEVICE_LIFE};
use crate::layers::csrf;
use crate::reply::{json, set_cookie};

/// What a right password led to.
pub(crate) fn of_login(site: &Site, outcome: LoginOutcome) -> Response {
    match outcome {
        LoginOutcome::Opened(opened) => of_opened(site, *opened),
        LoginOutcome::SecondFactor(challenge) => asks(*challenge),
    }
}

/// As the client keeps its tokens.
pub(crate) fn of_opened(site: &Site, opened: Opened) -> Response {
    match opened.transport {
        Transport::Cookie => in_cookies(site, opened),
        Transport::Bearer => in_body(opened),
    }
}

/// A second factor is needed: no session, no cookie.
fn asks(challenge: Challenge) -> Response {
    json(&SecondFactorAnswer {
        status: if challenge.enrols { "second_factor_setup_required" } else { "second_factor_required" },
        challenge_token: challenge.token,
        methods: challenge.methods,
        expires_in: challenge.expires_in.as_secs(),
        passkey: challenge.passkey,
        setup: challenge.setup,
    })
}

/// Cookies, and a fresh CSRF token for the session.
pub(crate) fn in_cookies(site: &Site, opened: Opened) -> Response {
    let mut set = HeaderMap::new();
    let csrf_token = set_cookies(site, &opened, &mut set);
    let mut response = json(&LoginAnswer { csrf_token: Some(csrf_token), ..plain(opened) });
    response.headers_mut().extend(set);
    response
}

/// The cookies of a session, put on an answer; the CSRF token among them is given back.
pub(crate) fn set_cookies(site: &Site, opened: &Opened, set: &mut HeaderMap) -> String {
    let cookies = &site.rules.cookies;
    let tokens = [
        (CookieKind::Access, &opened.access_token, opened.access_expires_in),
        (CookieKind::Refresh, &opened.refresh_token, opened.refresh_expires_in),
        (CookieKind::Device, &opened.device, DEVICE_LIFE),
    ];
    for (kind, value, life) in tokens {
        set_cookie(set, cookies.set(kind, value.expose(), life));
    }
    if let Some(trust) = &opened.trust {
        set_cookie(set, cookies.set(CookieKind::Trust, trust.token.expose(), trust.expires_in));
    }
    csrf::renew(site, &opened.session_id.to_string(), set)
}

/// Everything in the body; no `Set-Cookie` at all.
pub(crate) fn in_body(opened: Opened) -> Response {
    let (refresh_token, refresh_expires_in) = (opened.refresh_token.clone(), opened.refresh_expires_in.as_secs());
    let device_token = opened.trust.as_ref().map(|trust| trust.token.clone());
    json(&LoginAnswer {
        refresh_token: Some(refresh_token),
        refresh_expires_in: Some(refresh_expires_in),
        device_token,
        ..plain(opened)
    })
}

/// The session goes on with a new access token: in the cookie that the last one came in, with a fresh CSRF token, or in
/// the body alone.
pub(crate) fn of_renewed(site: &Site, renewed: Renewed, by_cookie: bool) -> Response {
    let mut set = HeaderMap::new();
    let csrf_token = by_cookie.then(|| {
        let life = renewed.access_expires_in;
        set_cookie(&mut set, site.rules.cookies.set(CookieKind::Access, renewed.access_token.expose(), life));
        csrf::renew(site, &renewed.session_id.to_string(), &mut set)
    });
    let mut response = json(&LoginAnswer {
        status: "authenticated",
        access_token: renewed.access_token,
        token_type: "bearer",
        expires_in: renewed.access_expires_in.as_secs(),
        session_id: renewed.session_id,
        user: renewed.user,
        csrf_token,
        refresh_token: None,
        refresh_expires_in: None,
        device_token: None,
        backup_codes: None,
    });
    response.headers_mut().extend(set);
    response
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
        backup_codes: opened.backup_codes,
    }
}
