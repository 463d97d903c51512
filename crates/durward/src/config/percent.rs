//! Percent-encoding (RFC 3986 section 2.1), strictly.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters and what a path is made of.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Everything but RFC 3986's unreserved characters.
const IN_PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Decodes one part of a URL. `+` stays a plus.
///
/// # Errors
/// When a `%` is not followed by two hexadecimal digits, or what comes out is not UTF-8 or holds a NUL.
pub(crate) fn decode(part: &str) -> Result<String, String> {
    let bytes = part.as_bytes();
    let is_well_formed = bytes.iter().enumerate().all(|(place, byte)| {
        let is_hex = |ahead: usize| bytes.get(place + ahead).is_some_and(u8::is_ascii_hexdigit);
        *byte != b'%' || (is_hex(1) && is_hex(2))
    });
    if !is_well_formed {
        return Err("a % that starts no two-digit code; write %25 for a percent sign".to_owned());
    }
    let text = percent_decode_str(part).decode_utf8().map_err(|_| "a percent-code that is not UTF-8")?;
    if text.contains('\0') { Err("a NUL byte".to_owned()) } else { Ok(text.into_owned()) }
}

/// Encodes a path for a URL.
pub(crate) fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, IN_PATH).to_string()
}

/// Encodes a user's or a database's name for a URL.
pub(crate) fn encode_part(part: &str) -> String {
    utf8_percent_encode(part, IN_PART).to_string()
}

/// A URL that could not be read, with everything after its scheme hidden: a password may stand anywhere in it.
pub(crate) fn scheme_only(text: &str) -> String {
    match text.trim().split_once("://") {
        Some((scheme, _)) if !scheme.is_empty() && scheme.bytes().all(is_scheme_byte) => {
            format!("\"{scheme}://[hidden]\"")
        }
        _ => "\"[hidden]\"".to_owned(),
    }
}

fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-._".contains(&byte)
}
