//! `application/x-www-form-urlencoded`, read strictly: in bodies and in the query.

use durward_proto::problem::FieldError;
use percent_encoding::percent_decode;

/// The named values of a form or a query, each to be taken once.
#[derive(Debug)]
pub(crate) struct Fields(Vec<(String, String)>);

/// Why it could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadForm {
    /// A bad percent-encoding, or text that is not UTF-8.
    Unreadable,
    /// Read, but with values that are not allowed.
    Invalid(Vec<FieldError>),
}

impl From<FieldError> for BadForm {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl Fields {
    /// Takes the text apart.
    ///
    /// # Errors
    /// `Unreadable`; `Invalid` for a name that is given twice.
    pub(crate) fn read(text: &[u8]) -> Result<Self, BadForm> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in text.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|b| *b == b'=') {
                Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
                None => (pair, &b""[..]),
            };
            let (name, value) = (decode(name)?, decode(value)?);
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(FieldError::new(pointer(&name), "given twice").into());
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// The value of this name.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// The value of this name, which must be there.
    ///
    /// # Errors
    /// `Invalid` when it is not.
    pub(crate) fn required(&mut self, name: &str) -> Result<String, BadForm> {
        self.take(name).ok_or_else(|| FieldError::new(pointer(name), "this is required").into())
    }

    /// The parsed value of this name; `what` says what would be right.
    ///
    /// # Errors
    /// `Invalid` when it is there and does not parse.
    pub(crate) fn parsed<T: std::str::FromStr>(&mut self, name: &str, what: &str) -> Result<Option<T>, BadForm> {
        let Some(text) = self.take(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| FieldError::new(pointer(name), what).into())
    }

    /// Whatever was not taken is not known.
    ///
    /// # Errors
    /// `Invalid` with one entry for each.
    pub(crate) fn done(self) -> Result<(), BadForm> {
        let unknown = |(name, _): &(String, String)| FieldError::new(pointer(name), "this is not known here");
        let errors: Vec<FieldError> = self.0.iter().map(unknown).collect();
        if errors.is_empty() { Ok(()) } else { Err(BadForm::Invalid(errors)) }
    }
}

/// A JSON Pointer (RFC 6901) to a member.
pub(crate) fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn decode(text: &[u8]) -> Result<String, BadForm> {
    let spaced: Vec<u8> = text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    if !escapes_hold(&spaced) {
        return Err(BadForm::Unreadable);
    }
    String::from_utf8(percent_decode(&spaced).collect()).map_err(|_| BadForm::Unreadable)
}

/// Whether every `%` has two hexadecimal digits after it.
fn escapes_hold(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = rest.get(at + 3..).unwrap_or_default(),
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded_as_browsers_encode_them() {
        let mut fields = Fields::read(b"username=a%40b.example&password=p%2Bw+d%26%C3%A9&empty=&bare").unwrap();
        assert_eq!(fields.take("username").as_deref(), Some("a@b.example"));
        assert_eq!(fields.take("password").as_deref(), Some("p+w d&\u{e9}"));
        assert_eq!(fields.take("empty").as_deref(), Some(""));
        assert_eq!(fields.take("bare").as_deref(), Some(""));
        assert_eq!(fields.take("bare"), None);
        assert_eq!(fields.done(), Ok(()));
    }

    #[test]
    fn what_cannot_be_read_and_what_is_not_allowed() {
        for text in [&b"a=%"[..], b"a=%4", b"a=%4g", b"%zz=a", b"a=%ff", b"a=\xff", b"\xc3=1"] {
            assert_eq!(Fields::read(text).err(), Some(BadForm::Unreadable), "{text:?}");
        }
        let error = |name: &str, detail: &str| BadForm::Invalid(vec![FieldError::new(name, detail)]);
        assert_eq!(Fields::read(b"a=1&b=2&a=1").err(), Some(error("/a", "given twice")));
        assert_eq!(Fields::read(b"a=1&%61=2").err(), Some(error("/a", "given twice")));
        let fields = Fields::read(b"role/x=admin").unwrap();
        assert_eq!(fields.done(), Err(error("/role~1x", "this is not known here")));
        let mut fields = Fields::read(b"limit=ten").unwrap();
        assert_eq!(fields.parsed::<u32>("limit", "a number"), Err(error("/limit", "a number")));
        assert_eq!(fields.required("username"), Err(error("/username", "this is required")));
    }
}
