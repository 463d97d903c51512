//! Where another server is asked.

use std::fmt;

use serde_json::Value as Json;
use url::Url;

use crate::config::candidate::Raw;
use crate::config::origin::{plain_url, without_login};
use crate::config::value::Value;

/// The base of another server's URLs: http or https, perhaps with a path, never with a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrl(Url);

impl UpstreamUrl {
    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Host and port as a `Host` header has them: no port where it is the scheme's own.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path of `path` under this base.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.0.path().trim_end_matches('/'))
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl Value for UpstreamUrl {
    fn expected() -> String {
        "an http or https URL such as http://localhost:11434".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let mut url = plain_url(raw.text()?.trim())?;
        if url.scheme() != "http" && url.scheme() != "https" {
            return Err("neither http nor https".to_owned());
        }
        // Both ways of writing such a base are common: with the API's version and without.
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    fn shown(&self) -> Json {
        Json::from(self.to_string())
    }

    fn mask(text: &str) -> String {
        without_login(text)
    }
}
