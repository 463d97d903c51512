//! `POST /api/v1/auth/refresh`: by JSON body, or by cookie. Where both come, the body decides.

use axum::extract::{Request, State};
use durward_core::Client;
use durward_proto::wire::auth::Refresh;
use durward_proto::{Code, Secret};
use http::HeaderMap;

use crate::api::session_answer;
use crate::app::{Shared, Site};
use crate::body::{self, Media};
use crate::extract::From;
use crate::layers::cookies::CookieKind;
use crate::layers::csrf;
use crate::reply::Answer;

/// Goes on with a session: a new access token and the next refresh token.
pub(crate) async fn refresh(State(site): State<Shared>, From(client): From, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, site.rules.body()).await?;
    if bytes.is_empty() {
        return by_cookie(&site, &parts.headers, &client).await;
    }
    if Media::of(&parts.headers)? != Media::Json {
        return Err(Code::UnsupportedMediaType.into());
    }
    let asked: Refresh = body::read_json(&bytes)?;
    match asked.refresh_token {
        Some(token) => Ok(session_answer::in_body(site.core.refresh(&token, &client).await?)),
        None => by_cookie(&site, &parts.headers, &client).await,
    }
}

/// A browser sends the cookie by itself, so that the CSRF token must be of the session that the cookie belongs to.
async fn by_cookie(site: &Site, headers: &HeaderMap, client: &Client) -> Answer {
    let cookie = site.rules.cookies.read(headers, CookieKind::Refresh)?.ok_or(Code::TokenMissing)?;
    let token = Secret::new(cookie);
    csrf::carried(headers, &site.rules.cookies)?;
    // A token that nobody knows protects nothing; what it is worth is said below.
    if let Some(owner) = site.core.refresh_owner(&token).await? {
        csrf::check(site, headers, &owner.to_string())?;
    }
    // A refusal clears no cookie: by now the browser may have those of a newer login.
    Ok(session_answer::in_cookies(site, site.core.refresh(&token, client).await?))
}
