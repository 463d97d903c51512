//! Strict base64url: no padding, no white space, no bits left over (RFC 7515 section 2, RFC 4648 section 3.5).

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Decodes with vector instructions where the processor has them; the same rules as [`URL_SAFE_NO_PAD`].
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static DECODER: std::sync::LazyLock<base64::engine::Simd> =
    std::sync::LazyLock::new(|| base64::engine::Simd::url_safe(base64::engine::general_purpose::NO_PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static DECODER: base64::engine::GeneralPurpose = URL_SAFE_NO_PAD;

/// Text that is not strict base64url, or that is too long for the buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotBase64Url;

/// How long two texts may be together, with what is put behind each, to be decoded without memory from the heap. Those of our
/// own tokens have about 500 characters, with RSA of 3072 bits 950.
const TEXT: usize = 1024;

/// What the vector instructions take at once, in characters.
const BLOCK: usize = 32;

/// The decoder takes the last four characters by themselves, and slowly.
const LAST: usize = 4;

/// Where texts are decoded. Each thread has one, because to fill a new one with zeros takes as long as to decode into it. What it
/// keeps is of the last token, which the buffers of its connection have as well.
struct Room {
    text: [u8; TEXT],
    bytes: [u8; TEXT / 4 * 3],
}

thread_local! {
    static ROOM: RefCell<Room> = const { RefCell::new(Room { text: [0; TEXT], bytes: [0; TEXT / 4 * 3] }) };
}

/// Two texts, decoded, or that one of them is no strict base64url.
pub(crate) type Both<'b> = Result<(&'b [u8], &'b [u8]), NotBase64Url>;

/// Decodes two texts and says what came of it.
#[inline]
pub(crate) fn decode_both<T>(first: &[u8], second: &[u8], then: impl FnOnce(Both<'_>) -> T) -> T {
    ROOM.with_borrow_mut(|room| {
        if blocks(first) + blocks(second) + LAST <= TEXT {
            return then(room.decode_both(first, second));
        }
        match (decode(first), decode(second)) {
            (Ok(first), Ok(second)) => then(Ok((&first, &second))),
            _ => then(Err(NotBase64Url)),
        }
    })
}

impl Room {
    /// Short texts, and the ends of long ones, are what a decoder takes most time over. So each is copied out, with `A`, which
    /// stands for zero bits, behind it until the vector instructions can take all of it, and both are decoded as one. What is
    /// decoded beyond a text's end must then be zeros, or its last letter had bits left over.
    #[inline]
    fn decode_both(&mut self, first: &[u8], second: &[u8]) -> Both<'_> {
        let (until, end) = (blocks(first), blocks(first) + blocks(second));
        let text = self.text.get_mut(..end + LAST).ok_or(NotBase64Url)?;
        let (head, tail) = text.split_at_mut_checked(until).ok_or(NotBase64Url)?;
        let tail = tail.get_mut(..end - until).ok_or(NotBase64Url)?;
        put(first, head)?;
        put(second, tail)?;
        text.last_chunk_mut::<LAST>().ok_or(NotBase64Url)?.fill(b'A');
        DECODER.decode_slice(text, &mut self.bytes).map_err(|_| NotBase64Url)?;
        let (head, tail) = self.bytes.split_at_checked(until / 4 * 3).ok_or(NotBase64Url)?;
        let tail = tail.get(..(end - until) / 4 * 3).ok_or(NotBase64Url)?;
        Ok((only(first, head)?, only(second, tail)?))
    }
}

/// A text with `A` behind it, in a place of whole blocks, of which the text begins the last one.
#[inline]
fn put(text: &[u8], place: &mut [u8]) -> Result<(), NotBase64Url> {
    if let Some(last) = place.last_chunk_mut::<BLOCK>() {
        *last = [b'A'; BLOCK];
    }
    place.get_mut(..text.len()).ok_or(NotBase64Url)?.copy_from_slice(text);
    Ok(())
}

/// How many characters a text has together with what is put behind it.
const fn blocks(text: &[u8]) -> usize {
    text.len().next_multiple_of(BLOCK)
}

/// The bytes that a text stands for, of those that it was decoded to together with what was put behind it. Bits that its last
/// letter has left over are in the first byte beyond; all others are made of `A` alone.
#[inline]
fn only<'b>(text: &[u8], decoded: &'b [u8]) -> Result<&'b [u8], NotBase64Url> {
    let (bytes, beyond) = decoded.split_at_checked(text.len() * 6 / 8).ok_or(NotBase64Url)?;
    let is_whole = text.len() % 4 != 1 && beyond.first().is_none_or(|bits| *bits == 0);
    if is_whole { Ok(bytes) } else { Err(NotBase64Url) }
}

/// Decodes into a buffer of its own.
pub(crate) fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, NotBase64Url> {
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

    /// Both, if they are good.
    fn both(first: &[u8], second: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        decode_both(first, second, |both| both.ok().map(|(first, second)| (first.to_vec(), second.to_vec())))
    }

    /// The same text in both places; it must come out of both.
    fn twice(text: &str) -> Option<Vec<u8>> {
        let (first, second) = both(text.as_bytes(), text.as_bytes())?;
        assert_eq!(first, second);
        assert_eq!(both(text.as_bytes(), b"").unwrap(), (first.clone(), Vec::new()));
        assert_eq!(both(b"", text.as_bytes()).unwrap(), (Vec::new(), second));
        Some(first)
    }

    /// Whether neither place takes it, whatever stands in the other one.
    fn is_refused(text: &str) -> bool {
        let good = encode([0xa5; 100]);
        let pairs = [(text, ""), ("", text), (text, text), (text, &*good), (&*good, text)];
        pairs.into_iter().all(|(first, second)| both(first.as_bytes(), second.as_bytes()).is_none())
    }

    #[test]
    fn one_spelling_only() {
        assert_eq!(decode("AQ").unwrap(), [1]);
        assert_eq!(decode("").unwrap(), b"");
        assert_eq!((twice("AQ"), twice("")), (Some(vec![1]), Some(Vec::new())));
        for text in ["AR", "AQ==", "AQ=", "A", "AQ\n", " AQ", "A Q", "A+8", "A/8", "AQ.", "é", "AQ\0"] {
            assert!(decode(text).is_err() && is_refused(text), "{text:?}");
            for blocks in [1, 40, 120, 400] {
                let long = format!("{}{text}", "AAAA".repeat(blocks));
                assert!(is_refused(&long), "{text:?} after {blocks} whole blocks");
                let early = format!("{text}{}", "AAAA".repeat(blocks));
                assert!(text == "AR" || text == "A" || is_refused(&early), "{text:?} before them");
            }
        }
    }

    #[test]
    fn both_decoders_agree_on_every_single_byte() {
        for length in (1..=68).chain([86, 300, 342]) {
            let good = encode([0xa5; 256]).get(..length).unwrap().to_owned();
            for at in 0..good.len() {
                for byte in 0..128u8 {
                    let mut bytes = good.clone().into_bytes();
                    bytes[at] = byte;
                    let text = String::from_utf8(bytes).unwrap();
                    match decode(&text) {
                        Ok(decoded) => assert_eq!(twice(&text), Some(decoded), "{text}"),
                        Err(_) => assert!(is_refused(&text), "{text}"),
                    }
                }
            }
        }
    }

    #[test]
    fn texts_of_every_length_in_both_places() {
        let all: Vec<u8> = (0..2_000u32).map(|at| (at * 7 + at / 256) as u8).collect();
        let step = |length: usize| if length < 70 { 1 } else { 61 };
        let lengths: Vec<usize> =
            std::iter::successors(Some(0), |at| Some(at + step(*at))).take_while(|at| *at < 1_500).collect();
        for first in &lengths {
            for second in &lengths {
                let (one, two) = (&all[..*first], &all[500..500 + *second]);
                let decoded = both(encode(one).as_bytes(), encode(two).as_bytes()).unwrap();
                assert_eq!(decoded, (one.to_vec(), two.to_vec()));
            }
        }
    }
}
