//! The claims in the very layout that [`Claims`](super::Claims) is written in, recognised as text.
//!
//! Nearly every token that is checked was made here, and reading JSON in general costs more than the MAC. What
//! is read here is what the strict reader would have read: each member stands once because each is asked for
//! once, in order, with nothing between them. Anything else, were it one space, is left to the strict reader;
//! the tests hold the two side by side.

use std::borrow::Cow;
use std::str::FromStr;

use super::{Methods, Read};
use crate::json::Text;

/// The claims, or `None` for the strict reader to decide.
pub(super) fn read(json: &str) -> Option<Read<'_>> {
    let mut rest = Rest(json);
    let claims = Read {
        iss: rest.text(b"{\"iss\":\"")?,
        aud: rest.text(b",\"aud\":\"")?,
        sub: rest.text(b",\"sub\":\"")?,
        id: rest.number(b",\"id\":")?,
        email: rest.text(b",\"email\":\"")?,
        role: rest.text(b",\"role\":\"")?,
        scope: rest.text(b",\"scope\":\"")?,
        sid: rest.id(b",\"sid\":\"")?,
        jti: rest.id(b",\"jti\":\"")?,
        iat: rest.number(b",\"iat\":")?,
        nbf: rest.number(b",\"nbf\":")?,
        exp: rest.number(b",\"exp\":")?,
        amr: rest.after(b",\"amr\":[\"pwd\"]").map(|()| Methods::Password)?,
        auth_time: rest.number(b",\"auth_time\":")?,
        generation: if rest.0 == "}" { None } else { Some(rest.number(b",\"gen\":")?.try_into().ok()?) },
    };
    (rest.0 == "}").then_some(claims)
}

/// What has not been read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Words of a length that the compiler knows are compared without a call.
    #[inline]
    fn after<const N: usize>(&mut self, words: &[u8; N]) -> Option<()> {
        if self.0.as_bytes().first_chunk::<N>()? != words {
            return None;
        }
        self.0 = self.0.get(N..)?;
        Some(())
    }

    /// A string without escapes, after these words; its closing quote is taken too.
    #[inline]
    fn text<const N: usize>(&mut self, words: &[u8; N]) -> Option<Text<'a>> {
        self.after(words)?;
        let end = plain(self.0.as_bytes())?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(Text(Cow::Borrowed(text)))
    }

    /// An id in its one spelling of 36 characters, none of which is special in JSON; its closing quote is taken too.
    #[inline]
    fn id<T: FromStr, const N: usize>(&mut self, words: &[u8; N]) -> Option<T> {
        self.after(words)?;
        let (text, rest) = self.0.split_at_checked(36)?;
        self.0 = rest.strip_prefix('"')?;
        text.parse().ok()
    }

    /// A number from 1 to 18 digits, without sign or leading zero, after these words.
    #[inline]
    fn number<const N: usize>(&mut self, words: &[u8; N]) -> Option<i64> {
        self.after(words)?;
        let eight = self.0.as_bytes().first_chunk().and_then(|word| eight_digits(*word));
        let (mut number, mut digits) = eight.map_or((0, 0), |number| (number, 8));
        for byte in self.0.bytes().skip(digits).take_while(u8::is_ascii_digit).take(18 - digits) {
            number = number * 10 + i64::from(byte - b'0');
            digits += 1;
        }
        // A nineteenth digit stays where it is, and nothing that may come next begins with a digit.
        let spelled_plainly = digits > 0 && !(digits > 1 && self.0.starts_with('0'));
        self.0 = self.0.get(digits..)?;
        spelled_plainly.then_some(number)
    }
}

/// Eight bytes of the same value.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// How many bytes stand before the first that ends a string or is not plain in one: `"`, `\` or a control character. Eight
/// at a time (Warren, Hacker's Delight, section 6-1): of the bytes that a word marks, the first is marked rightly.
#[inline]
fn plain(mut bytes: &[u8]) -> Option<usize> {
    let mut before = 0;
    while let Some((word, rest)) = bytes.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let below = |word: u64, limit: u8| word.wrapping_sub(each(limit)) & !word & each(0x80);
        let marked = below(word ^ each(b'"'), 1) | below(word ^ each(b'\\'), 1) | below(word, b' ');
        if marked != 0 {
            return Some(before + marked.trailing_zeros() as usize / 8);
        }
        (before, bytes) = (before + 8, rest);
    }
    bytes.iter().position(|byte| *byte == b'"' || *byte == b'\\' || *byte < b' ').map(|at| before + at)
}

/// Eight digits at once: pairs, then fours, then all of them.
#[inline]
fn eight_digits(word: [u8; 8]) -> Option<i64> {
    let word = u64::from_le_bytes(word);
    let high = each(0xf0);
    if word & high != each(b'0') || word.wrapping_add(each(6)) & high != each(b'0') {
        return None;
    }
    let ones = word & each(0x0f);
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let eight = (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff;
    i64::try_from(eight).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_at_once_are_what_they_are_one_by_one() {
        let slowly = |bytes: &[u8]| bytes.iter().position(|byte| *byte == b'"' || *byte == b'\\' || *byte < b' ');
        for at in 0..19 {
            for byte in 0..=255u8 {
                for after in [0, b' ' - 1, b'"', b'\\', b'!', b'#', b']', 0x7f, 0x80, 0xff] {
                    let mut bytes = [b'a'; 20];
                    (bytes[at], bytes[at + 1]) = (byte, after);
                    assert_eq!(plain(&bytes), slowly(&bytes), "{bytes:?}");
                }
            }
        }
        for at in 0..8 {
            for byte in 0..=255u8 {
                let mut word = *b"90817263";
                word[at] = byte;
                let number = std::str::from_utf8(&word).ok().filter(|text| !text.starts_with('+'));
                assert_eq!(
                    eight_digits(word),
                    number.and_then(|text| text.parse().ok()).filter(|n| *n >= 0),
                    "{word:?}"
                );
            }
        }
        assert_eq!((eight_digits(*b"00000000"), eight_digits(*b"99999999")), (Some(0), Some(99_999_999)));
    }
}
