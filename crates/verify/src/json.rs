//! Reading JSON more strictly than JSON itself asks: no member twice (RFC 7515 section 4 leaves that choice to
//! the reader; two readers that choose differently are how a token means two things).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A text that is borrowed from the input unless it holds escapes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// The members of an object that nobody asked for by name: each may stand there once, and so within them.
#[derive(Debug, Default)]
pub(crate) struct Others<'a> {
    names: HashSet<Cow<'a, str>>,
}

impl<'de> Others<'de> {
    /// Takes the value of the member `name` out of the object and looks through it.
    pub(crate) fn take<A: MapAccess<'de>>(&mut self, name: Text<'de>, object: &mut A) -> Result<(), A::Error> {
        if !self.names.insert(name.0) {
            return Err(A::Error::custom("a member stands there twice"));
        }
        object.next_value::<Unique>().map(drop)
    }
}

/// Any value, when no object within it names a member twice. serde_json's limit of 128 levels holds.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value whose objects name each member once")
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_unit<E: Error>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unique, A::Error> {
        while list.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Unique, A::Error> {
        let mut others = Others::default();
        while let Some(name) = object.next_key::<Text<'de>>()? {
            others.take(name, &mut object)?;
        }
        Ok(Unique)
    }
}

/// Puts the value of a member where it belongs, unless one is there already.
pub(crate) fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    place: &mut Option<T>,
    object: &mut A,
) -> Result<(), A::Error> {
    if place.is_some() {
        return Err(A::Error::custom("a member stands there twice"));
    }
    *place = Some(object.next_value()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(text: &str) -> bool {
        serde_json::from_str::<Unique>(text).is_ok()
    }

    #[test]
    fn a_member_twice_is_refused_at_every_level() {
        assert!(unique(r#"{"a":1,"b":{"a":[{"a":null},{"a":-1.5e3}]},"c":true,"d":"x\n"}"#));
        assert!(!unique(r#"{"a":1,"a":1}"#));
        assert!(!unique(r#"{"a":1,"\u0061":1}"#), "escaped, it is the same name");
        assert!(!unique(r#"{"x":[{"y":{"a":1,"b":2,"a":3}}]}"#));
    }

    #[test]
    fn depth_is_limited() {
        let bomb = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(unique(&bomb(100)));
        assert!(!unique(&bomb(4_000)));
        assert!(!unique(&"{\"a\":".repeat(4_000)));
    }
}
