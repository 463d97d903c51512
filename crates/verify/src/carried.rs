//! Where a request carries its credential. This is the only place that looks for one.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL};
use serde::Serialize;

use crate::refusal::Refusal;

/// Where a credential was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
pub enum Source {
    /// `Authorization: Bearer` (RFC 6750 section 2.1).
    #[serde(rename = "authorization_header")]
    Header,
    /// The access token's cookie.
    #[serde(rename = "cookie")]
    Cookie,
    /// The second of the WebSocket sub-protocols `bearer, <token>`.
    #[serde(rename = "websocket_protocol")]
    SubProtocol,
    /// `?ticket=` of a WebSocket's URL: not a token, but good for one socket.
    #[serde(rename = "ticket")]
    Ticket,
    /// `?token=` of a WebSocket's URL, where that is switched on.
    #[serde(rename = "url")]
    Url,
}

impl Source {
    /// Its name in a trace.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Header => "authorization_header",
            Self::Cookie => "cookie",
            Self::SubProtocol => "websocket_protocol",
            Self::Ticket => "ticket",
            Self::Url => "url",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of request it is, which decides where a credential may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// An ordinary request: header or cookie.
    Rest,
    /// A WebSocket's handshake: also sub-protocol and ticket, and the token in the URL where that is allowed.
    Socket {
        /// Whether `?token=` counts.
        token_in_url: bool,
    },
}

/// A credential that has been found, and not been checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Carried<'a> {
    /// Where.
    pub source: Source,
    /// The token, or the ticket.
    pub token: Cow<'a, str>,
}

impl fmt::Debug for Carried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried").field("source", &self.source).field("token", &"[hidden]").finish()
    }
}

/// Finds the credential. The first place that has one decides alone, whether it is good or bad: header,
/// cookie, and for a WebSocket sub-protocol, ticket, URL.
///
/// # Errors
/// [`Refusal::Missing`]; [`Refusal::Ambiguous`] when the place holds two; [`Refusal::Malformed`] when what is
/// there cannot be a credential.
pub fn find<'a>(
    headers: &'a HeaderMap,
    query: Option<&'a str>,
    access_cookie: &str,
    surface: Surface,
) -> Result<Carried<'a>, Refusal> {
    let borrowed = |source, token: &'a str| Carried { source, token: Cow::Borrowed(token) };
    if let Some(token) = bearer(headers)? {
        let token = std::str::from_utf8(token).ok().filter(|token| is_token(token)).ok_or(NOT_BEARER)?;
        return Ok(borrowed(Source::Header, token));
    }
    if let Some(token) = cookie(headers, access_cookie)? {
        return Ok(borrowed(Source::Cookie, token));
    }
    let Surface::Socket { token_in_url } = surface else {
        return Err(Refusal::Missing);
    };
    if let Some(token) = sub_protocol(headers)? {
        return Ok(borrowed(Source::SubProtocol, token));
    }
    let query = query.unwrap_or_default();
    if let Some(token) = parameter(query, "ticket")? {
        return Ok(Carried { source: Source::Ticket, token });
    }
    if token_in_url && let Some(token) = parameter(query, "token")? {
        return Ok(Carried { source: Source::Url, token });
    }
    Err(Refusal::Missing)
}

/// The same for an ordinary request, which is what is asked most often: as bytes, of which only the one who takes the token
/// apart says what they are. `jws` and `base64url` leave none out, and to look at them here as well would be to read them twice.
#[inline]
pub(crate) fn in_rest<'a>(headers: &'a HeaderMap, access_cookie: &str) -> Result<(Source, &'a [u8]), Refusal> {
    if let Some(token) = bearer(headers)? {
        return Ok((Source::Header, token));
    }
    let token = cookie(headers, access_cookie)?.ok_or(Refusal::Missing)?;
    Ok((Source::Cookie, token.as_bytes()))
}

const NOT_BEARER: Refusal = Refusal::Malformed("the `Authorization` header is not `Bearer <token>`");

/// `Authorization: Bearer <token>`. The scheme's name is case-insensitive (RFC 9110 section 11.1). A header
/// that says something else is a credential too, and a bad one. What it gives is not empty.
#[inline]
fn bearer(headers: &HeaderMap) -> Result<Option<&[u8]>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::Ambiguous);
    }
    let (scheme, rest) = value.as_bytes().split_first_chunk::<6>().ok_or(NOT_BEARER)?;
    let (b' ', token) = rest.split_first().ok_or(NOT_BEARER)? else { return Err(NOT_BEARER) };
    let token = trim_spaces(token);
    if scheme.eq_ignore_ascii_case(b"bearer") && !token.is_empty() { Ok(Some(token)) } else { Err(NOT_BEARER) }
}

fn trim_spaces(mut text: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] | [rest @ .., b' '] = text {
        text = rest;
    }
    text
}

/// The value of one cookie (RFC 6265 section 5.4), taken as it stands: no unquoting, no decoding. Used for
/// every cookie that matters, not only the access token's.
///
/// # Errors
/// [`Refusal::Ambiguous`] when the name is there twice with different values, as after somebody planted a
/// second one from a sub-domain; [`Refusal::Malformed`] when the value is not visible ASCII.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut found: Option<&'a [u8]> = None;
    for header in headers.get_all(COOKIE) {
        for pair in header.as_bytes().split(|byte| *byte == b';') {
            let Some(value) = value_of(pair.trim_ascii(), name) else { continue };
            if found.is_some_and(|earlier| earlier != value) {
                return Err(Refusal::Ambiguous);
            }
            found = Some(value);
        }
    }
    let Some(value) = found else { return Ok(None) };
    match std::str::from_utf8(value) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') => Ok(Some(text)),
        _ => Err(Refusal::Malformed("a cookie's value is not visible ASCII")),
    }
}

fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    pair.strip_prefix(name.as_bytes())?.trim_ascii_start().strip_prefix(b"=").map(<[u8]>::trim_ascii)
}

/// `Sec-WebSocket-Protocol: bearer, <token>`: what a browser can send where it cannot set headers.
fn sub_protocol(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let bad = Refusal::Malformed("the WebSocket sub-protocols are not `bearer, <token>`");
    let mut offered = headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .flat_map(|header| header.to_str().unwrap_or_default().split(','))
        .map(|protocol| protocol.trim_matches([' ', '\t']));
    if !offered.any(|protocol| protocol.eq_ignore_ascii_case("bearer")) {
        return Ok(None);
    }
    let token = offered.next().filter(|token| is_token(token)).ok_or(bad)?;
    if offered.any(|protocol| protocol.eq_ignore_ascii_case("bearer")) {
        Err(Refusal::Ambiguous)
    } else {
        Ok(Some(token))
    }
}

fn parameter<'a>(query: &'a str, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name).map(|(_, value)| value);
    let Some(first) = values.next() else { return Ok(None) };
    if values.any(|value| value != first) {
        return Err(Refusal::Ambiguous);
    }
    if is_token(&first) {
        Ok(Some(first))
    } else {
        Err(Refusal::Malformed("the credential in the URL is empty or not visible ASCII"))
    }
}

/// Whether it can be a token at all: visible ASCII, and some of it. What it is made of is for `jws` to say.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
