//! A country in a list.

use std::fmt;

use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::value::Value;

/// ISO 3166-1 alpha-2, in capitals: `DE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country(String);

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for Country {
    fn expected() -> String {
        "a country's code of two letters (ISO 3166-1) such as DE".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?.trim();
        if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err("not two letters".to_owned());
        }
        let code = text.to_ascii_uppercase();
        // The code that people write for the United Kingdom is another one than that of the standard.
        if code == "UK" {
            return Err("the United Kingdom's code is GB".to_owned());
        }
        Ok(Self(code))
    }

    fn shown(&self) -> Json {
        Json::from(self.0.as_str())
    }
}
