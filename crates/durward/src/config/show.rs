//! `durward config show`: what holds and from where.

use serde_json::{Value as Json, json};

use crate::config::load::Loaded;

/// One line a setting: `key = value  # where from`, in the order of the file.
pub fn shown_as_text(loaded: &Loaded) -> String {
    let lines: Vec<_> = loaded
        .held()
        .iter()
        .map(|held| {
            let value = if held.shown.is_null() { "none".to_owned() } else { held.shown.to_string() };
            (format!("{} = {value}", held.key), held.source.to_string())
        })
        .collect();
    let width = lines.iter().map(|(setting, _)| setting.chars().count()).max().unwrap_or_default().min(60);
    lines.into_iter().map(|(setting, source)| format!("{setting:width$}  # {source}\n")).collect()
}

/// `{"key": {"value", "source"}}`.
pub fn shown_as_json(loaded: &Loaded) -> Json {
    let entry = |held: &crate::config::reader::Held| {
        (held.key.to_string(), json!({ "value": held.shown, "source": held.source.to_string() }))
    };
    Json::Object(loaded.held().iter().map(entry).collect())
}
