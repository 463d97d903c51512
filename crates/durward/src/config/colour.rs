//! A colour as style sheets write it.

use std::fmt;

use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::value::Value;

/// `#rrggbb`, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colour(String);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for Colour {
    fn expected() -> String {
        "a colour such as #2f5bd7".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?.trim().to_ascii_lowercase();
        let digits = text.strip_prefix('#').unwrap_or_default();
        if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text))
        } else {
            Err("not # and six hexadecimal digits".to_owned())
        }
    }

    fn shown(&self) -> Json {
        Json::from(self.0.as_str())
    }
}
