//! What a setting's text can be read as.

use std::net::SocketAddr;
use std::path::PathBuf;

use durward_proto::Secret;
use ipnet::IpNet;
use serde_json::Value as Json;

use crate::config::candidate::Raw;

/// A type that settings can have.
pub(crate) trait Value: Sized + Clone + PartialEq {
    /// Whether the value is a secret as a whole.
    const HIDDEN: bool = false;

    /// What a value looks like, in words, for errors and for the reference.
    fn expected() -> String;

    /// Reads a value.
    ///
    /// # Errors
    /// Says what is wrong, in words that never repeat the text itself.
    fn parse(raw: &Raw) -> Result<Self, String>;

    /// What holds when there is no value; `None` when one is needed.
    fn absent() -> Option<Self> {
        None
    }

    /// What an empty text stands for; `None` when that is an error.
    fn empty() -> Option<Self> {
        None
    }

    /// The value for people, secrets masked.
    fn shown(&self) -> Json;

    /// How a text that could not be read is shown.
    fn mask(text: &str) -> String {
        format!("{text:?}")
    }

    /// This value with some of its parts replaced. Only types with aliases for parts have any.
    ///
    /// # Errors
    /// When a part cannot be read: its place in `parts` and what would have been right.
    fn with_parts(self, _parts: &[(&'static str, &str)]) -> Result<Self, (usize, String)> {
        Ok(self)
    }

    /// Whether `whole` says nothing else than this value does, where this value says anything.
    fn agrees_with(&self, whole: &Self) -> bool {
        self == whole
    }
}

impl<T: Value> Value for Option<T> {
    const HIDDEN: bool = T::HIDDEN;

    fn expected() -> String {
        format!("{}, or `off`", T::expected())
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        match raw.text().map(str::trim) {
            Ok("off" | "none" | "0") => Ok(None),
            _ => T::parse(raw).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn empty() -> Option<Self> {
        Self::absent()
    }

    fn shown(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::shown)
    }

    fn mask(text: &str) -> String {
        T::mask(text)
    }
}

/// A secret is any text, so no word can mean that there is none: an empty one is refused.
impl Value for Option<Secret> {
    const HIDDEN: bool = true;

    fn expected() -> String {
        "a secret text".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        raw.text().map(|text| Some(Secret::new(text)))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn shown(&self) -> Json {
        self.as_ref().map_or(Json::Null, |_| Json::from("[hidden]"))
    }

    fn mask(_: &str) -> String {
        "[hidden]".to_owned()
    }
}

impl Value for bool {
    fn expected() -> String {
        "true or false (or 1, 0, yes, no)".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        match raw.text()?.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Ok(true),
            "false" | "0" | "no" => Ok(false),
            _ => Err("neither true nor false".to_owned()),
        }
    }

    fn shown(&self) -> Json {
        Json::from(*self)
    }
}

/// Counts and sizes; zero of any of them would make no sense.
impl Value for u32 {
    fn expected() -> String {
        "a whole number from 1".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        match raw.text()?.trim().parse() {
            Ok(0) => Err("zero".to_owned()),
            Ok(number) => Ok(number),
            Err(_) => Err(format!("not a whole number from 1 to {}", Self::MAX)),
        }
    }

    fn shown(&self) -> Json {
        Json::from(*self)
    }
}

/// An estimated strength of a password: zxcvbn's score, 0 to 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strength(u8);

impl From<Strength> for u8 {
    fn from(strength: Strength) -> Self {
        strength.0
    }
}

impl Value for Strength {
    fn expected() -> String {
        "a whole number from 0 to 4".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        match raw.text()?.trim().parse() {
            Ok(score @ 0..=4) => Ok(Self(score)),
            _ => Err("not from 0 to 4".to_owned()),
        }
    }

    fn shown(&self) -> Json {
        Json::from(self.0)
    }
}

/// A part of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u8);

impl Value for Percent {
    fn expected() -> String {
        "a whole number from 0 to 100".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        match raw.text()?.trim().parse() {
            Ok(percent @ 0..=100) => Ok(Self(percent)),
            _ => Err("not from 0 to 100".to_owned()),
        }
    }

    fn shown(&self) -> Json {
        Json::from(self.0)
    }
}

impl Value for String {
    fn expected() -> String {
        "a text".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        raw.text().map(str::to_owned)
    }

    fn shown(&self) -> Json {
        Json::from(self.as_str())
    }
}

impl Value for PathBuf {
    fn expected() -> String {
        "a path".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?;
        if text.contains('\0') { Err("a path cannot hold a NUL byte".to_owned()) } else { Ok(Self::from(text)) }
    }

    fn shown(&self) -> Json {
        Json::from(self.display().to_string())
    }
}

impl Value for SocketAddr {
    fn expected() -> String {
        "an address and a port, such as 127.0.0.1:8000 or [::]:8000".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?.trim();
        match text.parse() {
            Ok(address) => Ok(address),
            Err(_) if text.starts_with("localhost:") => Err("a name; write 127.0.0.1 for localhost".to_owned()),
            Err(_) if text.starts_with(':') => Err("an address is missing; 0.0.0.0 stands for all".to_owned()),
            Err(_) => Err("not an address with a port".to_owned()),
        }
    }

    fn shown(&self) -> Json {
        Json::from(self.to_string())
    }

    fn with_parts(mut self, parts: &[(&'static str, &str)]) -> Result<Self, (usize, String)> {
        for (place, (_, text)) in parts.iter().enumerate() {
            let port = text.trim().parse().map_err(|_| (place, "a port, 0 to 65535".to_owned()))?;
            self.set_port(port);
        }
        Ok(self)
    }
}

impl Value for IpNet {
    fn expected() -> String {
        "an IP address or a network such as 10.0.0.0/8".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?.trim();
        let address = text.parse::<std::net::IpAddr>().map(Self::from);
        address.or_else(|_| text.parse().map_err(|_| "neither an address nor a network".to_owned()))
    }

    fn shown(&self) -> Json {
        let alone = self.prefix_len() == self.max_prefix_len();
        Json::from(if alone { self.addr().to_string() } else { self.to_string() })
    }
}
