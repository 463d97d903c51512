//! A user's profile and settings.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::wire::auth::User;

/// What a user tells about themself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Profile {
    /// Text; null until it is set.
    pub mission_statement: Option<String>,
    /// A JSON object.
    pub work_style_preferences: Map<String, Value>,
    /// A JSON object.
    pub productivity_patterns: Map<String, Value>,
    /// A JSON object.
    pub personal_goals: Map<String, Value>,
    /// Text; null until it is set.
    pub reflective_coach_summary: Option<String>,
}

/// `GET /api/v1/profile`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct ProfileAnswer {
    /// The account.
    pub user: User,
    /// The profile.
    pub profile: Profile,
}

/// `PUT /api/v1/profile`: changes what it names. Null clears a text and empties an object.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileChange {
    /// At most 200 characters.
    #[serde(deserialize_with = "named")]
    pub full_name: Option<Option<String>>,
    /// Text.
    #[serde(deserialize_with = "named")]
    pub mission_statement: Option<Option<String>>,
    /// A JSON object.
    #[serde(deserialize_with = "named")]
    pub work_style_preferences: Option<Option<Map<String, Value>>>,
    /// A JSON object.
    #[serde(deserialize_with = "named")]
    pub productivity_patterns: Option<Option<Map<String, Value>>>,
    /// A JSON object.
    #[serde(deserialize_with = "named")]
    pub personal_goals: Option<Option<Map<String, Value>>>,
    /// Text.
    #[serde(deserialize_with = "named")]
    pub reflective_coach_summary: Option<Option<String>>,
}

/// Tells a member that is null (`Some(None)`) from one that is not there (`None`, by the default).
fn named<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
