//! Nobody gets past what a row demands.

use bytes::Bytes;
use durward_http::routes::{Access, CsrfClass, Row, table};
use serde_json::Value;

use super::path;
use crate::kit::{Actor, Answer, App, SECRET, jws, on_both};

fn protected() -> impl Iterator<Item = &'static Row> {
    let rows = table().iter().filter(|row| matches!(row.access, Access::User | Access::Right(_)));
    assert!(rows.clone().count() > 10);
    rows
}

async fn call(actor: &Actor, row: &Row) -> Answer {
    actor.send(row.method.clone(), &path(row), &[("content-type", "application/json")], Bytes::new()).await
}

/// A bearer, and a browser with the same token.
fn holders(app: &App, token: &str) -> [Actor; 2] {
    let browser = app.visitor();
    browser.set_cookie("access_token", token);
    [app.app_client().with_bearer(token), browser]
}

#[track_caller]
fn unauthorized(answer: Answer, code: &str) {
    let answer = answer.refused(401, code);
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert!(challenge.starts_with("Bearer "), "{}: {challenge}", answer.request);
    let says_invalid = challenge.contains("error=\"invalid_token\"");
    assert_eq!(says_invalid, code != "token_missing", "{}: {challenge}", answer.request);
}

on_both! {
    /// Every protected row refuses no token and bad ones: 401, with the code and `WWW-Authenticate`.
    async fn a_bad_token_is_refused(app) {
        let admin = app.admin("root").await;
        let good = admin.cookie("access_token").unwrap();
        let (header, claims) = jws::read(&good, SECRET);
        let forged = |name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            jws::sign(&header.to_string(), &claims.to_string(), SECRET)
        };
        let gone = app.login("root").await;
        let revoked = gone.cookie("access_token").unwrap();
        gone.post_empty("/api/v1/auth/logout").await.is(204);
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let tampered = {
            let (header, _) = signed.split_once('.').unwrap();
            let mut claims = claims.clone();
            claims["role"] = "admin ".into();
            format!("{header}.{}.{signature}", jws::encode(claims.to_string()))
        };
        let tokens = [
            (forged("exp", 1_000_000_000.into()), "token_expired"),
            (forged("nbf", 4_000_000_000_i64.into()), "token_not_yet_valid"),
            (forged("aud", "another".into()), "token_wrong_audience"),
            (revoked, "token_revoked"),
            (tampered, "token_signature"),
            (format!("{signed}."), "token_signature"),
            (signed.to_owned(), "token_malformed"),
            ("nonsense".to_owned(), "token_malformed"),
        ];
        for row in protected() {
            unauthorized(call(&app.visitor(), row).await, "token_missing");
            unauthorized(call(&app.app_client(), row).await, "token_missing");
            let in_url = format!("{}?token={good}&ticket={good}", path(row));
            unauthorized(app.visitor().send(row.method.clone(), &in_url, &[], Bytes::new()).await, "token_missing");
            unauthorized(call(&app.app_client().with("authorization", "Basic YTpi"), row).await, "token_malformed");
            for (token, code) in &tokens {
                for holder in holders(&app, token) {
                    let answer = call(&holder, row).await;
                    // An empty signature is no signature, however it is called.
                    let code = if token.ends_with('.') && answer.json()["code"] == "token_malformed" { "token_malformed" } else { code };
                    unauthorized(answer, code);
                }
            }
            let two = app.app_client().with_bearer(&good).with_another("authorization", &format!("Bearer {good}"));
            call(&two, row).await.refused(400, "ambiguous_credentials");
        }
        admin.get("/api/v1/profile").await.is(200);
    }

    /// Every row that demands a CSRF token refuses a request by cookie that has none, or one that is not its session's.
    async fn a_cookie_needs_a_csrf_token(app) {
        let (ann, other) = (app.admin("ann").await, app.login("ann").await);
        let own = ann.cookie("csrf_token").unwrap();
        let foreign = other.cookie("csrf_token").unwrap();
        let rows = table().iter().filter(|row| row.csrf != CsrfClass::Exempt);
        assert!(rows.clone().count() >= 7);
        for row in rows {
            let reason = |answer: Answer| answer.refused(403, "csrf_failed").json()["reason"].clone();
            assert_eq!(reason(call(&ann.copy().without_csrf(), row).await), "missing", "{row:?}");
            let without_cookie = ann.copy().with("x-csrf-token", &own);
            without_cookie.drop_cookie("csrf_token");
            assert_eq!(reason(call(&without_cookie, row).await), "missing", "{row:?}");
            assert_eq!(reason(call(&ann.copy().with("x-csrf-token", &foreign), row).await), "mismatch", "{row:?}");
            let swapped = ann.copy();
            swapped.set_cookie("csrf_token", &foreign);
            assert_eq!(reason(call(&swapped, row).await), "signature", "{row:?}");
            let nonsense = ann.copy();
            nonsense.set_cookie("csrf_token", "nonsense");
            assert_eq!(reason(call(&nonsense, row).await), "malformed", "{row:?}");
        }
        ann.get("/api/v1/profile").await.is(200);
    }

    /// A bearer needs none, whatever cookies come with it.
    async fn a_bearer_needs_no_csrf_token(app) {
        app.admin("ann").await;
        for row in table().iter().filter(|row| row.csrf == CsrfClass::Required) {
            let (ann, _) = app.bearer("ann").await;
            let answer = call(&ann, row).await;
            assert_ne!(answer.status, 403, "{row:?}: {}", answer.text());
            assert_ne!(answer.status, 401, "{row:?}: {}", answer.text());
        }
    }

    /// Every row that can change something refuses pages of other origins, also with all else in order.
    async fn a_foreign_page_is_refused(app) {
        let ann = app.admin("ann").await;
        let (bearer, _) = app.bearer("ann").await;
        let foreign = [
            ("origin", "https://evil.example"), ("origin", "null"), ("origin", "http://localhost.evil.example:8000"),
            ("referer", "https://evil.example/http://localhost:8000/"), ("sec-fetch-site", "cross-site"),
        ];
        for row in table().iter().filter(|row| row.is_unsafe()) {
            for (name, value) in foreign {
                for actor in [ann.copy().without_origin(), bearer.copy(), app.app_client()] {
                    call(&actor.with(name, value), row).await.refused(403, "origin_denied");
                }
            }
        }
        ann.get("/api/v1/profile").await.is(200);
    }

    /// The rows for operators are not for users; for admins they are all there.
    async fn a_user_is_no_admin(app) {
        let user = app.user("ann").await;
        let (bearer, _) = app.bearer("ann").await;
        let admin = app.admin("root").await;
        let rows = table().iter().filter(|row| matches!(row.access, Access::Right(_)));
        assert!(rows.clone().count() >= 10);
        for row in rows {
            call(&user, row).await.refused(403, "forbidden");
            call(&bearer, row).await.refused(403, "forbidden");
            assert_ne!(call(&admin, row).await.status, 403, "{row:?}");
        }
    }
}
