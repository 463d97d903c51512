//! The devices that a user logs in with.

use serde::{Deserialize, Serialize};

use crate::ids::DeviceId;
use crate::time::Timestamp;

/// What sort of thing a device is, as far as its `User-Agent` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A browser on a desktop or a laptop.
    Desktop,
    /// A browser on a phone.
    Mobile,
    /// A browser on a tablet.
    Tablet,
    /// A program that is no browser: an HTTP library, a command.
    App,
    /// A program that reads the web by itself.
    Bot,
    /// It does not say.
    Unknown,
}

impl DeviceKind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Desktop, Self::Mobile, Self::Tablet, Self::App, Self::Bot, Self::Unknown];

    /// As it stands on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
            Self::App => "app",
            Self::Bot => "bot",
            Self::Unknown => "unknown",
        }
    }
}

/// How far a device is trusted, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustLevel {
    /// It was seen logging in, and nothing more.
    New,
    /// Its user says that it is theirs, or it logged in five times over a week and never failed in between.
    Trusted,
    /// A second factor or a passkey was shown on it.
    Verified,
}

impl TrustLevel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::New, Self::Trusted, Self::Verified];

    /// As it stands on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Trusted => "trusted",
            Self::Verified => "verified",
        }
    }
}

/// What a login on a device has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityLevel {
    /// The whole login each time, with the second factor where the account has one; a token of
    /// `trust_device` stands in for it.
    AlwaysLogin,
    /// The second factor is not asked for, and sessions do not end by idling. Trusted and verified devices only.
    AutoLogin,
    /// The second factor each time, whatever else would stand in for it.
    #[serde(rename = "always_2fa")]
    Always2fa,
}

impl SecurityLevel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AlwaysLogin, Self::AutoLogin, Self::Always2fa];

    /// As it stands on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlwaysLogin => "always_login",
            Self::AutoLogin => "auto_login",
            Self::Always2fa => "always_2fa",
        }
    }
}

/// One device in the list.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// What its user calls it, or what is known of it: `Firefox on Linux`.
    pub name: String,
    /// What sort of thing it is.
    pub kind: DeviceKind,
    /// How far it is trusted.
    pub trust_level: TrustLevel,
    /// What a login on it has to show.
    pub security_level: SecurityLevel,
    /// Whether it is known by its `device_id` cookie. One that is known by its headers alone is never trusted.
    pub keeps_cookie: bool,
    /// The address of its last login.
    pub ip: Option<String>,
    /// Where that is, when a place database is configured.
    pub location: Option<String>,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// How many logins it saw.
    pub logins: i64,
    /// How many live sessions were opened on it.
    pub sessions: i64,
    /// Whether the session of this very request was.
    pub current: bool,
}

/// `PATCH /api/v1/devices/{id}`. What is not named stays as it is.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicePatch {
    /// One line of 1 to 100 characters.
    pub name: Option<String>,
    /// `new` or `trusted`. `verified` comes by a second factor alone.
    pub trust_level: Option<TrustLevel>,
    /// What a login on it has to show.
    pub security_level: Option<SecurityLevel>,
}
