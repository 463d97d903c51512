//! How good a password would be.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// `POST /api/v1/password/strength`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StrengthQuestion {
    /// The password, as far as it is typed.
    pub password: Secret,
    /// The account's address, or what is typed of it: at most 254 bytes. It makes the same password easier to guess.
    #[serde(default)]
    pub email: Option<String>,
    /// The name that goes with it, at most 200 characters.
    #[serde(default)]
    pub full_name: Option<String>,
}

/// What a registration would make of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct StrengthAnswer {
    /// How hard it is to guess, on zxcvbn's scale of 0 to 4.
    pub score: u8,
    /// Whether it would be accepted.
    pub acceptable: bool,
    /// Why not; not there where it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<PasswordFlaw>,
    /// The lowest score that is accepted here.
    pub minimum_score: u8,
}

/// Why a password is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordFlaw {
    /// It has fewer than 8 bytes.
    TooShort,
    /// It has more than 1,024 bytes.
    TooLong,
    /// It is one of those that many people have.
    Common,
    /// It is easy to guess.
    Weak,
}
