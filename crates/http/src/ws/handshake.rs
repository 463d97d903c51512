//! The opening handshake (RFC 6455 section 4.2).

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use durward_proto::{Code, Problem};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::reply::Refused;

/// The sub-protocol whose neighbour is the token. It is the one that is answered.
const BEARER: &str = "bearer";

/// 101 for a request that asks for a WebSocket.
///
/// # Errors
/// 400 for any other.
pub(super) fn accept(headers: &HeaderMap) -> Result<Response, Refused> {
    if !names(headers, &header::CONNECTION, "upgrade") || !names(headers, &header::UPGRADE, "websocket") {
        return Err(bad("This is a WebSocket; ask for an upgrade."));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(bad("Sec-WebSocket-Version must be 13."));
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) if STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16) => key,
        _ => return Err(bad("Sec-WebSocket-Key must be 16 bytes in base64.")),
    };
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| bad("Sec-WebSocket-Key"))?;
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if names(headers, &header::SEC_WEBSOCKET_PROTOCOL, BEARER) {
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(BEARER));
    }
    Ok(response)
}

/// Whether a list in a header has this word, in any case.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

fn bad(detail: &str) -> Refused {
    Problem::new(Code::BadRequest).detail(detail).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The handshake of RFC 6455 section 1.3.
    fn sample() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("upgrade", "websocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_handshake_of_the_rfc() {
        let response = accept(&sample()).unwrap();
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!response.headers().contains_key("sec-websocket-protocol"));

        let mut offered = sample();
        offered.insert("sec-websocket-protocol", HeaderValue::from_static("bearer, eyJ.e30.x"));
        assert_eq!(accept(&offered).unwrap().headers()["sec-websocket-protocol"], "bearer");
        offered.insert("sec-websocket-protocol", HeaderValue::from_static("chat"));
        assert!(!accept(&offered).unwrap().headers().contains_key("sec-websocket-protocol"));
    }

    #[test]
    fn what_is_no_handshake() {
        for (name, value) in [
            ("upgrade", Some("h2c")),
            ("upgrade", None),
            ("connection", Some("close")),
            ("connection", None),
            ("sec-websocket-version", Some("8")),
            ("sec-websocket-version", None),
            ("sec-websocket-key", Some("c2hvcnQ=")),
            ("sec-websocket-key", Some("not base64")),
            ("sec-websocket-key", None),
        ] {
            let mut headers = sample();
            headers.remove(name);
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_static(value));
            }
            assert_eq!(accept(&headers).unwrap_err().problem().status, 400, "{name}: {value:?}");
        }
    }
}
