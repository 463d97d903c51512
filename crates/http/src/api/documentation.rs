//! The OpenAPI document and the page that shows it.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use serde_json::Value;

use crate::docs_page::{self, STYLE};
use crate::openapi;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");

// Made when somebody asks: a start has better things to do, and most servers are never asked.
static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi::document);
static TEXT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&*DOCUMENT).unwrap_or_default().into());
static PAGE: LazyLock<Bytes> = LazyLock::new(|| docs_page::render(&DOCUMENT).into());

/// `GET /api/v1/openapi.json`.
pub(crate) async fn document() -> Response {
    ([(header::CONTENT_TYPE, JSON)], TEXT.clone()).into_response()
}

/// `GET /docs`.
pub(crate) async fn page() -> Response {
    ([(header::CONTENT_TYPE, HTML)], PAGE.clone()).into_response()
}

/// `GET /docs/style.css`.
pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, CSS)], STYLE).into_response()
}
