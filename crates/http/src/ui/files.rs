//! What pages load: scripts and styles, the brand's look, and the chat page's service worker.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use durward_proto::Code;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{assets, gzip};
use crate::app::Shared;
use crate::extract::Matched;
use crate::layers::security_headers::Kind;
use crate::reply::{Answer, Refused};

/// A year: what is in the file never changes under its name.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");

/// `GET /ui/{file}`.
pub(crate) async fn hashed(
    State(site): State<Shared>,
    matched: Result<Matched, Refused>,
    headers: HeaderMap,
) -> Answer {
    let pages = site.pages.as_deref().ok_or(Code::NotFound)?;
    let name = matched?.params.iter().next().map(|(_, name)| name.to_owned()).unwrap_or_default();
    let plain = assets::hashed(&name).ok_or(Code::NotFound)?;
    let (content_type, is_text) = type_of(&name).ok_or(Code::NotFound)?;
    let zips = is_text && gzip::wanted(&headers);
    let body = if zips { pages.zipped.of(&name, &plain) } else { plain };
    let mut response = with_type(content_type, body);
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, FOR_EVER);
    if is_text {
        answer.insert(header::VARY, ACCEPT_ENCODING);
    }
    if zips {
        answer.insert(header::CONTENT_ENCODING, GZIP);
    }
    Ok(response)
}

/// `GET /ui/brand.css`.
pub(crate) async fn brand(State(site): State<Shared>, headers: HeaderMap) -> Answer {
    let pages = site.pages.as_deref().ok_or(Code::NotFound)?;
    Ok(checked(&headers, "text/css; charset=utf-8", pages.brand.css.clone()))
}

/// `GET /ui/logo`. A script in an SVG file does not run: the answer's policy forbids everything.
pub(crate) async fn logo(State(site): State<Shared>, headers: HeaderMap) -> Answer {
    let logo = site.pages.as_deref().and_then(|pages| pages.brand.logo.as_ref()).ok_or(Code::NotFound)?;
    Ok(checked(&headers, logo.content_type, logo.bytes.clone()))
}

/// `GET /ui/icon.svg`.
pub(crate) async fn icon(State(site): State<Shared>, headers: HeaderMap) -> Answer {
    named(&site, &headers, "icon.svg")
}

/// `GET /service-worker.js`. What a worker may fetch is said by the policy it comes with: that of pages.
pub(crate) async fn worker(State(site): State<Shared>, headers: HeaderMap) -> Answer {
    let mut response = named(&site, &headers, "service-worker.js")?;
    response.extensions_mut().insert(Kind::Page);
    Ok(response)
}

/// A file that keeps its name whatever is in it.
fn named(site: &Shared, headers: &HeaderMap, name: &str) -> Answer {
    site.pages.as_deref().ok_or(Code::NotFound)?;
    let bytes = assets::file(name).ok_or(Code::NotFound)?;
    let (content_type, _) = type_of(name).ok_or(Code::NotFound)?;
    Ok(checked(headers, content_type, bytes))
}

/// 302.
pub(super) fn found(location: &'static str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, HeaderValue::from_static(location))]).into_response()
}

/// An answer that may be kept as long as the server says it has not changed (RFC 9110 section 13.1.2).
fn checked(headers: &HeaderMap, content_type: &'static str, bytes: Bytes) -> Response {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|value| value.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    });
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { with_type(content_type, bytes) };
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, NO_CACHE);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, tag);
    }
    response
}

fn with_type(content_type: &'static str, bytes: Bytes) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], Body::from(bytes)).into_response()
}

/// The content type by the name's end, and whether it is text, which is worth compressing.
fn type_of(name: &str) -> Option<(&'static str, bool)> {
    Some(match name.rsplit_once('.')?.1 {
        "js" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "svg" => ("image/svg+xml", true),
        "json" => ("application/json", true),
        "png" => ("image/png", false),
        "webp" => ("image/webp", false),
        "woff2" => ("font/woff2", false),
        _ => return None,
    })
}
