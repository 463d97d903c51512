//! Everything that is held about somebody, and its end.

use serde::Deserialize;

use crate::secret::Secret;

/// `DELETE /api/v1/account`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountErasure {
    /// The account's password.
    pub password: Secret,
}
