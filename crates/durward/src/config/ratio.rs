//! A share of a whole.

use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::value::Value;

/// A share, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl From<Ratio> for f64 {
    fn from(ratio: Ratio) -> Self {
        ratio.0
    }
}

impl Value for Ratio {
    fn expected() -> String {
        "a number from 0 to 1, such as 0.1".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        match raw.text()?.trim().parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self(share)),
            Ok(_) => Err("not from 0 to 1".to_owned()),
            Err(_) => Err("no number".to_owned()),
        }
    }

    fn shown(&self) -> Json {
        Json::from(self.0)
    }
}
