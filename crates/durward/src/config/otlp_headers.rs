//! Headers that go with what is exported.

use std::fmt;

use durward_proto::Secret;
use http::{HeaderName, HeaderValue};
use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::percent;
use crate::config::value::Value;

/// Headers as the OpenTelemetry specification writes them: `name=value,name=value`, values percent-encoded. They hold keys,
/// so that no value is ever shown.
#[derive(Clone, PartialEq)]
pub struct OtlpHeaders(Vec<(String, Secret)>);

impl OtlpHeaders {
    /// Name and value of each.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl fmt::Debug for OtlpHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtlpHeaders([hidden])")
    }
}

impl Value for OtlpHeaders {
    const HIDDEN: bool = true;

    fn expected() -> String {
        "headers such as authorization=Bearer%20…,x-team=blue".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let pairs = raw.text()?.split(',').map(str::trim).filter(|pair| !pair.is_empty()).enumerate();
        let read = |(place, pair)| header(pair).map_err(|why| format!("header {}: {why}", place + 1));
        pairs.map(read).collect::<Result<_, _>>().map(Self)
    }

    fn shown(&self) -> Json {
        Json::from("[hidden]")
    }

    fn mask(_: &str) -> String {
        "[hidden]".to_owned()
    }
}

fn header(pair: &str) -> Result<(String, Secret), &'static str> {
    let (name, value) = pair.split_once('=').ok_or("it has no `=`")?;
    let name = HeaderName::try_from(name.trim()).map_err(|_| "its name is none")?;
    let value = percent::decode(value.trim()).map_err(|_| "its value is not percent-encoded UTF-8")?;
    // The error says nothing of the value.
    HeaderValue::try_from(&*value).map_err(|_| "no header can hold its value")?;
    Ok((name.as_str().to_owned(), Secret::new(&*value)))
}
