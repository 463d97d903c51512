//! A page that links in mails lead to.

use std::fmt;

use serde_json::Value as Json;
use url::Url;

use crate::config::candidate::Raw;
use crate::config::origin::{plain_url, without_login};
use crate::config::value::Value;

/// The URL of a page: http or https, without a fragment, because the token stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageUrl(Url);

impl PageUrl {
    /// Whether nobody on the way can change the page.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The same with another port: for a listener that took any free one.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        let mut url = self.0.clone();
        // It fails only for URLs without a host, and this one has one.
        let _ = url.set_port(Some(port));
        Self(url)
    }
}

impl fmt::Display for PageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl Value for PageUrl {
    fn expected() -> String {
        "an http or https URL such as https://app.example.com/reset-password".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let url = plain_url(raw.text()?.trim())?;
        if url.scheme() != "http" && url.scheme() != "https" {
            return Err("neither http nor https".to_owned());
        }
        Ok(Self(url))
    }

    fn shown(&self) -> Json {
        Json::from(self.to_string())
    }

    fn mask(text: &str) -> String {
        without_login(text)
    }
}
