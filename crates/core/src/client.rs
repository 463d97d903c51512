//! Who asks, as the network shows it.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::Secret;
use durward_store::Audit;

use crate::issue::sha256;

/// The other end of a request. Nothing in it is proof of anything.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its address, behind the proxies that are trusted.
    pub ip: IpAddr,
    /// What it calls itself, cut to a sane length.
    pub user_agent: Option<String>,
    /// What languages its user prefers (`Accept-Language`), cut to a sane length.
    pub language: Option<String>,
    /// The id of the request, for the trails.
    pub request_id: String,
    /// What came in the `device_id` cookie.
    pub device: Option<Secret>,
    /// What its headers look like ([`fingerprint`](crate::devices::fingerprint::fingerprint)).
    pub fingerprint: [u8; 32],
}

impl Client {
    /// The audit event `event`, seen from this client.
    pub(crate) fn audit(&self, event: &'static str) -> Audit {
        Audit::new(event).client(Some(self.ip.to_string()), Some(self.request_id.clone()))
    }

    /// The `device_id` cookie, when it can be one of ours: 32 bytes in base64url.
    pub(crate) fn device_cookie(&self) -> Option<&Secret> {
        let sane = |device: &&Secret| URL_SAFE_NO_PAD.decode(device.expose()).is_ok_and(|bytes| bytes.len() == 32);
        self.device.as_ref().filter(sane)
    }

    /// Whether it came with a device's cookie, which nobody else knows. Whoever knows a client's headers can look like one
    /// that keeps no cookies.
    pub(crate) fn keeps_cookie(&self) -> bool {
        self.device_cookie().is_some()
    }

    /// What its device is known by: the hash of its cookie, or where it sends none, of what its headers look like.
    pub(crate) fn identity(&self) -> [u8; 32] {
        match self.device_cookie() {
            Some(cookie) => sha256(cookie.expose().as_bytes()),
            None => identity_of_headers(&self.fingerprint),
        }
    }
}

/// What a device without a cookie is known by.
pub(crate) fn identity_of_headers(fingerprint: &[u8; 32]) -> [u8; 32] {
    sha256(&[b"durward device without a cookie v1".as_slice(), fingerprint].concat())
}
