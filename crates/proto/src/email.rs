//! E-mail addresses: RFC 5321 syntax, at most 254 bytes, compared without regard to case.

use std::fmt;
use std::str::FromStr;

/// A well-formed address, kept as it was typed but for the white space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that two spellings of one address share: lower case. It decides who is who.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEmail {
    /// RFC 5321 section 4.5.3.1.3: a path is at most 256 octets, two of them the angle brackets.
    #[error("an e-mail address is at most 254 bytes long")]
    TooLong,
    /// Not `local@domain` by RFC 5321 section 4.1.2.
    #[error("this is not an e-mail address; write it like name@example.com")]
    Syntax,
}

impl FromStr for Email {
    type Err = BadEmail;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.len() > 254 {
            return Err(BadEmail::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(BadEmail::Syntax)?;
        if is_local_part(local) && is_domain(domain) { Ok(Self(text.to_owned())) } else { Err(BadEmail::Syntax) }
    }
}

/// RFC 5321 `Dot-string` with RFC 6531's letters beyond ASCII. The quoted form is refused: nobody has such
/// an address, and many programs downstream misread it.
fn is_local_part(local: &str) -> bool {
    local.len() <= 64 && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// RFC 5322 `atext`, plus printable characters beyond ASCII (RFC 6531 section 3.3).
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && c.is_alphanumeric())
}

/// Labels of letters, digits and inner hyphens (RFC 1123 section 2.1). A name of one label (`localhost`) is
/// well-formed; so is an address literal not: mail to it cannot be confirmed from outside.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric()))
    };
    domain.len() <= 253 && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_addresses() {
        for text in
            ["a@example.com", " Ann.Lee+tag@Example.COM ", "x@localhost", "o'neil@mail.example", "ünï@exämple.de"]
        {
            assert!(text.parse::<Email>().is_ok(), "{text}");
        }
        let spelled: Email = " Ann@Example.COM ".parse().unwrap();
        assert_eq!((spelled.as_str(), spelled.key().as_str()), ("Ann@Example.COM", "ann@example.com"));
    }

    #[test]
    fn what_is_no_address() {
        for text in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@@b",
            "a b@c",
            "a..b@c",
            ".a@c",
            "a.@c",
            "a@-b",
            "a@b-",
            "a@b..c",
            "a@b\n",
            "<a@b>",
            "a@[::1]",
            "\"a b\"@c",
            "a@b\0c",
        ] {
            let outcome = text.parse::<Email>();
            assert!(outcome == Err(BadEmail::Syntax) || text.trim() != text, "{text:?} gave {outcome:?}");
        }
        assert_eq!(format!("{}@example.com", "a".repeat(65)).parse::<Email>(), Err(BadEmail::Syntax));
        assert_eq!(format!("a@{}.com", "b.".repeat(130)).parse::<Email>(), Err(BadEmail::TooLong));
    }
}
