//! Where the operator's webhook is.

use std::fmt;

use serde_json::Value as Json;
use url::Url;

use crate::config::candidate::Raw;
use crate::config::percent::scheme_only;
use crate::config::value::Value;

/// The URL of a webhook: http or https, with any path and query. Both may hold what only its owner should know, so that
/// `Display` and `Debug` show the origin alone.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Where to connect to: without path and query, which no library is to log.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.0.scheme(), self.authority())
    }

    /// Host and port as a `Host` header has them: no port where it is the scheme's own.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Path and query, for the request's first line.
    pub fn target(&self) -> String {
        self.0.query().map_or_else(|| self.0.path().to_owned(), |query| format!("{}?{query}", self.0.path()))
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())?;
        if self.target() == "/" { Ok(()) } else { f.write_str("/[hidden]") }
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Value for WebhookUrl {
    fn expected() -> String {
        "an http or https URL such as https://hooks.example.com/durward".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let url = Url::parse(raw.text()?.trim()).map_err(|_| "not a URL".to_owned())?;
        if url.scheme() != "http" && url.scheme() != "https" {
            return Err("neither http nor https".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a user or a password, which has no place here".to_owned());
        }
        if url.fragment().is_some() {
            return Err("a fragment, which has no place here".to_owned());
        }
        Ok(Self(url))
    }

    fn shown(&self) -> Json {
        Json::from(self.to_string())
    }

    fn mask(text: &str) -> String {
        scheme_only(text)
    }
}
