//! `GET /.well-known/jwks.json`.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, header};

use crate::app::Shared;
use crate::reply::json;

/// A new key signs three quarters of a second after it is listed, so whoever keeps the list meets names that it does not
/// know for a minute at most; key set clients fetch it anew when they do.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// The public keys (RFC 7517 section 5); none where tokens are signed with a shared secret.
pub(crate) async fn jwks(State(site): State<Shared>) -> Response {
    let mut answer = json(&site.core.verifier().keys().jwks());
    answer.headers_mut().insert(header::CACHE_CONTROL, KEPT);
    answer
}
