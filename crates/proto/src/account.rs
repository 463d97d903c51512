//! An account's state and role.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Registered, and waiting for an approval or for the e-mail to be verified.
    Pending,
    /// In use.
    Active,
    /// Stopped by an operator.
    Suspended,
    /// Closed.
    Deactivated,
}

impl AccountStatus {
    /// As it stands on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deactivated => "deactivated",
        }
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that is none of the four states.
#[derive(Debug, thiserror::Error)]
#[error("not an account status (pending, active, suspended or deactivated)")]
pub struct UnknownStatus;

impl FromStr for AccountStatus {
    type Err = UnknownStatus;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Pending, Self::Active, Self::Suspended, Self::Deactivated]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(UnknownStatus)
    }
}

/// A role's name: `user`, `admin`, or one that an operator defined. 1 to 64 of `a-z 0-9 _ -`, a letter first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Role(std::sync::Arc<str>);

impl Role {
    /// The role everybody starts with.
    pub fn user() -> Self {
        Self("user".into())
    }

    /// The role that operates the server.
    pub fn admin() -> Self {
        Self("admin".into())
    }

    /// Whether this is `admin`.
    pub fn is_admin(&self) -> bool {
        &*self.0 == "admin"
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that cannot be a role's name.
#[derive(Debug, thiserror::Error)]
#[error("a role's name is 1 to 64 of a-z, 0-9, _ and -, and starts with a letter")]
pub struct BadRole;

impl FromStr for Role {
    type Err = BadRole;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if good { Ok(Self(text.into())) } else { Err(BadRole) }
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
