//! `POST` and `DELETE /api/v1/auth/logout`.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::kit::{Answer, App, on_both};

const LOGOUT: &str = "/api/v1/auth/logout";
const REFRESH: &str = "/api/v1/auth/refresh";

/// The tokens' cookies are cleared, with the attributes that they were set with; the next CSRF token is a visitor's.
#[track_caller]
fn clears_cookies(answer: &Answer) {
    assert_eq!(answer.set_cookie("access_token"), Some("access_token=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly"));
    let refresh = "refresh_token=; Path=/api/v1/auth; Max-Age=0; SameSite=Lax; HttpOnly";
    assert_eq!(answer.set_cookie("refresh_token"), Some(refresh));
    assert!(answer.set_cookie("csrf_binding").unwrap().contains("HttpOnly"));
    let csrf = answer.set_cookie("csrf_token").unwrap();
    assert!(csrf.contains(answer.header("x-csrf-token").unwrap()));
    assert_eq!(answer.set_cookie("device_id"), None, "the device stays known");
}

async fn ended(app: &App, reason: &str) -> i64 {
    app.database.count(&format!("SELECT COUNT(*) FROM user_sessions WHERE end_reason = '{reason}'")).await
}

on_both! {
    /// The session ends at once, for the access token, the refresh token and its sockets; other sessions stay.
    async fn it_ends_the_session(app) {
        app.register("ann").await;
        let other = app.login("ann").await;
        for method in [Method::POST, Method::DELETE] {
            let ann = app.login("ann").await;
            let kept = ann.copy();
            let mut socket = ann.socket("/api/v1/ws/chat").await;
            socket.expect("ready").await;
            let answer = ann.send(method, LOGOUT, &[], bytes::Bytes::new()).await.is(204);
            clears_cookies(&answer);
            assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
            kept.get("/api/v1/profile").await.refused(401, "token_revoked");
            kept.post_empty(REFRESH).await.refused(401, "token_revoked");
            ann.get("/api/v1/profile").await.refused(401, "token_missing");
        }
        other.get("/api/v1/profile").await.is(200);
        assert_eq!(ended(&app, "logout").await, 2);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'logout'").await, 2);
    }

    /// It needs no CSRF token: nobody is kept from leaving.
    async fn it_needs_no_csrf_token(app) {
        let ann = app.user("ann").await.without_csrf();
        ann.post_empty(LOGOUT).await.is(204);
        assert_eq!(ended(&app, "logout").await, 1);
    }

    /// But not from another site.
    async fn another_site_logs_nobody_out(app) {
        let ann = app.user("ann").await;
        ann.copy().with("origin", "https://evil.example").post_empty(LOGOUT).await.refused(403, "origin_denied");
        ann.get("/api/v1/profile").await.is(200);
    }

    /// Nobody, and whoever has something that is no session, is as logged out as can be.
    async fn nobody_can_log_out_too(app) {
        let ann = app.user("ann").await;
        let late = ann.copy();
        ann.post_empty(LOGOUT).await.is(204);
        clears_cookies(&late.post_empty(LOGOUT).await.is(204));
        clears_cookies(&app.visitor().post_empty(LOGOUT).await.is(204));
        clears_cookies(&app.visitor().delete(LOGOUT).await.is(204));
        app.app_client().with_bearer("nonsense").post_empty(LOGOUT).await.is(204);
        let nonsense = app.visitor();
        nonsense.set_cookie("access_token", "nonsense");
        nonsense.set_cookie("refresh_token", "nonsense");
        clears_cookies(&nonsense.post_empty(LOGOUT).await.is(204));
        app.visitor().post(LOGOUT, json!({})).await.is(204);
    }

    /// All sessions of the user end, and of nobody else.
    async fn everywhere(app) {
        let bob = app.user("bob").await;
        let ann = app.user("ann").await;
        let (client, token) = app.bearer("ann").await;
        let mut socket = client.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        clears_cookies(&ann.post_empty("/api/v1/auth/logout?everywhere=true").await.is(204));
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        client.get("/api/v1/profile").await.refused(401, "token_revoked");
        app.app_client().post(REFRESH, json!({ "refresh_token": token })).await.refused(401, "token_revoked");
        bob.get("/api/v1/profile").await.is(200);
        assert_eq!(ended(&app, "logout_everywhere").await, 2);

        let (first, second) = (app.login("ann").await, app.login("ann").await);
        first.delete("/api/v1/auth/logout?everywhere=false").await.is(204);
        second.get("/api/v1/profile").await.is(200);
        for query in ["everywhere=maybe", "everywhere=", "everywhere=true&everywhere=false", "all=true"] {
            let answer = second.post_empty(&format!("{LOGOUT}?{query}")).await;
            answer.refused(422, "validation_failed");
        }
        second.get("/api/v1/profile").await.is(200);
    }

    /// A bearer token's session ends by the token.
    async fn with_a_bearer_token(app) {
        app.register("ann").await;
        let (client, token) = app.bearer("ann").await;
        client.post_empty(LOGOUT).await.is(204);
        client.get("/api/v1/profile").await.refused(401, "token_revoked");
        app.app_client().post(REFRESH, json!({ "refresh_token": token })).await.refused(401, "token_revoked");
    }

    /// With an access token that has expired the refresh cookie still says whose session it is.
    async fn after_the_access_token_has_expired(app) {
        let ann = app.user("ann").await;
        let kept = ann.copy();
        app.clock.advance(Duration::from_secs(3_700));
        ann.get("/api/v1/profile").await.refused(401, "token_expired");
        clears_cookies(&ann.post_empty(LOGOUT).await.is(204));
        assert_eq!(ended(&app, "logout").await, 1);
        kept.get("/api/v1/auth/csrf-token").await.is(200);
        kept.post_empty(REFRESH).await.refused(401, "token_revoked");
    }

    /// A refresh token that was rotated away is no proof: whoever has an old copy logs nobody out.
    async fn an_old_refresh_token_logs_nobody_out(app) {
        let ann = app.user("ann").await;
        let old = app.visitor();
        old.set_cookie("refresh_token", &ann.cookie("refresh_token").unwrap());
        ann.post_empty(REFRESH).await.is(200);
        for query in ["", "?everywhere=true"] {
            old.copy().post_empty(&format!("{LOGOUT}{query}")).await.is(204);
        }
        ann.get("/api/v1/profile").await.is(200);
        // Nor is using it there a reuse that ends the session.
        app.clock.advance(Duration::from_secs(60));
        old.post_empty(LOGOUT).await.is(204);
        ann.get("/api/v1/profile").await.is(200);
        ann.post_empty(REFRESH).await.is(200);
    }

    /// Where the database is away the session has not ended, and the cookies stay.
    async fn a_503_clears_nothing(app) {
        let ann = app.user("ann").await;
        app.database.sql("ALTER TABLE user_sessions RENAME TO elsewhere").await;
        let answer = ann.post_empty(LOGOUT).await.is(503);
        assert!(answer.set_cookies().is_empty());
        app.database.sql("ALTER TABLE elsewhere RENAME TO user_sessions").await;
        ann.get("/api/v1/profile").await.is(200);
    }
}

mod in_production {
    use super::*;

    on_both! {
        with &[
            ("ENVIRONMENT", "production"),
            ("DURWARD_SERVER__PUBLIC_URL", "https://app.example.com"),
            ("DURWARD_COOKIES__DOMAIN", ".example.com"),
        ];

        /// A browser forgets a cookie only when name, path and domain are those that it was set with.
        async fn cookies_are_cleared_as_they_were_set(app) {
            let ann = app.user("ann").await;
            let answer = ann.post_empty(LOGOUT).await.is(204);
            let access =
                "__Secure-access_token=; Path=/; Max-Age=0; SameSite=Lax; Domain=example.com; HttpOnly; Secure";
            assert_eq!(answer.set_cookie("__Secure-access_token"), Some(access));
            let refresh = "__Secure-refresh_token=; Path=/api/v1/auth; Max-Age=0; SameSite=Lax; Domain=example.com; \
                HttpOnly; Secure";
            assert_eq!(answer.set_cookie("__Secure-refresh_token"), Some(refresh));
        }
    }
}
