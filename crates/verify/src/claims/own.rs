//! The claims in the very layout that [`Claims`](super::Claims) is written in, recognised as text.
//!
//! Nearly every token that is checked was made here, and reading JSON in general costs more than the MAC. What
//! is read here is what the strict reader would have read: each member stands once because each is asked for
//! once, in order, with nothing between them. Anything else, were it one space, is left to the strict reader;
//! the tests hold the two side by side.

use durward_proto::ids::UuidId;

use super::{Methods, Needed, Ours};

/// How long the claims from `sid` to `auth_time` are: ids have one length, and so have the times of these centuries.
const FIXED: usize = r#","sid":"","jti":"","iat":,"nbf":,"exp":,"amr":["pwd"],"auth_time":"#.len() + 2 * 36 + 4 * 10;

/// What is needed of the claims, or `None` for the strict reader to decide.
///
/// Where a text ends has to be known before what comes next can be looked at, and the processor waits for that. So what `iss` and
/// `aud` must say is compared at once, and what has one length is read from the end.
#[inline(always)]
pub(super) fn read(json: &[u8], ours: &Ours) -> Option<Needed> {
    let (rest, generation) = without_generation(json.strip_suffix(b"}")?)?;
    let (texts, fixed) = rest.split_last_chunk::<FIXED>()?;

    let mut rest = Rest(texts);
    let is_ours = match texts.strip_prefix(&*ours.opening) {
        Some(sub) => {
            rest.0 = sub;
            true
        }
        None => {
            let iss = rest.text(b"{\"iss\":\"")?;
            let aud = rest.text(b",\"aud\":\"")?;
            rest.after(b",\"sub\":\"")?;
            iss == ours.issuer.as_bytes() && aud == ours.audience.as_bytes()
        }
    };
    let sub = rest.number(b"")?;
    let id = rest.number(b"\",\"id\":")?;
    rest.text(b",\"email\":\"")?;
    rest.text(b",\"role\":\"")?;
    rest.text(b",\"scope\":\"")?;
    if sub != id || id == 0 || !rest.0.is_empty() {
        return None;
    }

    let mut rest = Rest(fixed);
    let sid = rest.id(b",\"sid\":\"")?;
    let jti = rest.id(b",\"jti\":\"")?;
    let iat = rest.time(b",\"iat\":")?;
    let nbf = rest.time(b",\"nbf\":")?;
    let exp = rest.time(b",\"exp\":")?;
    rest.after(b",\"amr\":[\"pwd\"]")?;
    let auth_time = rest.time(b",\"auth_time\":")?;
    let amr = Methods::Password;
    Some(Needed { is_ours, id, sid, jti, iat, nbf, exp, amr, auth_time, generation })
}

/// What stands before `gen`, and its number; all of it where there is none.
#[inline]
fn without_generation(json: &[u8]) -> Option<(&[u8], Option<u32>)> {
    let digits = json.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, _) = json.split_at_checked(json.len() - digits)?;
    let Some(rest) = before.strip_suffix(b",\"gen\":") else { return Some((json, None)) };
    let mut number = Rest(json.get(before.len()..)?);
    let generation = number.number(b"")?.try_into().ok()?;
    number.0.is_empty().then_some((rest, Some(generation)))
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

    /// A string without escapes, after these words; its closing quote is taken too. All that may be UTF-8 is in strings, so
    /// that only those have to be looked at for it.
    #[inline]
    fn text<const N: usize>(&mut self, words: &[u8; N]) -> Option<&'a [u8]> {
        self.after(words)?;
        let (length, is_ascii) = plain(self.0)?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest.strip_prefix(b"\"")?;
        (is_ascii || std::str::from_utf8(text).is_ok()).then_some(text)
    }

    /// An id in its one spelling of 36 characters, none of which is special in JSON; its closing quote is taken too.
    #[inline]
    fn id<T: UuidId, const N: usize>(&mut self, words: &[u8; N]) -> Option<T> {
        self.after(words)?;
        let (text, rest) = self.0.split_at_checked(36)?;
        self.0 = rest.strip_prefix(b"\"")?;
        T::parse_ascii(text)
    }

    /// A number of ten digits, after these words: seconds since the epoch, from 2001 to 2286.
    #[inline]
    fn time<const N: usize>(&mut self, words: &[u8; N]) -> Option<i64> {
        self.after(words)?;
        let (eight, rest) = self.0.split_first_chunk()?;
        let ([tens @ b'0'..=b'9', ones @ b'0'..=b'9'], rest) = rest.split_first_chunk()? else { return None };
        self.0 = rest;
        let number = eight_digits(*eight)? * 100 + i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
        (number >= 1_000_000_000).then_some(number)
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

/// How many bytes stand before the first that ends a string or is not plain in one: `"`, `\` or a control character; and whether
/// they are all ASCII, for certain. Eight at a time (Warren, Hacker's Delight, section 6-1): of the bytes that a word marks, the first is marked rightly.
#[inline]
fn plain(mut bytes: &[u8]) -> Option<(usize, bool)> {
    let (mut before, mut seen) = (0, 0);
    while let Some((word, rest)) = bytes.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        seen |= word & each(0x80);
        let below = |word: u64, limit: u8| word.wrapping_sub(each(limit)) & !word & each(0x80);
        let marked = below(word ^ each(b'"'), 1) | below(word ^ each(b'\\'), 1) | below(word, b' ');
        if marked != 0 {
            return Some((before + marked.trailing_zeros() as usize / 8, seen == 0));
        }
        (before, bytes) = (before + 8, rest);
    }
    let end = bytes.iter().position(|byte| *byte == b'"' || *byte == b'\\' || *byte < b' ')?;
    Some((before + end, seen == 0 && bytes.is_ascii()))
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
                    let end = slowly(&bytes);
                    assert_eq!(plain(&bytes).map(|(end, _)| end), end, "{bytes:?}");
                    let is_ascii = end.is_none_or(|end| bytes[..end].is_ascii());
                    assert!(is_ascii || plain(&bytes).is_some_and(|(_, is_ascii)| !is_ascii), "{bytes:?}");
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
