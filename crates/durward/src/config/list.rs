//! Lists: an array in the file, commas in the environment.

use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::value::Value;

impl<T: Value> Value for Vec<T> {
    const HIDDEN: bool = T::HIDDEN;

    fn expected() -> String {
        format!("a list (in the environment with commas), each {}", T::expected())
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let items = match raw {
            Raw::List(items) => items.clone(),
            Raw::Text(text) => split(text)?,
        };
        let mut values = Self::new();
        for (place, item) in items.into_iter().enumerate() {
            let value = T::parse(&Raw::Text(item)).map_err(|wrong| format!("item {}: {wrong}", place + 1))?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Ok(values)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn empty() -> Option<Self> {
        Self::absent()
    }

    fn shown(&self) -> Json {
        self.iter().map(T::shown).collect()
    }

    fn mask(text: &str) -> String {
        T::mask(text)
    }
}

/// By commas; or a JSON array of texts, which is how Python's pydantic wants its lists in the environment.
fn split(text: &str) -> Result<Vec<String>, String> {
    if text.trim_start().starts_with('[') && text.contains('"') {
        return serde_json::from_str(text)
            .map_err(|_| "neither a comma-separated list nor a JSON array of texts".to_owned());
    }
    Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
}
