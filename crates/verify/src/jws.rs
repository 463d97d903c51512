//! A JWS in compact form (RFC 7515 section 7.1), taken apart strictly. No key is chosen and no signature is
//! checked here.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::base64url;
use crate::json::{Others, Text, once};
use crate::refusal::Refusal;

/// The longest token that is looked at, in bytes. Ours have about 600.
pub(crate) const MAX_TOKEN: usize = 8 * 1024;

/// The three parts of a token, still encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) signature: &'a [u8],
    /// What the signature covers: header, dot, payload.
    pub(crate) signed: &'a [u8],
}

const NOT_THREE_PARTS: Refusal = Refusal::Malformed("a token has three parts with dots between them");

/// Cuts at the first and the last dot. Were there one more between them, it would stand in the payload, where
/// decoding refuses it: to look for it here as well would be to read the longest part twice.
pub(crate) fn split(token: &[u8]) -> Result<Parts<'_>, Refusal> {
    split_behind(memchr::memchr(b'.', token).ok_or(NOT_THREE_PARTS)?, token)
}

/// The same where it is known how long the header is: the first dot comes right behind it.
#[inline]
pub(crate) fn split_behind(header: usize, token: &[u8]) -> Result<Parts<'_>, Refusal> {
    if token.len() > MAX_TOKEN {
        return Err(Refusal::Malformed("a token is at most 8 KiB long"));
    }
    let last = memchr::memrchr(b'.', token).ok_or(NOT_THREE_PARTS)?;
    let (signed, signature) = around(token, last).ok_or(NOT_THREE_PARTS)?;
    let (header, payload) = around(signed, header).ok_or(NOT_THREE_PARTS)?;
    Ok(Parts { header, payload, signature, signed })
}

/// What stands before and behind the dot at this place.
fn around(text: &[u8], dot: usize) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(dot)?;
    Some((before, rest.get(1..)?))
}

/// What a header says that matters here.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) alg: Text<'a>,
    pub(crate) kid: Option<Text<'a>>,
    pub(crate) typ: Option<Text<'a>>,
}

const NOT_A_HEADER: Refusal =
    Refusal::Malformed("the header is not a JSON object with `alg`, each member once and of its type");

/// Parameters that name another key, change what is signed, or make the payload something else than claims. A
/// token that carries one wants something of us that we do not do, so it is refused and not misread.
const REFUSED: [&str; 13] =
    ["crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "b64", "enc", "zip", "epk", "p2c", "cty"];

/// Reads a header that has been decoded. Parameters that are not known are ignored (RFC 7515 section 4), but
/// for those of [`REFUSED`].
pub(crate) fn parse_header(json: &[u8]) -> Result<Header<'_>, Refusal> {
    let text = std::str::from_utf8(json).map_err(|_| NOT_A_HEADER)?;
    let raw: RawHeader<'_> = serde_json::from_str(text).map_err(|_| NOT_A_HEADER)?;
    if raw.refused {
        return Err(Refusal::Malformed("the header holds a parameter that is not allowed, such as `crit` or `jwk`"));
    }
    Ok(Header { alg: raw.alg.ok_or(NOT_A_HEADER)?, kid: raw.kid, typ: raw.typ })
}

/// Decodes a segment into a buffer of its own.
pub(crate) fn decode_header(segment: &[u8]) -> Result<Vec<u8>, Refusal> {
    base64url::decode(segment).map_err(|_| Refusal::Malformed("the header is not base64url"))
}

#[derive(Default)]
struct RawHeader<'a> {
    alg: Option<Text<'a>>,
    kid: Option<Text<'a>>,
    typ: Option<Text<'a>>,
    refused: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for RawHeader<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HeaderVisitor;
        impl<'de> Visitor<'de> for HeaderVisitor {
            type Value = RawHeader<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JOSE header")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut header = RawHeader::default();
                let mut others = Others::default();
                while let Some(name) = object.next_key::<Text<'de>>()? {
                    match &*name {
                        "alg" => once(&mut header.alg, &mut object)?,
                        "kid" => once(&mut header.kid, &mut object)?,
                        "typ" => once(&mut header.typ, &mut object)?,
                        _ => {
                            header.refused |= REFUSED.contains(&&*name);
                            others.take(name, &mut object)?;
                        }
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(HeaderVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_three_parts() {
        let parts = split(b"a.b.c").unwrap();
        let Parts { header, payload, signature, signed } = parts;
        assert_eq!([header, payload, signature, signed], [&b"a"[..], b"b", b"c", b"a.b"]);
        for token in ["", "a", "a.b", "."] {
            assert!(matches!(split(token.as_bytes()), Err(Refusal::Malformed(_))), "{token:?}");
        }
        for token in ["a.b.c.d", "AAAA.AAAA.AAAA.AAAA.AAAA", "...."] {
            assert!(base64url::decode(split(token.as_bytes()).unwrap().payload).is_err(), "{token:?}");
        }
        assert!(split(format!("a.{}.c", "b".repeat(MAX_TOKEN - 4)).as_bytes()).is_ok());
        assert!(split(format!("a.{}.c", "b".repeat(MAX_TOKEN - 3)).as_bytes()).is_err());
    }

    #[test]
    fn a_header_is_an_object_with_alg() {
        let header = parse_header(br#" {"typ":"at+jwt","kid":"k\u0031","alg":"HS256","new":{"a":[1]}} "#).unwrap();
        assert_eq!((&*header.alg, header.kid.as_deref(), header.typ.as_deref()), ("HS256", Some("k1"), Some("at+jwt")));
        for json in [
            "",
            "null",
            "[]",
            "{}",
            r#""HS256""#,
            r#"{"typ":"at+jwt"}"#,
            r#"{"alg":1}"#,
            r#"{"alg":null}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":"HS256","kid":7}"#,
            r#"{"alg":"HS256","typ":null}"#,
            r#"{"alg":"HS256","alg":"HS256"}"#,
            r#"{"alg":"HS256","\u0061lg":"none"}"#,
            r#"{"alg":"HS256","kid":"a","kid":"a"}"#,
            r#"{"alg":"HS256","new":1,"new":1}"#,
            r#"{"alg":"HS256","new":{"a":1,"a":1}}"#,
            r#"{"alg":"HS256"} {}"#,
            r#"{"alg":"HS256",}"#,
            "\u{feff}{\"alg\":\"HS256\"}",
        ] {
            assert!(matches!(parse_header(json.as_bytes()), Err(Refusal::Malformed(_))), "{json}");
        }
        assert!(parse_header(b"{\"alg\":\"HS256\",\"a\":\"\xff\"}").is_err(), "not UTF-8");
    }

    #[test]
    fn parameters_that_would_change_the_meaning_are_refused() {
        for name in REFUSED {
            let json = format!(r#"{{"alg":"HS256","{name}":["x"]}}"#);
            assert!(matches!(parse_header(json.as_bytes()), Err(Refusal::Malformed(_))), "{name}");
        }
    }

    #[test]
    fn a_deep_header_is_refused_without_harm() {
        let json = format!(r#"{{"alg":"HS256","a":{}"#, "[".repeat(8_000));
        assert!(parse_header(json.as_bytes()).is_err());
    }
}
