//! The claims in the very layout that [`Claims`](super::Claims) is written in, recognised as text.
//!
//! Nearly every token that is checked was made here, and reading JSON in general costs more than the MAC. What
//! is read here is what the strict reader would have read: each member stands once because each is asked for
//! once, in order, with nothing between them. Anything else, were it one space, is left to the strict reader;
//! the tests hold the two side by side.

use std::borrow::Cow;

use durward_proto::ids::UuidId;

use super::{Methods, Needed};

/// What is needed of the claims, or `None` for the strict reader to decide.
pub(super) fn read(json: &str) -> Option<Needed<'_>> {
    let mut rest = Rest(json.as_bytes());
    let iss = rest.text(b"{\"iss\":\"")?;
    let aud = rest.text(b",\"aud\":\"")?;
    let sub = rest.number(b",\"sub\":\"")?;
    let id = rest.number(b"\",\"id\":")?;
    if sub != id || id == 0 {
        return None;
    }
    rest.text(b",\"email\":\"")?;
    rest.text(b",\"role\":\"")?;
    rest.text(b",\"scope\":\"")?;
    let sid = rest.id(b",\"sid\":\"")?;
    let jti = rest.id(b",\"jti\":\"")?;
    let iat = rest.number(b",\"iat\":")?;
    let nbf = rest.number(b",\"nbf\":")?;
    let exp = rest.number(b",\"exp\":")?;
    rest.after(b",\"amr\":[\"pwd\"]")?;
    let auth_time = rest.number(b",\"auth_time\":")?;
    let generation = if rest.0 == b"}" { None } else { Some(rest.number(b",\"gen\":")?.try_into().ok()?) };
    let amr = Methods::Password;
    let (iss, aud) = (Cow::Borrowed(iss), Cow::Borrowed(aud));
    (rest.0 == b"}").then_some(Needed { iss, aud, id, sid, jti, iat, nbf, exp, amr, auth_time, generation })
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// Words of a length that the compiler knows are compared without a call.
    #[inline]
    fn after<const N: usize>(&mut self, words: &[u8; N]) -> Option<()> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        (first == words).then_some(())
    }

    /// A string without escapes, after these words; its closing quote is taken too.
    #[inline]
    fn text<const N: usize>(&mut self, words: &[u8; N]) -> Option<&'a [u8]> {
        self.after(words)?;
        let (text, rest) = self.0.split_at_checked(plain(self.0)?)?;
        self.0 = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// An id in its one spelling of 36 characters, none of which is special in JSON; its closing quote is taken too.
    #[inline]
    fn id<T: UuidId, const N: usize>(&mut self, words: &[u8; N]) -> Option<T> {
        self.after(words)?;
        let (text, rest) = self.0.split_at_checked(36)?;
        self.0 = rest.strip_prefix(b"\"")?;
        T::parse_ascii(text)
    }

    /// A number from 1 to 18 digits, without sign or leading zero, after these words.
    #[inline]
    fn number<const N: usize>(&mut self, words: &[u8; N]) -> Option<i64> {
        self.after(words)?;
        let eight = self.0.split_first_chunk().and_then(|(word, rest)| Some((eight_digits(*word)?, rest)));
        let starts_with_zero = self.0.first() == Some(&b'0');
        let (mut number, mut digits, mut rest) = eight.map_or((0, 0, self.0), |(number, rest)| (number, 8, rest));
        while digits < 18
            && let Some((byte @ b'0'..=b'9', next)) = rest.split_first()
        {
            (number, digits, rest) = (number * 10 + i64::from(byte - b'0'), digits + 1, next);
        }
        // A nineteenth digit stays where it is, and nothing that may come next begins with a digit.
        self.0 = rest;
        (digits > 0 && (digits == 1 || !starts_with_zero)).then_some(number)
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
