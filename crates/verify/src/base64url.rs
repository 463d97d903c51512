//! Strict base64url: no padding, no white space, no bits left over (RFC 7515 section 2, RFC 4648 section 3.5).

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Decodes with vector instructions where the processor has them; the same rules as [`URL_SAFE_NO_PAD`].
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static DECODER: std::sync::LazyLock<base64::engine::Simd> =
    std::sync::LazyLock::new(|| base64::engine::Simd::url_safe(base64::engine::general_purpose::NO_PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static DECODER: base64::engine::GeneralPurpose = URL_SAFE_NO_PAD;

/// Text that is not strict base64url, or that is too long for the buffer.
#[derive(Debug)]
pub(crate) struct NotBase64Url;

/// How many bytes `text` can at most stand for.
pub(crate) const fn decoded_len(text: &str) -> usize {
    text.len() / 4 * 3 + 3
}

/// Decodes into a buffer of the caller's and gives back the part that was filled.
pub(crate) fn decode_into<'b>(text: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], NotBase64Url> {
    if MIDDLING.contains(&text.len()) {
        return decode_middling(text, buffer);
    }
    let length = DECODER.decode_slice(text, buffer).map_err(|_| NotBase64Url)?;
    buffer.get(..length).ok_or(NotBase64Url)
}

/// Texts of these lengths, such as the signature of HS256, are too short for the vector instructions by themselves.
const MIDDLING: RangeInclusive<usize> = 32..=64;

/// The same with `A`, which stands for zero bits, behind the text: what is decoded beyond its end must then be zeros, or
/// the text's last letter had bits left over.
fn decode_middling<'b>(text: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], NotBase64Url> {
    if text.len() % 4 == 1 {
        return Err(NotBase64Url);
    }
    // The decoder takes the last four by themselves.
    let (mut padded, mut decoded) = ([b'A'; 68], [0; 51]);
    padded.get_mut(..text.len()).ok_or(NotBase64Url)?.copy_from_slice(text.as_bytes());
    DECODER.decode_slice(padded, &mut decoded).map_err(|_| NotBase64Url)?;
    let (bytes, beyond) = decoded.split_at_checked(text.len() * 6 / 8).ok_or(NotBase64Url)?;
    let buffer = buffer.get_mut(..bytes.len()).ok_or(NotBase64Url)?;
    buffer.copy_from_slice(bytes);
    if beyond.iter().all(|byte| *byte == 0) { Ok(buffer) } else { Err(NotBase64Url) }
}

/// Decodes into a buffer of its own.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotBase64Url)
}

/// Encodes.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes at the end of a text.
pub(crate) fn encode_onto(bytes: impl AsRef<[u8]>, text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        assert_eq!(decode("AQ").unwrap(), [1]);
        assert_eq!(decode("").unwrap(), b"");
        for text in ["AR", "AQ==", "AQ=", "A", "AQ\n", " AQ", "A Q", "A+8", "A/8", "AQ.", "é", "AQ\0"] {
            assert!(decode(text).is_err(), "{text:?}");
            let long = format!("{}{text}", "AAAA".repeat(40));
            assert!(decode_into(&long, &mut [0; 256]).is_err(), "{text:?} after whole blocks");
            let early = format!("{text}{}", "AAAA".repeat(40));
            assert!(text == "AR" || text == "A" || decode_into(&early, &mut [0; 256]).is_err(), "{text:?} before them");
        }
    }

    #[test]
    fn both_decoders_agree_on_every_single_byte() {
        for length in (28..=68).chain([86, 300, 342]) {
            let good = encode([0xa5; 256]).get(..length).unwrap().to_owned();
            for at in 0..good.len() {
                for byte in 0..128u8 {
                    let mut bytes = good.clone().into_bytes();
                    bytes[at] = byte;
                    let text = String::from_utf8(bytes).unwrap();
                    assert_eq!(decode_into(&text, &mut [0; 512]).ok(), decode(&text).ok().as_deref(), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_short_buffer_is_an_error_and_not_a_panic() {
        let mut buffer = [0; 4];
        assert!(decode_into("AAAAAAAA", &mut buffer).is_err());
        assert_eq!(decode_into("AAAAAA", &mut buffer).unwrap(), [0; 4]);
    }
}
