//! The headers that tell a browser to be strict (contract section 1).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::app::HttpRules;
use crate::layers::origin::Origins;

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Two years, for this host alone: what its sub-domains serve is not ours to decide.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");
/// For answers that are data: a browser that shows one as a page may do nothing.
const CSP_DATA: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
/// For the documentation: what it needs comes from this server, and nothing is inline.
const CSP_DOCS: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// What is asked for, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything under `/api/`, also what does not exist.
    Api,
    /// The documentation.
    Docs,
    /// The pages that people use. Their handlers say so; no path does.
    Page,
    /// All else.
    Other,
}

impl Kind {
    /// By the path as it came.
    pub(crate) fn of(path: &str) -> Self {
        match path {
            api if api.starts_with("/api/") => Self::Api,
            docs if docs.starts_with("/docs") => Self::Docs,
            _ => Self::Other,
        }
    }
}

/// The policy of the pages that people use. They talk to this server alone, by HTTP and by WebSocket, which not every
/// browser takes to be `'self'`. A browser applies `form-action` also to where a form's answer leads on to: back to the
/// pages of others that may use this server.
pub(crate) fn page_policy(origins: &Origins) -> HeaderValue {
    // `http` becomes `ws`, and `https` `wss`.
    let socket = origins.public().as_str().replacen("http", "ws", 1);
    let others: String = origins.others().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
         connect-src 'self' {socket}; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
         form-action 'self'{others}; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(CSP_DATA)
}

/// Puts them on an answer; `page_policy` is what [`page_policy`] gave.
pub(crate) fn apply(rules: &HttpRules, page_policy: &HeaderValue, kind: Kind, answer: &mut HeaderMap) {
    if kind == Kind::Api {
        answer.insert(header::CACHE_CONTROL, NO_STORE);
    }
    if !rules.security_headers {
        return;
    }
    answer.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    answer.insert(header::REFERRER_POLICY, NO_REFERRER);
    answer.insert(header::X_FRAME_OPTIONS, DENY);
    answer.insert(COOP, SAME_ORIGIN);
    let policy = match kind {
        Kind::Page => page_policy.clone(),
        Kind::Docs => CSP_DOCS,
        Kind::Api | Kind::Other => CSP_DATA,
    };
    answer.insert(header::CONTENT_SECURITY_POLICY, policy);
    if rules.hsts {
        answer.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(path: &str, change: impl FnOnce(&mut HttpRules)) -> HeaderMap {
        let mut rules = HttpRules::new("http://localhost:8000".parse().unwrap());
        change(&mut rules);
        let mut headers = HeaderMap::new();
        let origins = Origins::new(&rules.public_origin, &rules.allowed_origins);
        apply(&rules, &page_policy(&origins), Kind::of(path), &mut headers);
        headers
    }

    #[test]
    fn strict_by_default_and_off_when_switched_off() {
        let headers = on("/api/v1/auth/status", |_| {});
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["cache-control"], "no-store");
        for path in ["/api/v1/auth/status", "/docs", "/health"] {
            let policy = on(path, |_| {})["content-security-policy"].to_str().unwrap().to_owned();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        }
        assert!(!headers.contains_key("strict-transport-security"));
        assert!(on("/", |rules| rules.hsts = true).contains_key("strict-transport-security"));

        let off = on("/api/v1/auth/status", |rules| rules.security_headers = false);
        assert_eq!(off.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["cache-control"]);
        assert!(!on("/health", |_| {}).contains_key("cache-control"));
    }

    #[test]
    fn the_policy_of_pages_names_what_the_configuration_does() {
        let policy = |public: &str, others: &[&str]| {
            let others: Vec<_> = others.iter().map(|origin| origin.parse().unwrap()).collect();
            page_policy(&Origins::new(&public.parse().unwrap(), &others)).to_str().unwrap().to_owned()
        };
        let alone = policy("http://localhost:8000", &[]);
        assert!(alone.contains("; connect-src 'self' ws://localhost:8000; "), "{alone}");
        assert!(alone.contains("; form-action 'self'; "), "{alone}");
        let listed = policy("https://id.example.com", &["https://app.example.com", "http://localhost:5173"]);
        assert!(listed.contains("; connect-src 'self' wss://id.example.com; "), "{listed}");
        assert!(listed.contains("; form-action 'self' https://app.example.com http://localhost:5173; "), "{listed}");
        assert!(
            !listed.contains("unsafe") && listed.starts_with("default-src 'none'; script-src 'self'; "),
            "{listed}"
        );
    }
}
