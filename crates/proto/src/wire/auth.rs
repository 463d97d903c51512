//! Registration, login, refresh, status.

use serde::{Deserialize, Serialize};

use crate::account::{AccountStatus, Role};
use crate::ids::{SessionId, UserId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// `POST /api/v1/auth/register`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// RFC 5321 address, at most 254 bytes.
    pub email: String,
    /// 8 to 1,024 bytes of UTF-8.
    pub password: Secret,
    /// At most 200 characters.
    #[serde(default)]
    pub full_name: Option<String>,
}

/// How a client keeps its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// In cookies that the server sets: browsers.
    #[default]
    Cookie,
    /// By itself: apps and services.
    Bearer,
}

/// A login as JSON.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The account's e-mail address.
    pub email: String,
    /// Its password.
    pub password: Secret,
    /// `cookie` when it is not given.
    #[serde(default)]
    pub transport: Transport,
    /// The `device_token` of an earlier login of this device that was told to trust it, from clients that keep their
    /// tokens themselves. Browsers have it in a cookie.
    #[serde(default)]
    pub device_token: Option<Secret>,
}

/// A login as a form: RFC 6749 section 4.3 as OAuth2 password clients send it.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginForm {
    /// The account's e-mail address.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// `cookie` when it is not given.
    #[serde(default)]
    pub transport: Transport,
    /// Tolerated, as OAuth2 clients send it.
    #[serde(default)]
    pub grant_type: Option<String>,
    /// Tolerated.
    #[serde(default)]
    pub scope: Option<String>,
    /// Tolerated.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Tolerated.
    #[serde(default)]
    pub client_secret: Option<Secret>,
}

/// A login as the sign-in page's form sends it, which needs no script: `email` and `password`, then for a second factor
/// `challenge_token`, `method` and `code`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInForm {
    /// The account's e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Its password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Where to go afterwards.
    #[serde(default)]
    pub return_to: Option<String>,
    /// From the page that asked for the second factor.
    #[serde(default)]
    pub challenge_token: Option<Secret>,
    /// What that page offered, for it to be shown again.
    #[serde(default)]
    pub methods: Option<String>,
    /// `totp`, `backup_code` or `email_code`.
    #[serde(default)]
    pub method: Option<String>,
    /// The code.
    #[serde(default)]
    pub code: Option<Secret>,
    /// Whether this device need not show the second factor for a while.
    #[serde(default)]
    pub trust_device: Option<bool>,
}

/// A user as everybody sees them who may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct User {
    /// 64-bit integer.
    pub id: UserId,
    /// As it was typed.
    pub email: String,
    /// May be null.
    pub full_name: Option<String>,
    /// `user`, `admin`, or a role an operator defined.
    pub role: Role,
    /// `pending`, `active`, `suspended` or `deactivated`.
    pub status: AccountStatus,
    /// Whether the address was confirmed.
    pub email_verified: bool,
    /// Whether a second factor is on.
    pub tfa_enabled: bool,
    /// RFC 3339, UTC.
    pub created_at: Timestamp,
    /// RFC 3339, UTC.
    pub updated_at: Timestamp,
}

/// 201 of a registration.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Registered {
    /// The new user.
    pub user: User,
}

/// 202 of a registration where addresses are verified, the same whether the address was known or not.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct RegistrationPending {
    /// Always `verification_sent`.
    pub status: &'static str,
}

/// 200 of a login or a refresh.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct LoginAnswer {
    /// Always `authenticated`.
    pub status: &'static str,
    /// A JWS (RFC 9068 profile).
    pub access_token: Secret,
    /// Always `bearer`.
    pub token_type: &'static str,
    /// The access token's life in seconds.
    pub expires_in: u64,
    /// The session this belongs to.
    pub session_id: SessionId,
    /// Who it is.
    pub user: User,
    /// With `transport=cookie`: what to send as `X-CSRF-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<String>,
    /// With `transport=bearer`: single use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// With `transport=bearer`: the refresh token's life in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_expires_in: Option<u64>,
    /// With `transport=bearer` and `trust_device`: what to send as `device_token` with the next logins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_token: Option<Secret>,
    /// After a second factor was set up in the course of the login: backup codes, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_codes: Option<Vec<Secret>>,
}

/// `POST /api/v1/auth/refresh` of a client that keeps its tokens itself.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The refresh token of the last answer. Without it the cookie counts, as with an empty body.
    #[serde(default)]
    pub refresh_token: Option<Secret>,
}

/// `GET /api/v1/auth/status`.
// What it says of the user need not be its own, so that it is written from where it stands.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "StatusAnswer")]
pub struct StatusAnswer<U = User, L = Vec<String>> {
    /// Whether this request came with a good token.
    pub authenticated: bool,
    /// Who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<U>,
    /// Their session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// When the access token ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How they logged in: RFC 8176 words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_methods: Option<L>,
    /// What their role may do now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<L>,
}

/// `GET /api/v1/auth/csrf-token`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct CsrfAnswer {
    /// What to send as `X-CSRF-Token`.
    pub csrf_token: String,
    /// Its life in seconds.
    pub expires_in: u64,
}

/// `POST /api/v1/password/change`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password as it is.
    pub current_password: Secret,
    /// The password as it shall be.
    pub new_password: Secret,
}
