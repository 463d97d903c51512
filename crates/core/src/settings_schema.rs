//! The types of the users' settings: a JSON Schema (draft 2020-12) whose properties each have a default.

use std::collections::BTreeMap;

use durward_proto::problem::FieldError;
use jsonschema::Validator;
use serde_json::{Map, Value};

/// The schema that holds when none is configured (`settings.schema`).
const DEFAULT: &str = include_str!("settings_schema.json");

/// A schema, ready to check with.
pub struct SettingsSchema {
    schema: Value,
    defaults: Map<String, Value>,
    validators: BTreeMap<String, Validator>,
}

impl std::fmt::Debug for SettingsSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SettingsSchema").field("keys", &self.defaults.len()).finish_non_exhaustive()
    }
}

/// A schema that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadSchema {
    /// Not JSON.
    #[error("the settings schema is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// No object with properties.
    #[error("the settings schema needs \"type\": \"object\" and \"properties\"")]
    NoProperties,
    /// A setting nobody has set yet must have a value too.
    #[error("the setting {0:?} has no \"default\" in the settings schema")]
    NoDefault(String),
    /// The default is not what its own schema asks for.
    #[error("the default of the setting {0:?} does not fit its own schema")]
    BadDefault(String),
    /// Not a schema.
    #[error("the settings schema's property {0:?} is not a JSON Schema: {1}")]
    Property(String, String),
}

impl SettingsSchema {
    /// The built-in schema (contract section 5).
    ///
    /// # Errors
    /// Never for the file that is compiled in; a test holds that.
    pub fn built_in() -> Result<Self, BadSchema> {
        Self::parse(DEFAULT)
    }

    /// A schema from its JSON text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadSchema> {
        let schema: Value = serde_json::from_str(text)?;
        let properties = schema.get("properties").and_then(Value::as_object).ok_or(BadSchema::NoProperties)?;
        let (mut defaults, mut validators) = (Map::new(), BTreeMap::new());
        for (key, property) in properties {
            let default = property.get("default").ok_or_else(|| BadSchema::NoDefault(key.clone()))?;
            let validator = jsonschema::validator_for(property)
                .map_err(|error| BadSchema::Property(key.clone(), error.to_string()))?;
            if !validator.is_valid(default) {
                return Err(BadSchema::BadDefault(key.clone()));
            }
            defaults.insert(key.clone(), default.clone());
            validators.insert(key.clone(), validator);
        }
        Ok(Self { schema, defaults, validators })
    }

    /// The schema itself.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Checks changes, each key by itself.
    ///
    /// # Errors
    /// Every unknown key and every value of a wrong type.
    pub fn check(&self, changes: &Map<String, Value>) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        for (key, value) in changes {
            let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            let Some(validator) = self.validators.get(key) else {
                errors.push(FieldError::new(pointer, "there is no such setting; GET lists all of them"));
                continue;
            };
            for error in validator.iter_errors(value) {
                errors.push(FieldError::new(format!("{pointer}{}", error.instance_path()), error.masked().to_string()));
            }
            if holds_nul(value) {
                errors.push(FieldError::new(pointer, "the character U+0000 cannot be kept"));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Every setting: as it is kept, or its default. What the schema no longer knows or allows is left out.
    pub fn with_defaults(&self, kept: Vec<(String, Value)>) -> Map<String, Value> {
        let mut all = self.defaults.clone();
        for (key, value) in kept {
            if self.validators.get(&key).is_some_and(|validator| validator.is_valid(&value)) {
                all.insert(key, value);
            }
        }
        all
    }
}

/// Whether there is a U+0000 anywhere: PostgreSQL can keep none, so neither database does.
pub(crate) fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changes(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_built_in_schema_has_the_contracts_defaults() {
        let all = SettingsSchema::built_in().unwrap().with_defaults(vec![]);
        assert_eq!(all.len(), 34);
        assert_eq!(all["theme"], "dark");
        assert_eq!(all["notifications_enabled"], true);
        assert_eq!(all["chat_model"], "llama3.2:3b");
        assert_eq!(all["wave_function_specialist_model"], "llama3.2:1b");
        assert_eq!(all["research_specialist_model"], "llama3.1:8b");
        assert_eq!(all["personal_assistant_model"], "mistral:7b");
        assert_eq!(all["data_analyst_model"], "qwen2.5:7b");
        assert_eq!(all["agent_settings"], json!({}));
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_named() {
        let schema = SettingsSchema::built_in().unwrap();
        let good = changes(json!({"theme": "light", "agent_settings": {"a": [1]}, "notifications_enabled": false}));
        assert!(schema.check(&good).is_ok());
        let bad = changes(json!({"theme": 1, "nope": 1, "notifications_enabled": "yes", "agent_settings": []}));
        let pointers: Vec<_> = schema.check(&bad).unwrap_err().into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["/theme", "/nope", "/notifications_enabled", "/agent_settings"]);
        assert!(schema.check(&changes(json!({"agent_settings": {"a": "\0"}}))).is_err());
    }

    #[test]
    fn what_the_schema_no_longer_allows_falls_back_to_the_default() {
        let schema = SettingsSchema::built_in().unwrap();
        let all = schema.with_defaults(vec![("theme".into(), json!(7)), ("gone".into(), json!(1))]);
        assert_eq!((&all["theme"], all.get("gone")), (&json!("dark"), None));
    }

    #[test]
    fn a_schema_that_cannot_be_used_says_why() {
        for (text, why) in [
            ("{", "not JSON"),
            ("{}", "properties"),
            (r#"{"properties":{"a":{"type":"string"}}}"#, "no \"default\""),
            (r#"{"properties":{"a":{"type":"string","default":1}}}"#, "does not fit"),
            (r#"{"properties":{"a":{"type":"strin","default":1}}}"#, "not a JSON Schema"),
        ] {
            let error = SettingsSchema::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
