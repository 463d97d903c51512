//! Scopes: what roles are made of. A token carries those of its user's role, and every operator's endpoint asks for one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

macro_rules! scopes {
    ($($(#[doc = $doc:literal])+ $NAME:ident = $word:literal;)+) => {
        $($(#[doc = $doc])+ pub const $NAME: &str = $word;)+

        /// Every scope that an operator can give to a role, with what it allows.
        pub const GRANTABLE: &[(&str, &str)] = &[$(($NAME, concat!($($doc, " ",)+))),+];
    };
}

/// What everybody may: their own things. Every role has it.
pub const USER: &str = "user";
/// Everything. Only the role `admin` has it.
pub const ADMIN: &str = "admin";
/// What the scopes that mean something to other services alone begin with.
const OWN: &str = "app:";

scopes! {
    /// To see accounts.
    USERS_READ = "users:read";
    /// To change the role and the status of accounts, to reset second factors, to have reset links mailed.
    USERS_WRITE = "users:write";
    /// To see everybody's sessions and devices.
    SESSIONS_READ = "sessions:read";
    /// To end anybody's sessions.
    SESSIONS_WRITE = "sessions:write";
    /// To read the trails of logins and of what was done.
    AUDIT_READ = "audit:read";
    /// To see alerts.
    ALERTS_READ = "alerts:read";
    /// To see the overview and its charts.
    OVERVIEW_READ = "overview:read";
    /// To see the circuit breakers.
    BREAKERS_READ = "breakers:read";
    /// To see the configuration, without its secrets.
    CONFIG_READ = "config:read";
    /// To see the signing keys, without their private parts.
    KEYS_READ = "keys:read";
    /// To run all checks.
    DIAGNOSTICS_READ = "diagnostics:read";
}

/// A scope that a role can be given: one of [`GRANTABLE`], or one of the operator's own that begins with `app:`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Arc<str>);

impl Scope {
    /// As it stands in tokens.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is no scope that can be given.
#[derive(Debug, thiserror::Error)]
#[error("not a scope that a role can be given")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // What may stand in a scope: RFC 6749 section 3.3.
        let is_token = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        let own = text.strip_prefix(OWN).is_some_and(|rest| (1..=60).contains(&rest.len()) && is_token(rest));
        let known = own || GRANTABLE.iter().any(|(word, _)| *word == text);
        if known { Ok(Self(text.into())) } else { Err(UnknownScope) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_can_be_given() {
        for good in ["users:read", "alerts:read", "app:billing", "app:a.b/c"] {
            assert_eq!(good.parse::<Scope>().unwrap().as_str(), good);
        }
        for bad in
            ["", "admin", "user", "users:raed", "USERS:READ", "users:read ", "app:", "app:a b", "app:\"", "app:é"]
        {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}
