//! Passkeys: registering and managing them, and logging in with one alone.

use axum::extract::{Request, State};
use axum::response::Response;
use durward_proto::wire::auth::Transport;
use durward_proto::wire::list::PageQuery;
use durward_proto::wire::passkey::{
    PasskeyLogin, PasskeyLoginBegin, PasskeyRegistration, PasskeyRename, RelatedOrigins,
};
use durward_proto::{Code, PasskeyId};
use http::{HeaderValue, StatusCode, header};

use crate::api::session_answer;
use crate::app::Shared;
use crate::body::{self, Media};
use crate::extract::{Caller, From, Id, Json, Query};
use crate::reply::{Answer, Refused, json, json_with, nothing};

/// Browsers ask each time that a page of a related origin uses a passkey.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// `POST /api/v1/passkeys/register/begin`.
pub(crate) async fn register_begin(State(site): State<Shared>, Caller(me): Caller) -> Answer {
    Ok(json(&site.core.begin_passkey_registration(&me).await?))
}

/// `POST /api/v1/passkeys/register/finish`.
pub(crate) async fn register_finish(
    State(site): State<Shared>,
    Caller(me): Caller,
    From(client): From,
    Json(registration): Json<PasskeyRegistration>,
) -> Answer {
    let registered = site.core.finish_passkey_registration(&me, registration, &client).await?;
    Ok(json_with(StatusCode::CREATED, &registered))
}

/// `GET /api/v1/passkeys`.
pub(crate) async fn list(State(site): State<Shared>, Caller(me): Caller, Query(page): Query<PageQuery>) -> Answer {
    Ok(json(&site.core.passkeys(&me, &page).await?))
}

/// `PATCH /api/v1/passkeys/{id}`.
pub(crate) async fn rename(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(passkey): Id<PasskeyId>,
    From(client): From,
    Json(change): Json<PasskeyRename>,
) -> Answer {
    Ok(json(&site.core.rename_passkey(&me, passkey, &change.name, &client).await?))
}

/// `DELETE /api/v1/passkeys/{id}`.
pub(crate) async fn remove(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(passkey): Id<PasskeyId>,
    From(client): From,
) -> Answer {
    site.core.remove_passkey(&me, passkey, &client).await?;
    Ok(nothing())
}

/// `POST /api/v1/auth/passkey/login/begin`. The body may be empty.
pub(crate) async fn login_begin(State(site): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, site.rules.body()).await?;
    let asked: PasskeyLoginBegin = if bytes.is_empty() {
        PasskeyLoginBegin::default()
    } else if Media::of(&parts.headers)? == Media::Json {
        body::read_json(&bytes)?
    } else {
        return Err(Code::UnsupportedMediaType.into());
    };
    Ok(json(&site.core.begin_passkey_login(asked.email.as_deref()).await?))
}

/// `POST /api/v1/auth/passkey/login/finish`.
pub(crate) async fn login_finish(
    State(site): State<Shared>,
    From(client): From,
    Json(login): Json<PasskeyLogin>,
) -> Answer {
    let transport = login.transport;
    let opened = site.core.finish_passkey_login(login, &client).await?;
    Ok(match transport {
        Transport::Cookie => session_answer::in_cookies(&site, opened),
        Transport::Bearer => session_answer::in_body(opened),
    })
}

/// `GET /.well-known/webauthn`: whose pages may use these passkeys besides our own (WebAuthn level 3, section 5.11.1).
pub(crate) async fn related(State(site): State<Shared>) -> Result<Response, Refused> {
    let origins = site.core.related_origins();
    if origins.is_empty() {
        return Err(Code::NotFound.into());
    }
    let mut answer = json(&RelatedOrigins { origins: origins.to_vec() });
    answer.headers_mut().insert(header::CACHE_CONTROL, KEPT);
    Ok(answer)
}
