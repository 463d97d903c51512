//! Passkeys: WebAuthn level 3 in JSON, as browsers read and write it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{CeremonyId, PasskeyId};
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::wire::auth::Transport;

/// What to ask an authenticator for.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct PasskeyRequest {
    /// To send back with what the authenticator answers. Good for one answer, for five minutes.
    pub ceremony_id: CeremonyId,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    #[serde(rename = "publicKey")]
    pub public_key: Value,
}

/// `POST /api/v1/passkeys/register/finish`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyRegistration {
    /// From `begin`.
    pub ceremony_id: CeremonyId,
    /// `credential.toJSON()`.
    pub credential: Value,
    /// What to call it; 1 to 100 characters.
    #[serde(default)]
    pub name: Option<String>,
}

/// 201 of a registration.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct PasskeyRegistered {
    /// The new passkey.
    #[serde(flatten)]
    pub passkey: Passkey,
    /// When it is the first second factor of the account: backup codes, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_codes: Option<Vec<Secret>>,
}

/// A passkey.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What its user calls it.
    pub name: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Whether it can be copied to other devices of its user.
    pub backup_eligible: bool,
    /// Whether it has been.
    pub backed_up: bool,
    /// When its counter went back, which means that somebody may have copied the authenticator; null when it never did.
    pub clone_suspected_at: Option<Timestamp>,
}

/// `PATCH /api/v1/passkeys/{id}`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyRename {
    /// What to call it; 1 to 100 characters.
    pub name: String,
}

/// `POST /api/v1/auth/passkey/login/begin`. The body may be empty.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyLoginBegin {
    /// Whose passkeys to ask for; without it the authenticator offers those that it has for this site.
    #[serde(default)]
    pub email: Option<String>,
}

/// `POST /api/v1/auth/passkey/login/finish`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyLogin {
    /// From `begin`.
    pub ceremony_id: CeremonyId,
    /// `credential.toJSON()`.
    pub credential: Value,
    /// `cookie` when it is not given.
    #[serde(default)]
    pub transport: Transport,
}

/// `GET /.well-known/webauthn`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct RelatedOrigins {
    /// The origins whose pages may use the passkeys of this site.
    pub origins: Vec<String>,
}
