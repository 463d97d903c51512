//! Which pages may talk to this server (contract section 4): whole origins, compared after normalisation.

use std::fmt;
use std::str::FromStr;

use durward_proto::{Code, Problem};
use http::{HeaderMap, HeaderName, header};
use url::Url;

use crate::reply::Refused;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A web origin (RFC 6454): scheme, host and port, in the one spelling that browsers send.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// `https://app.example.com`, `http://localhost:8000`: lower case, without a default port.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of a whole URL.
    ///
    /// # Errors
    /// When it is not an `http` or `https` URL with a host.
    pub fn of_url(text: &str) -> Result<Self, BadOrigin> {
        let url = Url::parse(text).map_err(|_| BadOrigin)?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        if is_web { Ok(Self(url.origin().ascii_serialization())) } else { Err(BadOrigin) }
    }

    /// Whether pages of this origin come over TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not a web origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an origin; write it like https://app.example.com, without a path")]
pub struct BadOrigin;

impl FromStr for Origin {
    type Err = BadOrigin;

    /// Stricter than a URL parser, which would take `https:a.example`, `https://a.example\b` or `https://u@a.example`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (_, authority) = text.split_once("://").ok_or(BadOrigin)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        if authority.is_empty() || !authority.bytes().all(plain) {
            return Err(BadOrigin);
        }
        Self::of_url(text)
    }
}

/// The origins that are allowed: that of the public URL, and those of `cors.allowed_origins`.
#[derive(Debug)]
pub(crate) struct Origins {
    public: Origin,
    all: Vec<Origin>,
}

/// What a request says of the page that sent it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sender<'a> {
    /// Nothing: not a browser, or one that had nothing to say.
    Unnamed,
    /// An origin that is allowed.
    Allowed(&'a Origin),
    /// Any other, `null`, or more than one.
    Foreign,
}

impl Origins {
    pub(crate) fn new(public: &Origin, listed: &[Origin]) -> Self {
        let mut all = vec![public.clone()];
        all.extend(listed.iter().filter(|origin| *origin != public).cloned());
        Self { public: public.clone(), all }
    }

    /// That of the public URL, where our own pages are.
    pub(crate) fn public(&self) -> &Origin {
        &self.public
    }

    /// The others that are allowed.
    pub(crate) fn others(&self) -> impl Iterator<Item = &Origin> {
        self.all.iter().filter(|origin| **origin != self.public)
    }

    /// Whether it is allowed.
    pub(crate) fn has(&self, origin: &Origin) -> bool {
        self.all.contains(origin)
    }

    /// By the `Origin` header alone.
    pub(crate) fn by_origin(&self, headers: &HeaderMap) -> Sender<'_> {
        let mut named = headers.get_all(header::ORIGIN).iter();
        match (named.next(), named.next()) {
            (None, _) => Sender::Unnamed,
            (Some(value), None) => value.to_str().ok().and_then(|text| self.find(text)).into(),
            (Some(_), Some(_)) => Sender::Foreign,
        }
    }

    /// The check of every unsafe request and every WebSocket handshake.
    ///
    /// # Errors
    /// 403 `origin_denied` when `Origin`, or without it `Referer`, names a page that is not allowed, and when the
    /// browser says `Sec-Fetch-Site: cross-site` without naming an origin.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<Option<&Origin>, Refused> {
        match self.by_origin(headers) {
            Sender::Allowed(origin) => return Ok(Some(origin)),
            Sender::Foreign => return Err(denied()),
            Sender::Unnamed => {}
        }
        if headers.get_all(SEC_FETCH_SITE).iter().any(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site")) {
            return Err(denied());
        }
        match self.by_referer(headers) {
            Sender::Foreign => Err(denied()),
            Sender::Unnamed | Sender::Allowed(_) => Ok(None),
        }
    }

    fn by_referer(&self, headers: &HeaderMap) -> Sender<'_> {
        let mut named = headers.get_all(header::REFERER).iter();
        match (named.next(), named.next()) {
            (None, _) => Sender::Unnamed,
            (Some(value), None) => {
                let origin = value.to_str().ok().and_then(|text| Origin::of_url(text).ok());
                origin.and_then(|origin| self.all.iter().find(|allowed| **allowed == origin)).into()
            }
            (Some(_), Some(_)) => Sender::Foreign,
        }
    }

    /// Most browsers spell an origin as we do, so that nothing needs to be parsed.
    fn find(&self, text: &str) -> Option<&Origin> {
        self.all.iter().find(|allowed| allowed.0 == text).or_else(|| {
            let origin: Origin = text.parse().ok()?;
            self.all.iter().find(|allowed| **allowed == origin)
        })
    }
}

impl<'a> From<Option<&'a Origin>> for Sender<'a> {
    fn from(found: Option<&'a Origin>) -> Self {
        found.map_or(Self::Foreign, Self::Allowed)
    }
}

/// 403 `origin_denied`.
pub(crate) fn denied() -> Refused {
    Problem::new(Code::OriginDenied)
        .detail("The page that sent this request is of an origin that is not in cors.allowed_origins.")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn origins() -> Origins {
        let public = "https://app.example.com".parse().unwrap();
        Origins::new(&public, &["http://localhost:3000".parse().unwrap(), "http://[::1]:3000".parse().unwrap()])
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_str(name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn origins_are_compared_whole_and_normalised() {
        let table = [
            ("https://app.example.com", true),
            ("https://app.example.com:443", true),
            ("HTTPS://App.Example.COM", true),
            ("http://localhost:3000", true),
            ("http://[::1]:3000", true),
            ("http://[0:0:0:0:0:0:0:1]:3000", true),
            ("http://app.example.com", false),
            ("https://app.example.com:8443", false),
            ("https://app.example.com.evil.example", false),
            ("https://evil.example/app.example.com", false),
            ("https://app.example.com.", false),
            ("https://example.com", false),
            ("https://sub.app.example.com", false),
            ("https://appxexample.com", false),
            ("https://app.example.com/", false),
            ("https://app.example.com/path", false),
            ("https://user@app.example.com", false),
            ("https:app.example.com", false),
            ("https:\\\\app.example.com", false),
            ("https://app.example.com\\x", false),
            ("https://app%2eexample.com", false),
            ("https://app.example.com https://app.example.com", false),
            ("app.example.com", false),
            ("http://localhost", false),
            ("http://localhost:3001", false),
            ("http://127.0.0.1:3000", false),
            ("null", false),
            ("", false),
            ("file://", false),
            ("https://\u{e9}", false),
        ];
        for (origin, allowed) in table {
            assert_eq!(origins().check(&headers(&[("origin", origin)])).is_ok(), allowed, "{origin}");
        }
    }

    #[test]
    fn referer_and_fetch_metadata_count_where_origin_is_missing() {
        let good = ("origin", "https://app.example.com");
        let table: &[(&[(&str, &str)], bool)] = &[
            (&[], true),
            (&[("referer", "https://app.example.com/page?x=1")], true),
            (&[("referer", "https://evil.example/https://app.example.com/")], false),
            (&[("referer", "")], false),
            (&[("referer", "about:blank")], false),
            (&[good, ("referer", "https://evil.example/")], true),
            (&[good, good], false),
            (&[good, ("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "Cross-Site")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("referer", "https://app.example.com/"), ("sec-fetch-site", "cross-site")], false),
            (&[("origin", "null"), ("referer", "https://app.example.com/")], false),
        ];
        for (pairs, allowed) in table {
            assert_eq!(origins().check(&headers(pairs)).is_ok(), *allowed, "{pairs:?}");
        }
    }

    #[test]
    fn a_configured_origin_has_no_path() {
        for text in ["*", "https://*.example.com", "https://a.example/", "ftp://a.example", "https://", "a.example"] {
            assert_eq!(text.parse::<Origin>(), Err(BadOrigin), "{text}");
        }
        assert_eq!("HTTP://A.example:80".parse::<Origin>().unwrap().as_str(), "http://a.example");
        assert_eq!(Origin::of_url("https://a.example:8443/x?y").unwrap().as_str(), "https://a.example:8443");
    }
}
