//! The `Domain` of the cookies (RFC 6265 section 5.2.3).

use std::fmt;
use std::net::IpAddr;

use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::value::Value;

/// A domain that cookies may be set for, in lower case and without the dot that may stand before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieDomain(String);

impl CookieDomain {
    /// The domain, without a dot before it; browsers take both alike.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a browser takes a cookie of this domain from this host (RFC 6265 section 5.1.3).
    pub fn covers(&self, host: &str) -> bool {
        host == self.0 || (host.ends_with(&format!(".{}", self.0)) && host.parse::<IpAddr>().is_err())
    }
}

impl fmt::Display for CookieDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for CookieDomain {
    fn expected() -> String {
        "a domain such as .example.com".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?.trim().to_ascii_lowercase();
        let domain = text.strip_prefix('.').unwrap_or(&text);
        let is_label =
            |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !domain.split('.').all(is_label) {
            return Err("not a domain; no scheme, port or path belongs here".to_owned());
        }
        if domain.parse::<IpAddr>().is_ok() || !domain.contains('.') {
            return Err("an address or a single label, for which browsers take no shared cookies".to_owned());
        }
        Ok(Self(domain.to_owned()))
    }

    fn shown(&self) -> Json {
        Json::from(self.as_str())
    }
}
