//! What pages load.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;

use super::*;
use crate::ui::html::plain;

/// What the sign-in page may weigh in all, compressed.
const BUDGET: usize = 60 * 1024;

const GZIP: (&str, &str) = ("accept-encoding", "gzip, deflate, br");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_pages_load_is_there_and_may_be_kept() {
    let app = app(&[]).await;
    let mut all = BTreeSet::new();
    for (path, ..) in PAGES {
        all.extend(is_page(browser(&app).get(path).await, 200).loads());
    }
    assert!(all.len() > 8, "{all:?}");
    for path in &all {
        let answer = browser(&app).get(path).await.is(200);
        let (kind, cache) = (answer.header("content-type").unwrap(), answer.header("cache-control").unwrap());
        let expected = match path.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(kind, expected, "{path}");
        let keeps_its_name = ["/ui/brand.css", "/ui/icon.svg"].contains(&path.as_str());
        let may = if keeps_its_name { "no-cache" } else { "public, max-age=31536000, immutable" };
        assert_eq!(cache, may, "{path}");
        assert_eq!(answer.header("etag").is_some(), keeps_its_name, "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("content-encoding").is_none());
        if keeps_its_name {
            let tag = answer.header("etag").unwrap().to_owned();
            let weak = format!("\"other\", W/{tag}");
            for known in [tag.as_str(), weak.as_str(), "*"] {
                let again =
                    browser(&app).send(Method::GET, path, &[("if-none-match", known)], Bytes::new()).await.is(304);
                assert!(again.body.is_empty() && again.header("etag") == Some(tag.as_str()), "{path}");
            }
            browser(&app).send(Method::GET, path, &[("if-none-match", "\"other\"")], Bytes::new()).await.is(200);
        } else {
            let zipped = browser(&app).send(Method::GET, path, &[GZIP], Bytes::new()).await.is(200);
            assert_eq!(zipped.header("content-encoding"), Some("gzip"), "{path}");
            assert_eq!(zipped.headers.get_all("vary").iter().next().unwrap(), "Accept-Encoding", "{path}");
            assert_eq!(plain(&zipped), answer.body, "{path}");
            let refused = browser(&app).send(Method::GET, path, &[("accept-encoding", "gzip;q=0")], Bytes::new()).await;
            assert!(refused.header("content-encoding").is_none(), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_of_the_directory_is_served() {
    let app = app(&[]).await;
    for path in [
        "/ui/manifest.json",
        "/ui/licenses.md",
        "/ui/service-worker.js",
        "/ui/texts/en.json",
        "/ui/..%2fmanifest.json",
        "/ui/..%2f..%2fCargo.toml",
        "/ui/%2e%2e%2fCargo.toml",
        "/ui/nothing-12345678.js",
        "/ui/",
        "/ui",
        "/ui/logo",
        "/ui/%00",
        "/ui/%ff",
    ] {
        let answer = app.app_client().get(path).await;
        assert!([400, 404].contains(&answer.status.as_u16()), "{path} {}", answer.status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_worker_may_do_what_pages_may() {
    let app = app(&[]).await;
    let worker = browser(&app).get("/service-worker.js").await.is(200);
    assert_eq!(worker.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(worker.header("cache-control"), Some("no-cache"));
    let page = browser(&app).get("/chat").await;
    assert_eq!(worker.header("content-security-policy"), page.header("content-security-policy"));
    // An asset that is opened as a page may do nothing.
    let css = browser(&app).get("/ui/brand.css").await;
    assert!(css.header("content-security-policy").unwrap().starts_with("default-src 'none'; base-uri 'none'"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sign_in_page_is_light() {
    let app = app(&[]).await;
    let page = browser(&app).send(Method::GET, "/login", &[GZIP], Bytes::new()).await;
    assert_eq!(page.header("content-encoding"), Some("gzip"));
    let mut weight = page.body.len();
    let page = is_page(page, 200);
    for path in page.loads() {
        weight += browser(&app).send(Method::GET, &path, &[GZIP], Bytes::new()).await.is(200).body.len();
    }
    assert!(weight <= BUDGET, "the sign-in page weighs {weight} bytes, more than {BUDGET}");
    println!("the sign-in page weighs {weight} bytes");
}

/// Names of namespaces and links for people stand in scripts; what a browser would fetch does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_style_sheet_or_picture_fetches_from_elsewhere() {
    let app = app(&[]).await;
    let mut styles = 0;
    for (path, ..) in PAGES {
        for file in is_page(browser(&app).get(path).await, 200).loads() {
            let text = browser(&app).get(&file).await.text();
            if file.ends_with(".css") {
                styles += 1;
                for address in ["http:", "https:", "url(//", "@import"] {
                    assert!(!text.contains(address), "{file} holds {address}");
                }
            } else {
                for address in ["import(\"http", "from\"http", "fetch(\"http", "src=\"http", "new WebSocket(\"ws"] {
                    assert!(!text.contains(address), "{file} holds {address}");
                }
            }
        }
    }
    assert!(styles >= PAGES.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_compressed_for_who_takes_it() {
    let app = app(&[]).await;
    let zipped = browser(&app).send(Method::GET, "/account", &[GZIP], Bytes::new()).await;
    let plain_one = browser(&app).get("/account").await;
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    assert_eq!(plain(&zipped), plain_one.body);
    assert!(zipped.body.len() * 2 < plain_one.body.len());
}
