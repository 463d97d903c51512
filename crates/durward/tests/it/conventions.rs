//! What holds for every answer (contract section 1), and for every request from a browser (section 4).

mod origins;

use bytes::Bytes;
use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kit::{Answer, App, PASSWORD, on_both};

const STATUS: &str = "/api/v1/auth/status";
const JSON: (&str, &str) = ("content-type", "application/json");
const LIMIT: usize = 64 * 1_024;

/// Sends these bytes and reads until the server has said all.
async fn raw(app: &App, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let (sent, received) = tokio::join!(writer.write_all(request), async {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(std::time::Duration::from_secs(10), reader.read_to_end(&mut answer)).await;
        read.expect("the server closes").map(|_| answer)
    });
    // A server that has refused may close before all has been sent; what it said counts.
    drop(sent);
    String::from_utf8_lossy(&received.unwrap()).into_owned()
}

/// A registration of this many bytes in all.
fn body_of(length: usize) -> Bytes {
    let body = json!({ "email": "ann@example.com", "password": PASSWORD }).to_string();
    Bytes::from(format!("{body}{}", " ".repeat(length - body.len())))
}

on_both! {
    /// Each kind of refusal is a whole problem (RFC 9457), with the request's own id.
    async fn every_refusal_is_a_problem(app) {
        let ann = app.user("ann").await;
        let (client, _) = app.bearer("ann").await;
        let no_body = Bytes::new;
        let table: Vec<(Answer, u16, &str)> = vec![
            (ann.get("/nope").await, 404, "not_found"),
            (ann.get("/api/v1/nope").await, 404, "not_found"),
            (ann.get("/api/v1/profile/").await, 404, "not_found"),
            (ann.get("/api/v2/profile").await, 404, "not_found"),
            (ann.get("/API/V1/PROFILE").await, 404, "not_found"),
            (ann.get("//api/v1/profile").await, 404, "not_found"),
            (ann.get("/api/v1/%2e%2e/profile").await, 404, "not_found"),
            (ann.post("/api/v1/nope", json!({})).await, 404, "not_found"),
            (ann.delete("/api/v1/sessions/nonsense").await, 404, "not_found"),
            (ann.delete("/api/v1/profile").await, 405, "method_not_allowed"),
            (ann.send(Method::PATCH, STATUS, &[], no_body()).await, 405, "method_not_allowed"),
            (ann.send(Method::TRACE, STATUS, &[], no_body()).await, 405, "method_not_allowed"),
            (ann.send(Method::from_bytes(b"BREW").unwrap(), STATUS, &[], no_body()).await, 405, "method_not_allowed"),
            (ann.get("/api/v1/auth/login").await, 405, "method_not_allowed"),
            (client.put("/api/v1/settings", json!({ "nope": 1 })).await, 422, "validation_failed"),
            (client.send(Method::PUT, "/api/v1/settings", &[JSON], "{".into()).await, 400, "bad_body"),
            (
                client
                    .send(Method::PUT, "/api/v1/settings", &[JSON], Bytes::from_static(b"{\"theme\":\"\xff\"}"))
                    .await,
                400,
                "bad_body",
            ),
            (client.send(Method::PUT, "/api/v1/settings", &[], "{}".into()).await, 415, "unsupported_media_type"),
            (
                client.send(Method::PUT, "/api/v1/settings", &[("content-type", "text/plain")], "{}".into()).await,
                415,
                "unsupported_media_type",
            ),
            (
                client
                    .send(
                        Method::PUT,
                        "/api/v1/settings",
                        &[("content-type", "application/json; charset=latin1")],
                        "{}".into(),
                    )
                    .await,
                415,
                "unsupported_media_type",
            ),
            (client.send(Method::PUT, "/api/v1/settings", &[JSON], body_of(LIMIT + 1)).await, 413, "body_too_large"),
            (client.get("/api/v1/sessions?limit=%").await, 400, "bad_request"),
            (client.get("/api/v1/admin/users").await, 403, "forbidden"),
            (app.visitor().get("/api/v1/profile").await, 401, "token_missing"),
            (app.visitor().with("origin", "null").post_empty("/api/v1/auth/logout").await, 403, "origin_denied"),
        ];
        for (answer, status, code) in table {
            let answer = answer.refused(status, code);
            let body = answer.json();
            assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
            assert!(body["type"].as_str().unwrap().contains(':'), "a URI: {body}");
            assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{}", answer.request);
            assert_eq!(answer.header("allow").is_some(), status == 405, "{}", answer.request);
        }
    }

    /// A 405 says what there is instead.
    async fn a_405_lists_the_methods(app) {
        for (path, allow) in [
            ("/api/v1/profile", "GET, HEAD, PUT, OPTIONS"),
            ("/api/v1/auth/logout", "POST, DELETE, OPTIONS"),
            ("/api/v1/auth/register", "POST, OPTIONS"),
            ("/api/v1/sessions", "GET, HEAD, DELETE, OPTIONS"),
            ("/health", "GET, HEAD, OPTIONS"),
        ] {
            let answer = app.visitor().send(Method::PATCH, path, &[], Bytes::new()).await;
            assert_eq!(answer.refused(405, "method_not_allowed").header("allow"), Some(allow), "{path}");
        }
    }

    /// A sane id of the client's is kept, any other is replaced by one of ours.
    async fn request_ids(app) {
        let longest = "x".repeat(128);
        for sane in ["1", "7f3e-22_a.b:c", &longest, "01890000-0000-7000-8000-000000000000"] {
            let answer = app.visitor().with("x-request-id", sane).get("/nope").await;
            assert_eq!((answer.header("x-request-id"), answer.json()["request_id"].as_str()), (Some(sane), Some(sane)));
        }
        let too_long = "x".repeat(129);
        let mut seen = std::collections::BTreeSet::new();
        for odd in ["", "a b", "a\"b", "{}", "<script>", "a;b", "a,b", "é", "a/../b", &too_long] {
            let answer = app.visitor().with("x-request-id", odd).get(STATUS).await.is(200);
            let id = answer.header("x-request-id").unwrap().to_owned();
            assert_eq!((id.len(), id.as_bytes()[14]), (36, b'7'), "{odd:?} gave {id}");
            assert!(seen.insert(id));
        }
        let twice = app.visitor().with("x-request-id", "a").with_another("x-request-id", "a").get(STATUS).await;
        assert_eq!(twice.header("x-request-id").unwrap().len(), 36);
        assert_eq!(app.visitor().get("/health").await.header("x-request-id").unwrap().len(), 36);
    }

    /// The strict headers are on every answer, and nothing under `/api/` is kept by anybody.
    async fn security_headers(app) {
        let ann = app.user("ann").await;
        for answer in [
            ann.get(STATUS).await,
            ann.get("/nope").await,
            ann.get("/api/v1/nope").await,
            ann.delete(STATUS).await,
            ann.put("/api/v1/settings", json!({ "nope": 1 })).await,
            app.visitor().get("/api/v1/profile").await,
            ann.get("/health").await,
            ann.get("/docs").await,
            ann.get("/").await,
            ann.get("/metrics").await,
            ann.get("/.well-known/jwks.json").await,
            ann.get("/api/v1/openapi.json").await,
            ann.send(Method::OPTIONS, STATUS, &[], Bytes::new()).await,
            ann.send(Method::HEAD, STATUS, &[], Bytes::new()).await,
            ann.post_empty("/api/v1/auth/logout").await,
        ] {
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("x-frame-options", "DENY"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{}", answer.request);
            }
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
            assert_eq!(answer.header("strict-transport-security"), None);
            let api = answer.request.contains(" /api/");
            assert_eq!(answer.header("cache-control") == Some("no-store"), api, "{}", answer.request);
            assert_eq!(answer.header("server").or(answer.header("x-powered-by")), None);
        }
    }

    /// 64 KiB and no more, whether the length is said before or not.
    async fn bodies_are_bounded(app) {
        let register = "/api/v1/auth/register";
        app.visitor().send(Method::POST, register, &[JSON], body_of(LIMIT)).await.is(201);
        for length in [LIMIT + 1, 3 * LIMIT] {
            let answer = app.visitor().send(Method::POST, register, &[JSON], body_of(length)).await;
            answer.refused(413, "body_too_large");
        }
        let head = |more: &str| {
            format!(
                "POST {register} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Connection: close\r\n{more}\r\n"
            )
        };
        let chunked = |length: usize| {
            let mut request = head("Transfer-Encoding: chunked\r\n").into_bytes();
            for chunk in body_of(length).chunks(4_096) {
                request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                request.extend_from_slice(chunk);
                request.extend_from_slice(b"\r\n");
            }
            request.extend_from_slice(b"0\r\n\r\n");
            request
        };
        let answer = raw(&app, &chunked(LIMIT)).await;
        assert!(answer.starts_with("HTTP/1.1 409 "), "{answer}");
        let answer = raw(&app, &chunked(LIMIT + 1)).await;
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body_too_large"), "{answer}");
        // Refused by what it says of itself, before anything of it has come.
        let answer = raw(&app, head("Content-Length: 99999999\r\nExpect: 100-continue\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        // A body on a request that takes none is bounded too.
        let answer = app.visitor().send(Method::POST, "/api/v1/auth/logout", &[], body_of(LIMIT + 1)).await;
        answer.refused(413, "body_too_large");
    }

    /// What is not even HTTP is refused and harms nobody.
    async fn what_is_no_request(app) {
        let big = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "x".repeat(60_000));
        let answer = raw(&app, big.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        for nonsense in [
            "nonsense\r\n\r\n",
            "GET\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n",
        ] {
            let answer = raw(&app, nonsense.as_bytes()).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{nonsense:?}: {answer}");
        }
        app.visitor().get(STATUS).await.is(200);
    }

    /// `HEAD` is `GET` without the body.
    async fn head_requests(app) {
        let ann = app.user("ann").await;
        for path in [STATUS, "/api/v1/profile", "/api/v1/settings", "/health", "/docs", "/nope", "/api/v1/auth/login"] {
            let (get, head) = (ann.get(path).await, ann.send(Method::HEAD, path, &[], Bytes::new()).await);
            assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
            assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        }
        app.visitor().send(Method::HEAD, "/api/v1/profile", &[], Bytes::new()).await.is(401);
    }
}

mod switched_off {
    use super::*;

    on_both! {
        with &[("SECURITY_HEADERS_ENABLED", "false")];

        /// Where a proxy sets them, they are not set twice. What is no such header stays.
        async fn security_headers(app) {
            let answer = app.visitor().get(STATUS).await.is(200);
            for name in [
                "x-content-type-options",
                "referrer-policy",
                "x-frame-options",
                "content-security-policy",
                "cross-origin-opener-policy",
                "strict-transport-security",
            ] {
                assert_eq!(answer.header(name), None);
            }
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert!(answer.header("x-request-id").is_some());
        }
    }
}

mod over_https {
    use durward_store::testing::Backend;

    use super::*;

    #[tokio::test]
    async fn browsers_are_told_to_stay_there_in_production() {
        for (environment, said) in [("production", true), ("staging", false), ("development", false)] {
            let settings = [("ENVIRONMENT", environment), ("DURWARD_SERVER__PUBLIC_URL", "https://app.example.com")];
            let app = App::with(Backend::Sqlite, &settings).await;
            for path in [STATUS, "/nope", "/docs"] {
                let answer = app.visitor().get(path).await;
                let hsts = answer.header("strict-transport-security");
                assert_eq!(hsts.is_some_and(|value| value.starts_with("max-age=")), said, "{environment} {path}");
            }
        }
    }
}
