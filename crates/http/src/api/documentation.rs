//! The OpenAPI document and the page that shows it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::app::Shared;
use crate::docs_page::STYLE;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");

/// `GET /api/v1/openapi.json`.
pub(crate) async fn openapi(State(site): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, JSON)], site.openapi.clone()).into_response()
}

/// `GET /docs`.
pub(crate) async fn page(State(site): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, HTML)], site.docs.clone()).into_response()
}

/// `GET /docs/style.css`.
pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, CSS)], STYLE).into_response()
}
