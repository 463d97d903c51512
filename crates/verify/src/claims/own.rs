//! The claims in the very layout that [`Claims`](super::Claims) is written in, recognised as text.
//!
//! Nearly every token that is checked was made here, and reading JSON in general costs more than the MAC. What
//! is read here is what the strict reader would have read: each member stands once because each is asked for
//! once, in order, with nothing between them. Anything else, were it one space, is left to the strict reader;
//! the tests hold the two side by side.

use std::borrow::Cow;

use super::{Methods, Read};
use crate::json::Text;

/// The claims, or `None` for the strict reader to decide.
pub(super) fn read(json: &str) -> Option<Read<'_>> {
    let mut rest = Rest(json);
    let claims = Read {
        iss: rest.text("{\"iss\":\"")?,
        aud: rest.text(",\"aud\":\"")?,
        sub: rest.text(",\"sub\":\"")?,
        id: rest.number(",\"id\":")?,
        email: rest.text(",\"email\":\"")?,
        role: rest.text(",\"role\":\"")?,
        scope: rest.text(",\"scope\":\"")?,
        sid: rest.text(",\"sid\":\"")?.parse().ok()?,
        jti: rest.text(",\"jti\":\"")?.parse().ok()?,
        iat: rest.number(",\"iat\":")?,
        nbf: rest.number(",\"nbf\":")?,
        exp: rest.number(",\"exp\":")?,
        amr: rest.after(",\"amr\":[\"pwd\"]").map(|()| Methods::Password)?,
        auth_time: rest.number(",\"auth_time\":")?,
        generation: if rest.0 == "}" { None } else { Some(rest.number(",\"gen\":")?.try_into().ok()?) },
    };
    (rest.0 == "}").then_some(claims)
}

/// What has not been read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    #[inline]
    fn after(&mut self, words: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(words)?;
        Some(())
    }

    /// A string without escapes, after these words; its closing quote is taken too.
    #[inline]
    fn text(&mut self, words: &str) -> Option<Text<'a>> {
        self.after(words)?;
        let end = self.0.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(Text(Cow::Borrowed(text)))
    }

    /// A number from 1 to 18 digits, without sign or leading zero, after these words.
    #[inline]
    fn number(&mut self, words: &str) -> Option<i64> {
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
