//! Who asks, as the network shows it.

use std::net::IpAddr;

use durward_proto::Secret;
use durward_store::Audit;

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
}

impl Client {
    /// The audit event `event`, seen from this client.
    pub(crate) fn audit(&self, event: &'static str) -> Audit {
        Audit::new(event).client(Some(self.ip.to_string()), Some(self.request_id.clone()))
    }
}
