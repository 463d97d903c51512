//! Second factors: challenges, TOTP, backup codes, and showing again who one is.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{CeremonyId, TrustId};
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::wire::passkey::PasskeyRequest;

/// A second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A code that changes every 30 seconds (RFC 6238).
    Totp,
    /// One of the ten codes that are kept for the day the other factors are lost.
    BackupCode,
    /// WebAuthn.
    Passkey,
    /// A code that was mailed for this one login, to who has none of the others.
    EmailCode,
}

impl Method {
    /// All that a user can set up, in the order in which they are offered unless the user prefers another one.
    pub const ALL: [Self; 3] = [Self::Passkey, Self::Totp, Self::BackupCode];

    /// As it stands on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::BackupCode => "backup_code",
            Self::Passkey => "passkey",
            Self::EmailCode => "email_code",
        }
    }
}

/// 200 of a login whose password was right and is not enough. No session is open yet, and no cookie is set.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct SecondFactorAnswer {
    /// `second_factor_required`, or `second_factor_setup_required` where the account needs one and has none.
    pub status: &'static str,
    /// What to send to `/api/v1/auth/2fa/verify`. Holds for this client alone.
    pub challenge_token: Secret,
    /// What can be shown, what the user prefers first.
    pub methods: Vec<Method>,
    /// The challenge's life in seconds.
    pub expires_in: u64,
    /// Where `methods` has `passkey`: what to ask the authenticator for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyRequest>,
    /// With `second_factor_setup_required`: the secret to put into an authenticator app. Its first code, sent as method
    /// `totp`, turns it on and logs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setup: Option<TotpSetup>,
}

/// `POST /api/v1/auth/2fa/verify`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactor {
    /// From the login's answer.
    pub challenge_token: Secret,
    /// Which factor is shown.
    pub method: Method,
    /// With `totp`, `backup_code` and `email_code`.
    #[serde(default)]
    pub code: Option<Secret>,
    /// With `passkey`: from the login's answer.
    #[serde(default)]
    pub ceremony_id: Option<CeremonyId>,
    /// With `passkey`: `credential.toJSON()` of WebAuthn level 3.
    #[serde(default)]
    pub credential: Option<Value>,
    /// Whether this device need not show the second factor for the next 30 days.
    #[serde(default)]
    pub trust_device: bool,
}

/// `GET /api/v1/2fa`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct FactorStatus {
    /// Whether a login needs a second factor.
    pub enabled: bool,
    /// Whether the operator demands one of this account.
    pub required: bool,
    /// What can be shown at a login, what the user prefers first.
    pub methods: Vec<Method>,
    /// TOTP.
    pub totp: TotpStatus,
    /// Backup codes.
    pub backup_codes: BackupStatus,
    /// How many passkeys there are: `GET /api/v1/passkeys` lists them.
    pub passkeys: u32,
    /// Where the second factor is not asked for at the moment.
    pub trusted_devices: Vec<TrustedDevice>,
}

/// Whether TOTP is on.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct TotpStatus {
    /// Whether it is.
    pub enabled: bool,
    /// Since when.
    pub enabled_at: Option<Timestamp>,
}

/// What is left of the backup codes.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct BackupStatus {
    /// How many have not been used.
    pub remaining: u32,
    /// When they were made.
    pub created_at: Option<Timestamp>,
}

/// A device that is trusted not to need the second factor.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct TrustedDevice {
    /// Its id, to end the trust with.
    pub id: TrustId,
    /// The browser or app, as its `User-Agent` said.
    pub device: Option<String>,
    /// The address it had.
    pub ip: Option<String>,
    /// Since when it is trusted.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// `PUT /api/v1/2fa`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorPreference {
    /// Which factors shall be offered first. Those that are left out come after them.
    pub methods: Vec<Method>,
}

/// A TOTP secret that waits for its first code.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct TotpSetup {
    /// The secret in base32, to type in.
    pub secret: Secret,
    /// The same as a key URI, to open on a phone.
    pub otpauth_uri: Secret,
    /// The same as a picture, to scan: an SVG document.
    pub qr_svg: Secret,
}

/// `POST /api/v1/2fa/totp/enable`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpEnable {
    /// What the authenticator app shows.
    pub code: Secret,
}

/// `POST /api/v1/2fa/totp/disable`: one of the two.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpDisable {
    /// What the authenticator app shows.
    #[serde(default)]
    pub code: Option<Secret>,
    /// The account's password.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// Ten new backup codes. They are never shown again.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct BackupCodes {
    /// Each good for one login. The older ones are no longer.
    pub backup_codes: Vec<Secret>,
}

/// `POST /api/v1/auth/reauthenticate`: a password, or a second factor.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reauthenticate {
    /// The account's password, alone.
    #[serde(default)]
    pub password: Option<Secret>,
    /// `totp` or `passkey`.
    #[serde(default)]
    pub method: Option<Method>,
    /// With `totp`.
    #[serde(default)]
    pub code: Option<Secret>,
    /// With `passkey`: from `/api/v1/auth/reauthenticate/passkey`.
    #[serde(default)]
    pub ceremony_id: Option<CeremonyId>,
    /// With `passkey`: `credential.toJSON()` of WebAuthn level 3.
    #[serde(default)]
    pub credential: Option<Value>,
}
