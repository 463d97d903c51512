//! The devices that a user logs in with.

use serde::{Deserialize, Serialize};

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
