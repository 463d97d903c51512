//! Where people are sent after signing in, over the wire: in the boot data, in the form, and in `Location`.

use url::form_urlencoded::byte_serialize;

use super::*;
use crate::kit::{PASSWORD, email};

const GOOD: [(&str, &str); 8] = [
    ("/chat", "/chat"),
    ("/account/security?a=b&c=%20d#e", "/account/security?a=b&c=%20d#e"),
    ("/a/../chat", "/chat"),
    ("/ü", "/%C3%BC"),
    ("https://app.example.com", "https://app.example.com/"),
    ("https://app.example.com/x?y=z", "https://app.example.com/x?y=z"),
    ("https://app.example.com:443/x", "https://app.example.com/x"),
    ("http://localhost:5173/x", "http://localhost:5173/x"),
];

const BAD: [&str; 26] = [
    "",
    "chat",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/a/..//evil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/%252f%252fevil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///app.example.com",
    "https://evil.example/",
    "https://app.example.com@evil.example/",
    "https://app.example.com.evil.example/",
    "https://app.example.com./",
    "https://app.example.com:8443/",
    "http://app.example.com/",
    "https://app\u{3002}example.com/",
    "javascript:alert(1)",
    "data:text/html,x",
    "blob:https://app.example.com/x",
    "http://localhost:5174/",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_allowed_is_dropped_wherever_it_comes() {
    let app = app(&[
        ("CORS_ALLOWED_ORIGINS", "https://app.example.com,http://localhost:5173"),
        ("DURWARD_LIMITS__ACCOUNT_FAILURES", "1000"),
    ])
    .await;
    app.register("ann").await;
    let own = format!("{}/console", app.origin);
    let cases = GOOD.into_iter().chain([(own.as_str(), "/console")]).map(|(asked, to)| (asked, Some(to)));
    for (asked, to) in cases.chain(BAD.into_iter().map(|asked| (asked, None))) {
        let query: String = byte_serialize(asked.as_bytes()).collect();
        for path in ["/login", "/register"] {
            let page = is_page(browser(&app).get(&format!("{path}?return_to={query}")).await, 200);
            assert_eq!(page.boot()["returnTo"], to.unwrap_or_default(), "{path} {asked:?}");
            if path == "/login" {
                assert_eq!(page.field("return_to").as_deref(), to, "{asked:?}");
            }
        }
        let form = [("email", email("ann")), ("password", PASSWORD.to_owned()), ("return_to", asked.to_owned())];
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = by_form(&app).post_form("/login", &form).await.is(303);
        assert_eq!(answer.header("location"), Some(to.unwrap_or("/account")), "{asked:?}");
        // It is kept when the form is shown again.
        let wrong = [form[0], ("password", "wrong"), form[2]];
        let page = is_page(by_form(&app).post_form("/login", &wrong).await, 401);
        assert_eq!(page.field("return_to").as_deref(), to, "{asked:?}");
        assert_eq!(page.boot()["returnTo"], to.unwrap_or_default(), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twice_is_not_at_all_and_the_rest_of_the_query_is_nobodys_business() {
    let app = app(&[]).await;
    for (query, expected) in [
        ("return_to=/a&return_to=/a", ""),
        ("utm_source=x&return_to=/a&y", "/a"),
        ("return_to", ""),
        ("return_to=%ff", ""),
        ("return_to=%", ""),
        ("x=%zz", ""),
    ] {
        let page = is_page(browser(&app).get(&format!("/login?{query}")).await, 200);
        assert_eq!(page.boot()["returnTo"], expected, "{query}");
    }
}
