//! `GET /.well-known/jwks.json`.

use axum::extract::State;
use axum::response::Response;

use crate::app::Shared;
use crate::reply::json;

/// The public keys (RFC 7517 section 5); none where tokens are signed with a shared secret.
pub(crate) async fn jwks(State(site): State<Shared>) -> Response {
    json(&site.core.verifier().keys().jwks())
}
