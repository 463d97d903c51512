//! Cross-origin requests (the Fetch standard's CORS protocol): answered only for listed origins, with credentials.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use axum::response::{IntoResponse, Response};

use crate::layers::origin::{Origins, Sender};

const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static("Content-Type, Authorization, X-CSRF-Token, X-Request-Id");
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static("X-Request-Id, X-CSRF-Token, Retry-After");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const VARY: HeaderValue = HeaderValue::from_static("Origin");
/// How long a browser may keep a preflight's answer: 10 minutes.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The answer to `OPTIONS`: a preflight's when it is one, and always `Allow`.
pub(crate) fn options(headers: &HeaderMap, origins: &Origins, allow: &HeaderValue) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::ALLOW, allow.clone());
    let is_preflight = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if is_preflight && matches!(origins.by_origin(headers), Sender::Allowed(_)) {
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow.clone());
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
    response
}

/// What every answer says to the browser about who may read it.
pub(crate) fn apply(asked: &Asked, answer: &mut HeaderMap) {
    answer.append(header::VARY, VARY);
    let Some(origin) = &asked.0 else { return };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
}

/// The allowed origin that asked, as it spelled itself.
#[derive(Debug)]
pub(crate) struct Asked(Option<HeaderValue>);

impl Asked {
    /// Taken before the request goes to its handler.
    pub(crate) fn of(headers: &HeaderMap, origins: &Origins) -> Self {
        let named = headers.get(header::ORIGIN);
        Self(named.filter(|_| matches!(origins.by_origin(headers), Sender::Allowed(_))).cloned())
    }
}

/// A list of methods as `Allow` has it; `HEAD` works where `GET` does, `OPTIONS` everywhere.
pub(crate) fn allow_header<'a>(methods: impl Iterator<Item = &'a Method>) -> HeaderValue {
    let mut names = Vec::new();
    for method in methods {
        names.push(method.as_str());
        if *method == Method::GET {
            names.push("HEAD");
        }
    }
    names.push("OPTIONS");
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(pairs: &[(&'static str, &'static str)]) -> (Response, HeaderMap) {
        let origins =
            Origins::new(&"https://app.example.com".parse().unwrap(), &["https://spa.example.com".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let mut answer = HeaderMap::new();
        apply(&Asked::of(&headers, &origins), &mut answer);
        (options(&headers, &origins, &allow_header([Method::GET, Method::PUT].iter())), answer)
    }

    #[test]
    fn a_listed_origin_gets_its_preflight_answered() {
        let (response, every) = ask(&[("origin", "https://spa.example.com"), ("access-control-request-method", "PUT")]);
        let headers = response.headers();
        assert_eq!(response.status(), 204);
        assert_eq!(headers["allow"], "GET, HEAD, PUT, OPTIONS");
        assert_eq!(headers["access-control-allow-methods"], "GET, HEAD, PUT, OPTIONS");
        assert_eq!(headers["access-control-allow-headers"], "Content-Type, Authorization, X-CSRF-Token, X-Request-Id");
        assert_eq!(every["access-control-allow-origin"], "https://spa.example.com");
        assert_eq!(every["access-control-allow-credentials"], "true");
        assert_eq!(every["access-control-expose-headers"], "X-Request-Id, X-CSRF-Token, Retry-After");
        assert_eq!(every["vary"], "Origin");
    }

    #[test]
    fn nobody_else_gets_a_word() {
        for origin in ["https://evil.example", "null", "https://spa.example.com.evil.example"] {
            let (response, every) = ask(&[("origin", origin), ("access-control-request-method", "PUT")]);
            assert_eq!(response.status(), 204);
            let all = response.headers().keys().chain(every.keys());
            assert_eq!(all.filter(|name| name.as_str().starts_with("access-control")).count(), 0, "{origin}");
            assert_eq!(every["vary"], "Origin");
        }
        let (response, every) = ask(&[]);
        assert_eq!(response.headers()["allow"], "GET, HEAD, PUT, OPTIONS");
        assert!(!every.contains_key("access-control-allow-origin"));
    }
}
