//! The cookies of contract section 4: names, attributes, life times.

use std::time::Duration;

use durward_verify::Refusal;
use http::{HeaderMap, HeaderValue};

/// How cookies are set, from the configuration.
#[derive(Debug, Clone)]
pub struct CookieRules {
    /// Whether they are `Secure`: in production and staging, and wherever the public URL is https.
    pub secure: bool,
    /// `cookies.domain`: shares them with sub-domains.
    pub domain: Option<String>,
    /// `cookies.prefix`: whether secure cookies have `__Host-` and `__Secure-` before their names (RFC 6265bis
    /// section 4.1.3).
    pub prefix: bool,
    /// `cookies.access_token_readable`: whether scripts may read the access token.
    pub access_token_readable: bool,
}

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieKind {
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
    /// The CSRF token, which scripts read.
    Csrf,
    /// What a visitor's CSRF token is bound to.
    Binding,
    /// The device.
    Device,
    /// What a device is trusted with not to need the second factor.
    Trust,
}

/// How long `csrf_token` and `csrf_binding` live: as long as a token holds.
pub(crate) const CSRF_LIFE: Duration = durward_core::csrf::CSRF_TTL;
/// How long `device_id` lives: 400 days, the most that browsers grant.
pub(crate) const DEVICE_LIFE: Duration = Duration::from_secs(400 * 86_400);

impl CookieKind {
    /// Bare, with `__Secure-`, with `__Host-`.
    const fn names(self) -> [&'static str; 3] {
        match self {
            Self::Access => ["access_token", "__Secure-access_token", "__Host-access_token"],
            // `__Host-` demands the path `/`, which this one and `Trust` do not have.
            Self::Refresh => ["refresh_token", "__Secure-refresh_token", "__Secure-refresh_token"],
            Self::Csrf => ["csrf_token", "__Secure-csrf_token", "__Host-csrf_token"],
            Self::Binding => ["csrf_binding", "__Secure-csrf_binding", "__Host-csrf_binding"],
            Self::Device => ["device_id", "__Secure-device_id", "__Host-device_id"],
            Self::Trust => ["device_trust", "__Secure-device_trust", "__Secure-device_trust"],
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Refresh | Self::Trust => "/api/v1/auth",
            Self::Access | Self::Csrf | Self::Binding | Self::Device => "/",
        }
    }
}

impl CookieRules {
    /// The cookie's name.
    pub fn name(&self, kind: CookieKind) -> &'static str {
        let [bare, secure, host] = kind.names();
        match (self.secure && self.prefix, &self.domain) {
            (false, _) => bare,
            (true, Some(_)) => secure,
            (true, None) => host,
        }
    }

    /// The cookie's value as it came. The same cookie twice with different values is refused.
    ///
    /// # Errors
    /// [`Refusal::Ambiguous`].
    pub(crate) fn read<'a>(&self, headers: &'a HeaderMap, kind: CookieKind) -> Result<Option<&'a str>, Refusal> {
        durward_verify::cookie(headers, self.name(kind)).map(|value| value.filter(|value| !value.is_empty()))
    }

    /// `Set-Cookie` that sets it for `life`; `None` for a value that no cookie can hold.
    pub fn set(&self, kind: CookieKind, value: &str, life: Duration) -> Option<HeaderValue> {
        let mut header = HeaderValue::from_str(&self.render(kind, value, life.as_secs())).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// `Set-Cookie` that removes it, with the attributes it was set with.
    pub fn clear(&self, kind: CookieKind) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.render(kind, "", 0)).ok()
    }

    fn render(&self, kind: CookieKind, value: &str, seconds: u64) -> String {
        let mut text = format!("{}={value}; Path={}; Max-Age={seconds}; SameSite=Lax", self.name(kind), kind.path());
        if let Some(domain) = &self.domain {
            text.push_str("; Domain=");
            text.push_str(domain);
        }
        if !self.is_readable(kind) {
            text.push_str("; HttpOnly");
        }
        if self.secure {
            text.push_str("; Secure");
        }
        text
    }

    fn is_readable(&self, kind: CookieKind) -> bool {
        match kind {
            CookieKind::Csrf => true,
            CookieKind::Access => self.access_token_readable,
            CookieKind::Refresh | CookieKind::Binding | CookieKind::Device | CookieKind::Trust => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CookieKind::*;

    fn rules(secure: bool, domain: Option<&str>, prefix: bool) -> CookieRules {
        CookieRules { secure, domain: domain.map(str::to_owned), prefix, access_token_readable: false }
    }

    #[test]
    fn names() {
        // (secure, domain, prefix): access, refresh, csrf, binding, device, trust
        let bare = ["access_token", "refresh_token", "csrf_token", "csrf_binding", "device_id", "device_trust"];
        let table = [
            (rules(false, None, true), [""; 6]),
            (rules(false, None, false), [""; 6]),
            (rules(false, Some(".example.com"), true), [""; 6]),
            (rules(true, None, false), [""; 6]),
            (rules(true, Some(".example.com"), false), [""; 6]),
            (rules(true, None, true), ["__Host-", "__Secure-", "__Host-", "__Host-", "__Host-", "__Secure-"]),
            (rules(true, Some(".example.com"), true), ["__Secure-"; 6]),
        ];
        for (rules, prefixes) in table {
            let kinds = [Access, Refresh, Csrf, Binding, Device, Trust];
            for ((kind, name), prefix) in kinds.into_iter().zip(bare).zip(prefixes) {
                assert_eq!(rules.name(kind), format!("{prefix}{name}"), "{rules:?}");
            }
        }
    }

    #[test]
    fn attributes() {
        let life = Duration::from_secs(3_600);
        let set = |rules: &CookieRules, kind| rules.set(kind, "v", life).unwrap().to_str().unwrap().to_owned();
        let plain = rules(false, None, true);
        let table = [
            (set(&plain, Access), "access_token=v; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly"),
            (set(&plain, Refresh), "refresh_token=v; Path=/api/v1/auth; Max-Age=3600; SameSite=Lax; HttpOnly"),
            (set(&plain, Csrf), "csrf_token=v; Path=/; Max-Age=3600; SameSite=Lax"),
            (set(&plain, Binding), "csrf_binding=v; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly"),
            (set(&plain, Device), "device_id=v; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly"),
            (set(&plain, Trust), "device_trust=v; Path=/api/v1/auth; Max-Age=3600; SameSite=Lax; HttpOnly"),
            (
                set(&rules(true, None, true), Access),
                "__Host-access_token=v; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly; Secure",
            ),
            (
                set(&rules(true, Some(".example.com"), true), Refresh),
                "__Secure-refresh_token=v; Path=/api/v1/auth; Max-Age=3600; SameSite=Lax; Domain=.example.com; \
                 HttpOnly; Secure",
            ),
            (
                set(&CookieRules { access_token_readable: true, ..plain.clone() }, Access),
                "access_token=v; Path=/; Max-Age=3600; SameSite=Lax",
            ),
            (
                plain.clear(Refresh).unwrap().to_str().unwrap().to_owned(),
                "refresh_token=; Path=/api/v1/auth; Max-Age=0; SameSite=Lax; HttpOnly",
            ),
        ];
        for (set, expected) in table {
            assert_eq!(set, expected);
        }
        assert_eq!(plain.set(Access, "a\r\nb", life), None);
    }

    #[test]
    fn host_prefixed_cookies_have_no_domain_and_the_root_path() {
        for rules in [rules(true, None, true), rules(true, Some(".example.com"), true)] {
            for kind in [Access, Refresh, Csrf, Binding, Device, Trust] {
                let header = rules.set(kind, "v", CSRF_LIFE).unwrap();
                let text = header.to_str().unwrap();
                assert!(text.contains("; Secure"));
                if text.starts_with("__Host-") {
                    assert!(text.contains("; Path=/;") && !text.contains("Domain"), "{text}");
                }
            }
        }
    }
}
