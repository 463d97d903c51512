//! The domain that passkeys belong to (WebAuthn level 3, section 4, "RP ID").

use std::net::IpAddr;

use crate::config::Config;

impl Config {
    /// The RP ID: `passkeys.rp_id`, or else the public URL's host. None where that is an address: there are no passkeys
    /// for those.
    pub fn rp_id(&self) -> Option<String> {
        let host = self.server.public_url.host();
        if host.parse::<IpAddr>().is_ok() {
            return None;
        }
        Some(self.passkeys.rp_id.clone().unwrap_or(host))
    }

    /// Whether browsers let pages of the public URL use this RP ID, as far as that can be told without the list of public
    /// suffixes: it is the host, or a domain above it with at least two labels.
    pub(super) fn is_usable_rp_id(&self, rp_id: &str) -> bool {
        let host = self.server.public_url.host();
        let is_above = rp_id.contains('.') && host.ends_with(&format!(".{rp_id}")) && !rp_id.starts_with('.');
        host.parse::<IpAddr>().is_err() && (host == rp_id || is_above)
    }
}
