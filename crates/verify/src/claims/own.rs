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
        let end = self.0.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
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
        let mut number = 0;
        let mut digits = 0;
        for byte in self.0.bytes().take_while(u8::is_ascii_digit).take(18) {
            number = number * 10 + i64::from(byte - b'0');
            digits += 1;
        }
        // A nineteenth digit stays where it is, and nothing that may come next begins with a digit.
        let spelled_plainly = digits > 0 && !(digits > 1 && self.0.starts_with('0'));
        self.0 = self.0.get(digits..)?;
        spelled_plainly.then_some(number)
    }
}
