//! Every page: what it is, what it says of itself, in which language and theme.

use bytes::Bytes;
use http::Method;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_a_shell_with_what_its_script_needs() {
    let app = app(&[]).await;
    for (path, entry, name) in PAGES {
        let answer = browser(&app).get(path).await;
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"), "{path}");
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["Cookie, Accept-Language, Accept-Encoding", "Origin"], "{path}");
        let page = is_page(answer, 200);
        let boot = page.boot();
        assert_eq!((&boot["page"], &boot["lang"]), (&name.into(), &"en".into()), "{path}");
        assert_eq!(boot["brand"], serde_json::json!({"name": "durward", "logo": false}));
        assert_eq!((&boot["returnTo"], &boot["afterLogin"]), (&"".into(), &"/account".into()));
        let mut areas: Vec<&String> = boot["texts"].as_object().unwrap().keys().collect();
        areas.sort_by_key(|area| *area != "common");
        assert_eq!(areas, ["common", entry], "{path}");
        assert!(boot["texts"]["common"].as_object().unwrap().len() > 10);
        assert_eq!(boot["languages"][1], serde_json::json!({"code": "en", "name": "English"}));
        assert_eq!(boot["features"]["environment"], "test");
        assert!(boot.get("error").is_none());
        let scripts = page.values("<script", "src");
        assert!(scripts.len() == 1 && scripts[0].starts_with(&format!("/ui/{entry}-")), "{path} {scripts:?}");
        let title = page.0.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0;
        assert!(title.ends_with(" · durward") && !title.contains("title."), "{path} is called {title}");
        assert_eq!(page.0.contains("<noscript>"), name != "login", "{path}");
        assert_eq!(page.0.contains("<form"), name == "login", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strict_headers_and_nothing_inline() {
    let app = app(&[("CORS_ALLOWED_ORIGINS", "https://app.example.com")]).await;
    for (path, ..) in PAGES.into_iter().chain([("/nothing", "", "")]) {
        let answer = browser(&app).get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' {}; \
                 font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
                 form-action 'self' https://app.example.com; frame-ancestors 'none'",
                app.origin.replacen("http", "ws", 1)
            ),
            "{path}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        let page = html::Html::of(&answer);
        for tag in page.tags() {
            let inline = tag.starts_with("<style") || tag.contains(" style=") || tag.contains(" on");
            assert!(!inline, "{path}: {tag}");
            let is_script = tag.starts_with("<script");
            assert!(
                !is_script || tag.contains(" src=\"/ui/") || tag.contains(" type=\"application/json\""),
                "{path}: {tag}"
            );
            assert!(!tag.contains("http:") && !tag.contains("https:") && !tag.contains("=\"//"), "{path}: {tag}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn language_and_theme() {
    let app = app(&[("DURWARD_PAGES__LANGUAGE", "de")]).await;
    for (headers, lang, theme) in [
        (&[][..], "de", "auto"),
        (&[("accept-language", "en-GB,en;q=0.9")][..], "en", "auto"),
        (&[("accept-language", "fr;q=1, en;q=0.2, de;q=0.1")][..], "en", "auto"),
        (&[("accept-language", "fr")][..], "de", "auto"),
        (&[("accept-language", "en"), ("cookie", "language=de; theme=dark")][..], "de", "dark"),
        (&[("accept-language", "en"), ("cookie", "language=xx; theme=purple")][..], "en", "auto"),
        (&[("cookie", "theme=light; language=EN")][..], "en", "light"),
        (&[("cookie", "theme=\"><script>; language=<b>")][..], "de", "auto"),
    ] {
        let answer = browser(&app).send(Method::GET, "/login", headers, Bytes::new()).await;
        let page = is_page(answer, 200);
        assert!(page.0.contains(&format!("<html lang=\"{lang}\" data-theme=\"{theme}\">")), "{headers:?} {}", page.0);
        assert_eq!(page.boot()["lang"], lang, "{headers:?}");
        let says = if lang == "de" { "<h1>Anmelden</h1>" } else { "<h1>Sign in</h1>" };
        assert!(page.0.contains(says), "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_is_nothing_a_browser_sees_a_page() {
    let app = app(&[]).await;
    let nothing = [
        "/nothing",
        "/account/nothing",
        "/console/nothing",
        "/chat/nothing",
        "/chat/1/2",
        "/account/security/x",
        "/ui/x",
        "/login/",
        "/account/%ff",
    ];
    for path in nothing {
        let page = is_page(browser(&app).get(path).await, 404);
        assert!(
            page.0.contains("<a href=\"/\">") && page.0.contains("<h1>There is nothing here</h1>"),
            "{path} {}",
            page.0
        );
        assert!(!page.0.contains("<script"), "{path}");
        // Whoever asks for anything else is told so as data.
        app.app_client().get(path).await.refused(404, "not_found");
        app.app_client().with("accept", "application/json, */*").get(path).await.refused(404, "not_found");
    }
    browser(&app).get("/api/v1/nothing").await.refused(404, "not_found");
    browser(&app).delete("/nothing").await.refused(404, "not_found");
    let german = browser(&app).with("accept-language", "de").get("/nothing").await;
    assert!(is_page(german, 404).0.contains("<html lang=\"de\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_front_leads_to_the_account() {
    let app = app(&[]).await;
    let answer = browser(&app).get("/").await.is(302);
    assert_eq!(answer.header("location"), Some("/account"));
    for path in ["/login", "/account", "/ui/brand.css"] {
        let head = browser(&app).send(Method::HEAD, path, &[], Bytes::new()).await.is(200);
        assert!(head.body.is_empty() && head.header("content-type").is_some());
        app.visitor().put(path, serde_json::json!({})).await.refused(405, "method_not_allowed");
    }
}
