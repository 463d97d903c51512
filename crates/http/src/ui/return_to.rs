//! Where people may be sent after signing in: somewhere on this server, or on a page of an origin that the configuration
//! lists. Whoever made the link decides what stands in it, so that everything else is dropped.

use url::Url;

use crate::layers::origin::{Origin, Origins};

/// The most bytes of an address.
const LONGEST: usize = 2_048;
/// How many times a path is decoded to see what a proxy on the way might make of it.
const DECODINGS: usize = 3;

/// The address in the spelling that goes into `Location`: a path on this server, or a whole address elsewhere. None for what
/// nobody may be sent to.
pub(super) fn judge(text: &str, public: &Origin, allowed: &Origins) -> Option<String> {
    // What a URL parser would strip or turn round, and what nobody types: it can only mean to be read in two ways.
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if text.len() > LONGEST || text.chars().any(is_odd) {
        return None;
    }
    let url = if text.starts_with('/') {
        Url::parse(public.as_str()).ok()?.join(text).ok()?
    } else {
        Url::parse(absolute(text)?).ok()?
    };
    let origin = Origin::of_url(url.as_str()).ok()?;
    if !url.username().is_empty() || url.password().is_some() || !allowed.has(&origin) || leads_away(url.path()) {
        return None;
    }
    // A path that begins with two slashes is the only way in which an address on this origin reads as another host.
    let here = origin == *public && !text.starts_with("//");
    match (here, text.starts_with('/')) {
        (true, _) => url.as_str().get(origin.as_str().len()..).map(str::to_owned),
        (false, true) => None,
        (false, false) => Some(url.into()),
    }
}

/// `http://` or `https://`, then a host in plain letters with or without a port, then a path, a query, a fragment, or nothing.
/// Stricter than a URL parser, which would take `https:host`, `https:///host` and `https://user@host`.
fn absolute(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    (is_web && !authority.is_empty() && authority.bytes().all(is_plain)).then_some(text)
}

/// Whether the path begins like another host's address, or would after something on the way had decoded it.
fn leads_away(path: &str) -> bool {
    let mut path = path.to_owned();
    for _ in 0..=DECODINGS {
        let mut start = path.chars().skip(1);
        if start.next().is_some_and(|c| c == '/' || c == '\\' || c.is_control() || c.is_whitespace()) {
            return true;
        }
        path = percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://id.example.com";
    const LISTED: [&str; 4] =
        ["https://app.example.com", "http://localhost:5173", "https://port.example.com:8443", "http://[::1]:3000"];

    fn judged(text: &str) -> Option<String> {
        let public: Origin = PUBLIC.parse().unwrap();
        let listed: Vec<Origin> = LISTED.iter().map(|origin| origin.parse().unwrap()).collect();
        judge(text, &public, &Origins::new(&public, &listed))
    }

    #[test]
    fn where_people_may_go() {
        for (text, expected) in [
            ("/", "/"),
            ("/account", "/account"),
            ("/account/security", "/account/security"),
            ("/account?tab=1&x=%20y#top", "/account?tab=1&x=%20y#top"),
            ("/a?next=https://evil.example/", "/a?next=https://evil.example/"),
            ("/a?next=//evil.example", "/a?next=//evil.example"),
            ("/a#//evil.example", "/a#//evil.example"),
            ("/a/../account", "/account"),
            ("/a/%2e%2e/account", "/account"),
            ("/a//b", "/a//b"),
            ("/user@host", "/user@host"),
            ("/https://evil.example", "/https://evil.example"),
            ("/javascript:alert(1)", "/javascript:alert(1)"),
            ("/ü?ü", "/%C3%BC?%C3%BC"),
            ("/a%2fb", "/a%2fb"),
            ("/a%0d%0aSet-Cookie:x", "/a%0d%0aSet-Cookie:x"),
            ("/%", "/%"),
            ("https://id.example.com", "/"),
            ("https://id.example.com/chat", "/chat"),
            ("https://id.example.com:443/chat", "/chat"),
            ("HTTPS://ID.Example.COM/chat", "/chat"),
            ("https://app.example.com", "https://app.example.com/"),
            ("https://app.example.com/a?b#c", "https://app.example.com/a?b#c"),
            ("https://app.example.com:443/a", "https://app.example.com/a"),
            ("https://APP.example.com/a", "https://app.example.com/a"),
            ("https://app.example.com?x=@evil.example", "https://app.example.com/?x=@evil.example"),
            ("https://app.example.com/@evil.example", "https://app.example.com/@evil.example"),
            ("http://localhost:5173/x", "http://localhost:5173/x"),
            ("https://port.example.com:8443/x", "https://port.example.com:8443/x"),
            ("http://[::1]:3000/x", "http://[::1]:3000/x"),
            ("http://[0:0:0:0:0:0:0:1]:3000/x", "http://[::1]:3000/x"),
        ] {
            assert_eq!(judged(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn where_nobody_is_sent() {
        let long = format!("/{}", "a".repeat(LONGEST));
        for text in [
            "",
            "account",
            "./account",
            "?a",
            "#a",
            // Two slashes, in all their spellings.
            "//",
            "//evil.example",
            "//id.example.com/account",
            "///evil.example",
            "////evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/\\/evil.example",
            "/a\\b",
            "/a/..//evil.example",
            "/.//evil.example",
            "/%2e//evil.example",
            "/%2e%2e//evil.example",
            "/%2fevil.example",
            "/%2F%2Fevil.example",
            "/%5cevil.example",
            "/%5C/evil.example",
            "/%252fevil.example",
            "/%25252fevil.example",
            "/%09/evil.example",
            "/%0d%0aSet-Cookie:a=b",
            "/%20/evil.example",
            "https://id.example.com//evil.example",
            "https://id.example.com/\\evil.example",
            // What a parser strips.
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            " /account",
            "/account ",
            "/a b",
            "/\u{0}/evil.example",
            "/a\u{7f}",
            "/\u{85}a",
            "/\u{2028}a",
            "/\u{a0}/evil.example",
            "ht\ntps://app.example.com/",
            // Other schemes.
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            "javascript://app.example.com/%0aalert(1)",
            "data:text/html,<script>alert(1)</script>",
            "data://app.example.com/",
            "vbscript:x",
            "blob:https://app.example.com/0f5e",
            "filesystem:https://app.example.com/x",
            "file:///etc/passwd",
            "ftp://app.example.com/",
            "ws://app.example.com/",
            "view-source:https://app.example.com/",
            "about:blank",
            "mailto:ann@example.com",
            // Addresses that are read in more than one way.
            "https:evil.example",
            "https:/evil.example",
            "https:///evil.example",
            "https:app.example.com",
            "https:/app.example.com",
            "https:///app.example.com",
            "https:\\\\app.example.com",
            "https://app.example.com@evil.example/",
            "https://user@app.example.com/",
            "https://user:password@app.example.com/",
            "https://@app.example.com/",
            "https://:@app.example.com/",
            "https://evil.example#@app.example.com/",
            "https://evil.example?@app.example.com/",
            "https://evil.example\\@app.example.com/",
            "https://app.example.com\\.evil.example/",
            "https://app.example.com%2eevil.example/",
            "https://app.example.com%00.evil.example/",
            "https://app%2eexample.com/",
            "https://app\u{3002}example\u{3002}com/",
            "https://app\u{ff0e}example.com/",
            "https://\u{ff41}pp.example.com/",
            "https://app.example.com\u{2044}.evil.example/",
            "https://app.example.com\u{ff0f}evil.example/",
            "//app.example.com/",
            // Another origin.
            "https://evil.example/",
            "https://evil.example/https://app.example.com/",
            "https://example.com/",
            "https://app.example.com.evil.example/",
            "https://evilapp.example.com/",
            "https://app.example.com./",
            "https://id.example.com./",
            "https://app.example.com:8443/",
            "https://app.example.com:80/",
            "https://app.example.com:0443:1/",
            "https://app.example.com:99999/",
            "http://app.example.com/",
            "http://id.example.com/",
            "http://app.example.com:443/",
            "http://localhost/",
            "http://127.0.0.1:5173/",
            "http://localhost:5174/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]:3000/",
            "http://[::1%25eth0]:3000/",
            "http://2130706433/",
            "https://",
            "https://?",
            "null",
            &long,
        ] {
            assert_eq!(judged(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_judged_good_is_good_again_and_stays_on_its_origin() {
        for text in ["/a?b#c", "/ü", "https://app.example.com/ü", "https://id.example.com/x?y", "/a/../b"] {
            let once = judged(text).unwrap();
            assert_eq!(judged(&once).as_deref(), Some(once.as_str()), "{text}");
            let url = Url::parse(PUBLIC).unwrap().join(&once).unwrap();
            let origin = url.origin().ascii_serialization();
            assert!(origin == PUBLIC || LISTED.contains(&origin.as_str()), "{text} {origin}");
            assert!(once.bytes().all(|b| b.is_ascii_graphic()), "{once}");
        }
    }
}
