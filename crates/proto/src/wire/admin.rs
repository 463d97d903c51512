//! What operators see of the running program, of accounts, and what they change.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::{AccountStatus, Role};
use crate::ids::{DeviceId, EventId, SessionId, UserId};
use crate::time::Timestamp;
use crate::wire::auth::{Transport, User};
use crate::wire::device::{DeviceKind, SecurityLevel, TrustLevel};
use crate::wire::factor::{BackupStatus, Method, TotpStatus};

/// What a circuit breaker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are refused at once.
    Open,
    /// One call at a time is tried.
    HalfOpen,
}

/// One breaker in `GET /api/v1/admin/breakers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BreakerAnswer {
    /// What it guards.
    pub name: String,
    /// What it is doing.
    pub state: BreakerState,
    /// Failures in a row.
    pub failures: u32,
    /// How often it has changed its state since the start of the program.
    pub transitions: u64,
    /// When it last did, or the start of the program.
    pub since: Timestamp,
    /// In how many seconds the next call may be tried, rounded up; null when calls go through now.
    pub next_probe_in: Option<u64>,
}

/// `PATCH /api/v1/admin/users/{id}`: what it names is changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// A role that there is. Needs an authentication younger than ten minutes.
    #[serde(default)]
    pub role: Option<Role>,
    /// `active` (which also approves of a pending account), `suspended` or `deactivated`.
    #[serde(default)]
    pub status: Option<AccountStatus>,
}

/// `GET /api/v1/admin/users/{id}`: the account, and what its reader may see of what belongs to it.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct UserDetail {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// What the role may do.
    pub scopes: Vec<String>,
    /// What of the profile is filled in; what stands there is the user's own.
    pub profile: ProfileOutline,
    /// The second factors.
    pub factors: FactorOutline,
    /// The newest live sessions, at most 50; null without `sessions:read`.
    pub sessions: Option<Vec<SessionEntry>>,
    /// The devices, the one last used first, at most 50; null without `sessions:read`.
    pub devices: Option<Vec<DeviceEntry>>,
    /// The newest login attempts, at most 20; null without `audit:read`.
    pub attempts: Option<Vec<AttemptEntry>>,
}

/// Which parts of a profile are filled in.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct ProfileOutline {
    /// Their names.
    pub filled: Vec<&'static str>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// What a user has set up beside the password.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct FactorOutline {
    /// Whether one is demanded of the account.
    pub required: bool,
    /// TOTP.
    pub totp: TotpStatus,
    /// Backup codes.
    pub backup_codes: BackupStatus,
    /// How many passkeys there are.
    pub passkeys: u32,
    /// What the user prefers first.
    pub preferred: Vec<Method>,
}

/// One role in `GET /api/v1/admin/roles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct RoleEntry {
    /// Its name.
    pub name: String,
    /// What whoever has it may do.
    pub scopes: Vec<String>,
}

/// One session of anybody.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct SessionEntry {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// That user's address.
    pub email: String,
    /// The registered device that it was opened on.
    pub device_id: Option<DeviceId>,
    /// The device's name; else what its `User-Agent` said.
    pub device: Option<String>,
    /// The address it was opened from.
    pub ip: Option<String>,
    /// Where that is, when a place database is configured.
    pub location: Option<String>,
    /// How its user authenticated: RFC 8176 words.
    pub auth_methods: Vec<String>,
    /// How the client keeps its tokens.
    pub transport: Transport,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// One device of anybody.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct DeviceEntry {
    /// Its id.
    pub id: DeviceId,
    /// What its user calls it, or what is known of it.
    pub name: String,
    /// What sort of thing it is.
    pub kind: DeviceKind,
    /// How far it is trusted.
    pub trust_level: TrustLevel,
    /// What a login on it has to show.
    pub security_level: SecurityLevel,
    /// The address of its last login.
    pub ip: Option<String>,
    /// Where that was.
    pub location: Option<String>,
    /// How many logins it saw.
    pub logins: i64,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
}

/// One try to log in, of anybody.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct AttemptEntry {
    /// Its id.
    pub id: EventId,
    /// When it was.
    pub at: Timestamp,
    /// Whose account it was, where there was one.
    pub user_id: Option<UserId>,
    /// The address that was given, in lower case.
    pub email: String,
    /// `password`, `totp`, …
    pub method: String,
    /// Whether it opened a session.
    pub succeeded: bool,
    /// A stable word: `ok`, or an error's code.
    pub reason: String,
    /// The client's address.
    pub ip: Option<String>,
    /// Its country (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// Its place, for people.
    pub location: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// The registered device.
    pub device_id: Option<DeviceId>,
    /// The session that it opened, or that it was made in.
    pub session_id: Option<SessionId>,
    /// The request's id.
    pub request_id: Option<String>,
    /// How risky it was, where that was judged.
    pub risk: Option<AttemptRisk>,
}

/// What was made of an attempt's risk.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct AttemptRisk {
    /// 0 to 100.
    pub score: i64,
    /// What was decided.
    pub decision: String,
    /// The signals that it is made of, each with its name, strength, weight and reason.
    pub signals: Value,
}

/// Which attempts are asked for: those that all of it holds for.
#[derive(Debug, Default, Clone)]
pub struct AttemptQuery {
    /// Whose account.
    pub user: Option<UserId>,
    /// The address that was given.
    pub email: Option<String>,
    /// The client's address.
    pub ip: Option<String>,
    /// How it was tried.
    pub method: Option<String>,
    /// What came of it.
    pub reason: Option<String>,
    /// Whether it opened a session.
    pub succeeded: Option<bool>,
    /// What was decided from its risk.
    pub decision: Option<String>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// 200 of `POST /api/v1/admin/users/{id}/revoke-sessions`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct SessionsRevoked {
    /// How many sessions ended.
    pub sessions: usize,
}

/// 200 of `POST /api/v1/admin/users/{id}/reset-factors`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct FactorsResetAnswer {
    /// Whether TOTP was on.
    pub totp: bool,
    /// How many passkeys there were.
    pub passkeys: u64,
    /// How many sessions ended.
    pub sessions: usize,
}

/// One setting in `GET /api/v1/admin/config`.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ConfigEntry {
    /// Its key.
    pub key: String,
    /// What holds; `[hidden]` in the place of a secret, null where nothing is set.
    pub value: Value,
    /// Where that comes from.
    pub source: String,
}

/// One key in `GET /api/v1/admin/keys`.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct KeyAnswer {
    /// Its name in tokens.
    pub kid: String,
    /// `HS256`, `EdDSA`, `ES256` or `RS256`.
    pub algorithm: String,
    /// `signing`, `checking`, `retired`, or `unreadable` with the configured master key.
    pub state: &'static str,
    /// `configuration` or `database`.
    pub origin: &'static str,
    /// When it was made; not known of the configuration's.
    pub created_at: Option<Timestamp>,
    /// Since when its tokens are refused.
    pub retired_at: Option<Timestamp>,
    /// The public part (RFC 7517), unless the key is a shared secret.
    pub public_jwk: Option<Value>,
}

/// `GET /api/v1/admin/overview`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Overview {
    /// The program's version.
    pub version: &'static str,
    /// When this node was started.
    pub started_at: Timestamp,
    /// For how many seconds it has been running.
    pub uptime: u64,
    /// How many nodes have counted something within the last three minutes, this one included.
    pub nodes: u64,
    /// How many accounts there are.
    pub users: UserCounts,
    /// How many sessions are alive.
    pub sessions: i64,
    /// How many WebSockets are open on this node.
    pub sockets: usize,
    /// What came of the login attempts of the last 24 hours.
    pub logins: Vec<LoginCount>,
    /// The circuit breakers of this node.
    pub breakers: Vec<BreakerAnswer>,
    /// How many alerts there were in the last 24 hours.
    pub alerts: AlertCounts,
    /// How many mails wait to be sent.
    pub mails_waiting: i64,
}

/// Accounts by their status.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub struct UserCounts {
    /// All of them.
    pub total: i64,
    /// Those that wait to be confirmed or approved.
    pub pending: i64,
    /// Those in use.
    pub active: i64,
    /// Those that an operator stopped.
    pub suspended: i64,
    /// Those that are closed.
    pub deactivated: i64,
}

/// Alerts by their severity.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub struct AlertCounts {
    /// To be known.
    pub info: i64,
    /// To be looked at.
    pub warning: i64,
    /// To be looked at now.
    pub critical: i64,
}

/// How often login attempts of a method ended in a way.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct LoginCount {
    /// `password`, `totp`, …
    pub method: String,
    /// `ok`, or an error's code.
    pub result: String,
    /// How many.
    pub count: i64,
}

/// One place in `GET /api/v1/admin/overview/places`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct LoginPlace {
    /// The country of the clients' addresses (ISO 3166-1 alpha-2); null where it is not known.
    pub country: Option<String>,
    /// The place, for people; null where it is not known.
    pub location: Option<String>,
    /// How many attempts from there opened a session.
    pub succeeded: i64,
    /// How many did not.
    pub failed: i64,
}

/// `GET /api/v1/admin/overview/series`: a chart, one value for each step and label.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Series {
    /// What is counted.
    pub name: &'static str,
    /// What a value is: `count`, `microseconds`, `milliseconds` or `state` (0 closed, 1 half-open, 2 open).
    pub unit: &'static str,
    /// When the first step begins.
    pub since: Timestamp,
    /// When the last one ends.
    pub until: Timestamp,
    /// How long each is, in seconds.
    pub step: u64,
    /// One line each.
    pub lines: Vec<SeriesLine>,
}

/// One line of a chart.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct SeriesLine {
    /// Which one, such as `password/ok` or `p99`; empty where there is only one.
    pub label: String,
    /// A value for each step.
    pub values: Vec<i64>,
}
