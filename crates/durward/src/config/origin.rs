//! Origins (RFC 6454): scheme, host and port, and nothing else.

use std::fmt;
use std::net::IpAddr;

use serde_json::Value as Json;
use url::{Host, Url};

use crate::config::candidate::Raw;
use crate::config::value::Value;

/// An origin as a browser sends it: lower case, no default port, no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// The text to compare an `Origin` header with.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers take its pages for insecure (W3C Secure Contexts, section 3.1): plain http from elsewhere.
    pub fn is_insecure(&self) -> bool {
        let host = Url::parse(&self.0).ok().filter(|url| url.scheme() == "http").and_then(|url| match url.host()? {
            Host::Ipv6(address) => Some(address.to_string()),
            host => Some(host.to_string()),
        });
        host.is_some_and(|host| !is_this_machine(&host))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for Origin {
    fn expected() -> String {
        "an origin such as https://app.example.com, without a path or a slash at the end".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?.trim();
        if text.contains('*') {
            return Err("a wildcard, which would let every site act for its visitors".to_owned());
        }
        if text.ends_with('/') {
            return Err("a slash at the end; a browser sends the origin without it".to_owned());
        }
        let url = plain_url(text)?;
        if url.path() != "/" && !url.path().is_empty() {
            return Err("a path; an origin ends after the host and port".to_owned());
        }
        match url.scheme() {
            "http" | "https" => Ok(Self(url.origin().ascii_serialization())),
            // Apps have their own schemes (`capacitor://localhost`); they are compared as they are.
            _ => Ok(Self(text.to_ascii_lowercase())),
        }
    }

    fn shown(&self) -> Json {
        Json::from(self.as_str())
    }

    fn mask(text: &str) -> String {
        without_login(text)
    }
}

/// The origin under which browsers reach the server; http or https.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// The origin, without a slash at the end: `https://auth.example.com`. Paths are put right after it.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Whether browsers come by https.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host's name or address, without brackets.
    pub fn host(&self) -> String {
        match self.0.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        }
    }

    /// The port, the scheme's own where none is written.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(0)
    }

    /// The same with another port: for a listener that took any free one.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        let mut url = self.0.clone();
        // It fails only for URLs without a host, and this one has one.
        let _ = url.set_port(Some(port));
        Self(url)
    }

    /// Whether browsers come to the machine itself.
    pub fn is_this_machine(&self) -> bool {
        is_this_machine(&self.host())
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}

impl Value for PublicUrl {
    fn expected() -> String {
        "an http or https URL without a path, such as https://auth.example.com".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let url = plain_url(raw.text()?.trim())?;
        if url.scheme() != "http" && url.scheme() != "https" {
            return Err("neither http nor https".to_owned());
        }
        if url.path() != "/" {
            return Err("a path; the server answers at the root of its origin".to_owned());
        }
        Ok(Self(url))
    }

    fn shown(&self) -> Json {
        Json::from(self.origin())
    }

    fn mask(text: &str) -> String {
        without_login(text)
    }

    /// The part is a host (`DOMAIN`), perhaps with a port; or a whole URL, as some have it.
    fn with_parts(self, parts: &[(&'static str, &str)]) -> Result<Self, (usize, String)> {
        let mut held = self;
        for (place, (_, text)) in parts.iter().enumerate() {
            let text = text.trim();
            held = held.at(text).map_err(|_| (place, "a host's name such as auth.example.com".to_owned()))?;
        }
        Ok(held)
    }
}

impl PublicUrl {
    fn at(self, domain: &str) -> Result<Self, String> {
        if domain.contains("://") {
            return Self::parse(&Raw::Text(domain.to_owned()));
        }
        let https = Self::parse(&Raw::Text(format!("https://{domain}")))?;
        if https.0.port().is_none() && https.host() == self.host() {
            return Ok(self);
        }
        if !https.is_this_machine() {
            return Ok(https);
        }
        let http = Self::parse(&Raw::Text(format!("http://{domain}")))?;
        let has_port = http.0.port().is_some() || !self.is_this_machine();
        Ok(if has_port { http } else { http.with_port(self.port()) })
    }
}

/// Whether a host is the machine itself.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

pub(super) fn plain_url(text: &str) -> Result<Url, String> {
    if !text.contains("://") {
        return Err("no scheme such as https://".to_owned());
    }
    let url = Url::parse(text).map_err(|_| "not a URL".to_owned())?;
    if !url.has_host() || url.host_str().is_some_and(str::is_empty) {
        return Err("no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user or a password, which has no place here".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a query or a fragment, which has no place here".to_owned());
    }
    Ok(url)
}

pub(super) fn without_login(text: &str) -> String {
    if text.contains('@') { crate::config::percent::scheme_only(text) } else { format!("{text:?}") }
}
