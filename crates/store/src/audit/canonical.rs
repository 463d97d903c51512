//! One text for one JSON value, and one string of bytes for one list of fields, so that a hash says the same wherever and
//! whenever it is computed.

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Number, Value};

/// The same value in its only form: members by name, and a whole number without a point. That is what both databases
/// give back, whatever order they keep members in.
pub(crate) fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            Value::Object(
                sorted.into_iter().map(|(name, value)| (name.clone(), canonical(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        Value::Number(number) => Value::Number(whole(number)),
        other => other.clone(),
    }
}

/// PostgreSQL keeps `1e3` and `1000.0` as numbers of decimal digits and gives back neither exponent nor sign of zero.
fn whole(number: &Number) -> Number {
    /// Up to here every whole number is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 && float.abs() <= EXACT => {
            Number::from(float as i64)
        }
        _ => number.clone(),
    }
}

/// SHA-256 over fields, each with its length before it, so that no two lists give the same bytes.
pub(crate) struct Fields(Context);

impl Fields {
    /// `domain` says what is hashed, and in which version.
    pub(crate) fn new(domain: &str) -> Self {
        Self(Context::new(&SHA256)).bytes(domain.as_bytes())
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn number(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// What is absent is not the same as what is empty.
    pub(crate) fn optional(mut self, bytes: Option<&[u8]>) -> Self {
        self.0.update(&[u8::from(bytes.is_some())]);
        match bytes {
            Some(bytes) => self.bytes(bytes),
            None => self,
        }
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_value_has_one_text() {
        let text = |text: &str| canonical(&serde_json::from_str(text).unwrap()).to_string();
        assert_eq!(text(r#"{"b":1,"a":{"d":[1e3,2.50],"c":-0.0}}"#), r#"{"a":{"c":0,"d":[1000,2.5]},"b":1}"#);
        assert_eq!(canonical(&json!({"z": 1, "a": 2})).to_string(), text(r#"{ "a": 2.0, "z": 1 }"#));
        assert_eq!(text("18446744073709551615"), "18446744073709551615");
    }

    #[test]
    fn no_two_lists_give_the_same_bytes() {
        let hash = |fields: &[Option<&str>]| {
            let all = fields.iter().fold(Fields::new("x"), |all, field| all.optional(field.map(str::as_bytes)));
            all.finish()
        };
        assert_ne!(hash(&[Some("ab"), Some("c")]), hash(&[Some("a"), Some("bc")]));
        assert_ne!(hash(&[None]), hash(&[Some("")]));
        assert_ne!(hash(&[None, Some("a")]), hash(&[Some("a"), None]));
    }
}
