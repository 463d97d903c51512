//! What a request says of how somebody wants pages: the language and the theme.

use http::{HeaderMap, header};

/// How somebody wants pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// The cookie `language`, set by the page's switch.
    cookie: Option<String>,
    /// `Accept-Language`.
    accepts: Option<String>,
    /// `auto`, `light` or `dark`.
    pub(super) theme: &'static str,
    /// Whether they take gzip.
    pub(super) takes_gzip: bool,
}

impl Visitor {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        // The same cookie twice with different values says nothing.
        let cookie = |name: &str| durward_verify::cookie(headers, name).ok().flatten();
        let accepts = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            cookie: cookie("language").map(str::to_owned),
            accepts: accepts.map(str::to_owned),
            theme: match cookie("theme") {
                Some("light") => "light",
                Some("dark") => "dark",
                _ => "auto",
            },
            takes_gzip: super::gzip::wanted(headers),
        }
    }

    /// The language of those there are: what was chosen, then what the browser likes best, then `default`.
    pub(super) fn language<'a>(&self, there: &[&'a str], default: &'a str) -> &'a str {
        let chosen = self.cookie.as_ref().and_then(|tag| there.iter().find(|there| there.eq_ignore_ascii_case(tag)));
        let liked = || self.accepts.as_ref().and_then(|accepts| durward_core::mail::language::choose(there, accepts));
        chosen.copied().or_else(liked).unwrap_or(default)
    }
}

/// Whether a browser asks for a page: `text/html` stands in `Accept`, which no script's or program's request says by itself.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let is_html =
        |range: &str| range.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("text/html"));
    accepts.flat_map(|value| value.split(',')).any(is_html)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn visitor(headers: &[(&'static str, &'static str)]) -> Visitor {
        let named = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        Visitor::of(&headers.iter().map(named).collect())
    }

    #[test]
    fn the_switch_counts_before_the_browser_and_the_browser_before_the_default() {
        let there = ["de", "en", "pt-BR"];
        for (headers, expected) in [
            (vec![], "en"),
            (vec![("accept-language", "de")], "de"),
            (vec![("accept-language", "fr, de;q=0.3, pt-br;q=0.8")], "pt-BR"),
            (vec![("accept-language", "de-AT,de;q=0.9,en;q=0.8")], "de"),
            (vec![("accept-language", "en;q=0.2, de;q=0.1")], "en"),
            (vec![("accept-language", "de;q=0")], "en"),
            (vec![("accept-language", "fr")], "en"),
            (vec![("accept-language", "*")], "en"),
            (vec![("accept-language", ";;q=,")], "en"),
            (vec![("cookie", "language=de"), ("accept-language", "pt-BR")], "de"),
            (vec![("cookie", "a=b; language=PT-br"), ("accept-language", "de")], "pt-BR"),
            (vec![("cookie", "language=xx"), ("accept-language", "de")], "de"),
            (vec![("cookie", "language=../../etc"), ("accept-language", "de")], "de"),
            (vec![("cookie", "language=\"><script>")], "en"),
            (vec![("cookie", "language=")], "en"),
        ] {
            assert_eq!(visitor(&headers).language(&there, "en"), expected, "{headers:?}");
        }
    }

    #[test]
    fn themes() {
        for (cookie, expected) in [
            ("theme=dark", "dark"),
            ("theme=light", "light"),
            ("theme=auto", "auto"),
            ("theme=\"x", "auto"),
            ("a=b", "auto"),
        ] {
            assert_eq!(visitor(&[("cookie", cookie)]).theme, expected, "{cookie}");
        }
    }

    #[test]
    fn who_asks_for_a_page() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/json, Text/HTML ; q=0.5", true),
            ("*/*", false),
            ("text/*", false),
            ("application/json", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(wants_page(&headers), expected, "{accept}");
        }
        assert!(!wants_page(&HeaderMap::new()));
    }
}
