//! Requests from pages: `Origin`, `Referer`, Fetch Metadata and CORS.

use super::*;

const ORIGINS: &[(&str, &str)] = &[("CORS_ALLOWED_ORIGINS", "https://spa.example.com,http://localhost:3000")];

on_both! {
    with ORIGINS;

    /// Which pages may change something, by what the browser says of them.
    async fn who_may_change_something(app) {
        let own = app.origin.as_str();
        let page = format!("{own}/some/page?x=https://evil.example");
        let table: Vec<(Vec<(&str, &str)>, bool)> = vec![
            (vec![("origin", own)], true),
            (vec![("origin", "https://spa.example.com")], true),
            (vec![("origin", "http://localhost:3000")], true),
            (vec![("origin", "https://spa.example.com:443")], true),
            (vec![("origin", "HTTPS://SPA.example.com")], true),
            (vec![], true),
            (vec![("origin", "https://evil.example")], false),
            (vec![("origin", "null")], false),
            (vec![("origin", "")], false),
            (vec![("origin", "http://spa.example.com")], false),
            (vec![("origin", "https://spa.example.com:8443")], false),
            (vec![("origin", "https://spa.example.com.evil.example")], false),
            (vec![("origin", "https://evil-spa.example.com")], false),
            (vec![("origin", "https://sub.spa.example.com")], false),
            (vec![("origin", "https://example.com")], false),
            (vec![("origin", "https://spa.example.com/")], false),
            (vec![("origin", "https://spa.example.com@evil.example")], false),
            (vec![("origin", "https://evil.example/https://spa.example.com")], false),
            (vec![("origin", "http://localhost:3001")], false),
            (vec![("origin", "http://localhost")], false),
            (vec![("origin", "http://127.0.0.1:3000")], false),
            (vec![("origin", "*")], false),
            (vec![("referer", &page)], true),
            (vec![("referer", "https://spa.example.com/x")], true),
            (vec![("referer", "https://evil.example/?https://spa.example.com/")], false),
            (vec![("referer", "https://spa.example.com.evil.example/")], false),
            (vec![("referer", "nonsense")], false),
            (vec![("origin", own), ("referer", "https://evil.example/")], true),
            (vec![("origin", "null"), ("referer", &page)], false),
            (vec![("origin", "https://evil.example"), ("referer", &page)], false),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("sec-fetch-site", "cross-site"), ("referer", &page)], false),
            (vec![("sec-fetch-site", "cross-site"), ("origin", "https://spa.example.com")], true),
            (vec![("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], false),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], true),
            (vec![("sec-fetch-site", "none")], true),
        ];
        for (number, (headers, allowed)) in table.into_iter().enumerate() {
            let client = app.app_client();
            let body = json!({ "email": format!("u{number}@example.com"), "password": PASSWORD }).to_string();
            let headers = [headers.as_slice(), &[JSON]].concat();
            let answer = client.send(Method::POST, "/api/v1/auth/register", &headers, body.into()).await;
            if allowed {
                assert_eq!(answer.status, 201, "{headers:?}");
            } else {
                assert_eq!(answer.status, 403, "{headers:?}");
                answer.refused(403, "origin_denied");
            }
            // Reading is nobody's to forbid: the browser shows the answer to its own pages alone.
            client.send(Method::GET, STATUS, &headers, Bytes::new()).await.is(200);
        }
        let twice = app.visitor().with_another("origin", own).post_empty("/api/v1/auth/logout").await;
        twice.refused(403, "origin_denied");
        for method in [Method::PUT, Method::DELETE] {
            let evil = app.visitor().with("origin", "https://evil.example");
            let path = if method == Method::PUT { "/api/v1/settings" } else { "/api/v1/sessions" };
            evil.send(method, path, &[], Bytes::new()).await.refused(403, "origin_denied");
        }
    }

    /// Preflights and answers are for listed origins, with credentials, and never for all.
    async fn cors(app) {
        let ask = [("access-control-request-method", "PUT"), ("access-control-request-headers", "x-csrf-token")];
        for origin in [app.origin.as_str(), "https://spa.example.com", "http://localhost:3000"] {
            let page = app.visitor().with("origin", origin);
            let answer = page.send(Method::OPTIONS, "/api/v1/settings", &ask, Bytes::new()).await.is(204);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
            assert!(answer.header("access-control-allow-methods").unwrap().contains("PUT"));
            let headers = answer.header("access-control-allow-headers").unwrap().to_ascii_lowercase();
            for name in ["content-type", "authorization", "x-csrf-token"] {
                assert!(headers.contains(name), "{headers}");
            }
            for answer in [
                page.get(STATUS).await.is(200),
                page.get("/api/v1/profile").await.is(401),
                page.get("/nope").await.is(404),
            ] {
                assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{}", answer.request);
                assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
                let exposed = answer.header("access-control-expose-headers").unwrap().to_ascii_lowercase();
                assert!(exposed.contains("x-csrf-token") && exposed.contains("x-request-id"), "{exposed}");
                assert!(answer.header("vary").unwrap().to_ascii_lowercase().contains("origin"));
            }
        }
        for origin in ["https://evil.example", "null", "https://spa.example.com.evil.example", "*"] {
            let page = app.visitor().with("origin", origin);
            for answer in [
                page.send(Method::OPTIONS, "/api/v1/settings", &ask, Bytes::new()).await.is(204),
                page.get(STATUS).await.is(200),
                page.post("/api/v1/auth/login", json!({})).await.is(403),
            ] {
                let said = answer.headers.keys().filter(|name| name.as_str().starts_with("access-control"));
                assert_eq!(said.count(), 0, "{origin} {}", answer.request);
                assert!(answer.header("vary").unwrap().to_ascii_lowercase().contains("origin"));
            }
        }
        // An OPTIONS that is no preflight lists the methods.
        let answer = app.app_client().send(Method::OPTIONS, "/api/v1/settings", &[], Bytes::new()).await.is(204);
        assert_eq!(answer.header("allow"), Some("GET, HEAD, PUT, OPTIONS"));
        assert_eq!(answer.header("access-control-allow-methods"), None);
        app.app_client().send(Method::OPTIONS, "/nope", &[], Bytes::new()).await.refused(404, "not_found");
    }

    /// A page of a listed origin goes the whole way, with its cookies.
    async fn a_page_of_another_origin_works(app) {
        app.register("ann").await;
        let page = app.visitor().with("origin", "https://spa.example.com").with("sec-fetch-site", "cross-site");
        let body = json!({ "email": "ann@example.com", "password": PASSWORD });
        page.post("/api/v1/auth/login", body).await.is(200);
        page.put("/api/v1/settings", json!({ "theme": "light" })).await.is(200);
        page.post_empty("/api/v1/auth/refresh").await.is(200);
        let mut socket = page.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        assert_eq!(
            page.copy().with("origin", "https://evil.example").try_socket("/api/v1/ws/chat").await.err(),
            Some(403)
        );
        page.post_empty("/api/v1/auth/logout").await.is(204);
    }
}
