//! CSRF at the door: the token must stand in the header and in the cookie, equal, and hold for the binding.

use std::time::Duration;

use durward_core::CsrfFault;
use durward_proto::{Code, Problem};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::app::Site;
use crate::layers::cookies::{CSRF_LIFE, CookieKind, CookieRules};
use crate::reply::Refused;

/// Where a client sends the token, and where an answer has a fresh one.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
/// From this age on, an answer brings a fresh token: 5 minutes.
pub(crate) const RENEW_AFTER: Duration = Duration::from_secs(300);

/// The age of the token that came, which holds for `binding`.
///
/// # Errors
/// 403 `csrf_failed` with its reason.
pub(crate) fn check(site: &Site, headers: &HeaderMap, binding: &str) -> Result<Duration, Refused> {
    let token = carried(headers, &site.rules.cookies).map_err(failed)?;
    site.core.csrf().check(token, binding, site.core.clock().now()).map_err(failed)
}

/// The token, when header and cookie are both there and equal.
///
/// # Errors
/// `Missing` or `Mismatch`.
pub(crate) fn carried<'a>(headers: &'a HeaderMap, cookies: &CookieRules) -> Result<&'a str, CsrfFault> {
    let mut sent = headers.get_all(HEADER).iter();
    let (header, second) = (sent.next().filter(|value| !value.is_empty()), sent.next());
    let cookie = cookies.read(headers, CookieKind::Csrf).map_err(|_| CsrfFault::Mismatch)?;
    let (Some(header), Some(cookie)) = (header, cookie) else { return Err(CsrfFault::Missing) };
    if second.is_none() && header.as_bytes() == cookie.as_bytes() { Ok(cookie) } else { Err(CsrfFault::Mismatch) }
}

/// 403 `csrf_failed`.
pub(crate) fn failed(fault: CsrfFault) -> Refused {
    let detail = match fault {
        CsrfFault::Missing => "The CSRF token is missing: send it as X-CSRF-Token, with its cookie.",
        CsrfFault::Mismatch => "X-CSRF-Token and the cookie are not equal.",
        CsrfFault::Malformed => "This is not a CSRF token.",
        CsrfFault::Expired => "The CSRF token has expired. Get a new one.",
        CsrfFault::Signature => "The CSRF token is not of this session. Get a new one.",
    };
    let mut problem = Problem::new(Code::CsrfFailed).detail(detail);
    problem.reason = Some(fault.as_str());
    problem.into()
}

/// A fresh token for `binding`, put on the answer as its cookie and as its header.
pub(crate) fn renew(site: &Site, binding: &str, answer: &mut HeaderMap) -> String {
    let token = site.core.csrf().issue(binding, site.core.clock().now(), &**site.core.random());
    if let Ok(value) = HeaderValue::from_str(&token) {
        answer.insert(HEADER, value);
    }
    if let Some(cookie) = site.rules.cookies.set(CookieKind::Csrf, &token, CSRF_LIFE) {
        answer.append(header::SET_COOKIE, cookie);
    }
    token
}

/// A fresh token for somebody without a session, bound to `binding` in a cookie that scripts cannot read.
pub(crate) fn renew_for_visitor(site: &Site, binding: Option<&str>, answer: &mut HeaderMap) -> String {
    let made;
    let binding = match binding.filter(|value| is_binding(value)) {
        Some(binding) => binding,
        None => {
            made = durward_core::csrf::visitor_binding(&**site.core.random());
            &made
        }
    };
    if let Some(cookie) = site.rules.cookies.set(CookieKind::Binding, binding, CSRF_LIFE) {
        answer.append(header::SET_COOKIE, cookie);
    }
    renew(site, binding, answer)
}

/// Whether it looks like one of ours: 32 bytes in base64url.
fn is_binding(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_cookie_must_both_be_there_and_equal() {
        let cookies = CookieRules { secure: false, domain: None, prefix: true, access_token_readable: false };
        // (X-CSRF-Token headers, Cookie headers, outcome)
        type Case<'a> = (&'a [&'a str], &'a [&'a str], Result<&'a str, CsrfFault>);
        let table: &[Case<'_>] = &[
            (&["t"], &["csrf_token=t"], Ok("t")),
            (&["t"], &["a=b; csrf_token=t; c=d"], Ok("t")),
            (&["t"], &["csrf_token=t", "csrf_token=t"], Ok("t")),
            (&[], &["csrf_token=t"], Err(CsrfFault::Missing)),
            (&["t"], &[], Err(CsrfFault::Missing)),
            (&[], &[], Err(CsrfFault::Missing)),
            (&[""], &["csrf_token="], Err(CsrfFault::Missing)),
            (&["t"], &["csrf_token="], Err(CsrfFault::Missing)),
            (&["t"], &["xcsrf_token=t"], Err(CsrfFault::Missing)),
            (&["t"], &["__Host-csrf_token=t"], Err(CsrfFault::Missing)),
            (&["t"], &["csrf_token=u"], Err(CsrfFault::Mismatch)),
            (&["T"], &["csrf_token=t"], Err(CsrfFault::Mismatch)),
            (&["t", "t"], &["csrf_token=t"], Err(CsrfFault::Mismatch)),
            (&["t"], &["csrf_token=t; csrf_token=u"], Err(CsrfFault::Mismatch)),
        ];
        for (sent, cookie, outcome) in table {
            let mut headers = HeaderMap::new();
            for value in *sent {
                headers.append(HEADER, HeaderValue::from_str(value).unwrap());
            }
            for value in *cookie {
                headers.append(header::COOKIE, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(carried(&headers, &cookies), *outcome, "{sent:?} {cookie:?}");
        }
    }

    #[test]
    fn a_binding_that_is_not_ours_is_not_taken_over() {
        assert!(is_binding(&durward_core::csrf::visitor_binding(&durward_verify::SystemRandom)));
        for text in ["", "short", &"a".repeat(42), &"a".repeat(44), &"=".repeat(43)] {
            assert!(!is_binding(text), "{text}");
        }
    }
}
