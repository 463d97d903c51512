//! The mail server and the sender.

use std::fmt;

use durward_proto::{Email, Secret};
use serde_json::Value as Json;
use url::{Host, Url};

use crate::config::candidate::Raw;
use crate::config::percent::{decode, encode_part, scheme_only};
use crate::config::value::Value;

/// Where mail is handed in. `Debug` and `Display` hide the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailUrl {
    /// The server's name or address.
    pub host: String,
    /// The port: 465 for `smtps`, 587 for `smtp`, unless written.
    pub port: u16,
    /// Who logs in.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<Secret>,
    /// How the connection is protected.
    pub tls: MailTls,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// From the first byte (`smtps://`, RFC 8314 section 3.3).
    Implicit,
    /// By STARTTLS, or not at all.
    Required,
    /// By STARTTLS where the server has it.
    Opportunistic,
    /// Not.
    None,
}

impl fmt::Display for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls == MailTls::Implicit { "smtps" } else { "smtp" };
        write!(f, "{scheme}://")?;
        if let Some(user) = &self.user {
            let password = if self.password.is_some() { ":***" } else { "" };
            write!(f, "{}{password}@", encode_part(user))?;
        }
        write!(f, "{}:{}", self.host, self.port)?;
        match self.tls {
            MailTls::Implicit => Ok(()),
            MailTls::Required => f.write_str("?tls=required"),
            MailTls::Opportunistic => f.write_str("?tls=opportunistic"),
            MailTls::None => f.write_str("?tls=none"),
        }
    }
}

impl Value for MailUrl {
    fn expected() -> String {
        "a mail server such as smtp://user:password@host:587 or smtps://host".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let url = Url::parse(raw.text()?.trim()).map_err(|_| "not a URL".to_owned())?;
        let (implicit, port) = match url.scheme() {
            "smtp" => (false, 587),
            "smtps" => (true, 465),
            _ => return Err("neither smtp:// nor smtps://".to_owned()),
        };
        let host = match url.host().filter(|_| url.host_str() != Some("")) {
            Some(Host::Ipv6(address)) => format!("[{address}]"),
            Some(host) => host.to_string(),
            None => return Err("no host".to_owned()),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("a path or a #; special characters of a password are percent-encoded".to_owned());
        }
        let user = Some(decode(url.username())?).filter(|user| !user.is_empty());
        let password = url.password().map(decode).transpose()?.map(Secret::new);
        let tls = match url.query() {
            None => {
                if implicit {
                    MailTls::Implicit
                } else {
                    MailTls::Required
                }
            }
            Some(_) if implicit => return Err("smtps is always protected; ?tls= belongs to smtp://".to_owned()),
            Some("tls=required") => MailTls::Required,
            Some("tls=opportunistic") => MailTls::Opportunistic,
            Some("tls=none") => MailTls::None,
            Some(_) => return Err("a parameter other than tls=required, tls=opportunistic or tls=none".to_owned()),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), user, password, tls })
    }

    fn shown(&self) -> Json {
        Json::from(self.to_string())
    }

    fn mask(text: &str) -> String {
        scheme_only(text)
    }
}

/// A sender: `name@example.com` or `Name <name@example.com>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name before the address.
    pub name: Option<String>,
    /// The address.
    pub address: Email,
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => self.address.fmt(f),
        }
    }
}

impl Value for Mailbox {
    fn expected() -> String {
        "an address such as name@example.com or Name <name@example.com>".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", text),
        };
        // A line break would let the name write headers of its own.
        if name.chars().any(char::is_control) {
            return Err("a control character".to_owned());
        }
        let address = address.parse().map_err(|_| "not an e-mail address".to_owned())?;
        Ok(Self { name: Some(name.to_owned()).filter(|name| !name.is_empty()), address })
    }

    fn shown(&self) -> Json {
        Json::from(self.to_string())
    }
}
