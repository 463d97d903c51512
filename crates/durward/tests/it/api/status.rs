//! `GET /api/v1/auth/status`.

use std::time::Duration;

use serde_json::json;

use crate::kit::on_both;

const STATUS: &str = "/api/v1/auth/status";

on_both! {
    /// By cookie and by bearer token it says who it is.
    async fn it_says_who_it_is(app) {
        let ann = app.user("ann").await;
        let (client, _) = app.bearer("ann").await;
        for actor in [ann, client] {
            let body = actor.get(STATUS).await.is(200).json();
            assert_eq!(body["authenticated"], true);
            assert_eq!(body["user"], actor.get("/api/v1/profile").await.is(200).json()["user"]);
            assert_eq!(body["auth_methods"], json!(["pwd"]));
            assert_eq!(body["session_id"].as_str().unwrap().len(), 36);
            let expires_at = body["expires_at"].as_str().unwrap();
            assert!(expires_at.ends_with('Z') && expires_at.contains('T'), "{expires_at}");
            assert_eq!(body["scopes"], json!(["user"]));
            assert_eq!(body.as_object().unwrap().len(), 6);
        }
    }

    /// No token and a bad one are both nobody, and no error.
    async fn nobody_is_no_error(app) {
        let ann = app.user("ann").await;
        let token = ann.cookie("access_token").unwrap();
        let nobody = json!({ "authenticated": false });
        assert_eq!(app.visitor().get(STATUS).await.is(200).json(), nobody);
        for bad in ["x", "a.b.c", &token[1..], &format!("{token}A"), &format!("{token}.x")] {
            assert_eq!(app.visitor().with_bearer(bad).get(STATUS).await.is(200).json(), nobody);
            let cookie = app.visitor();
            cookie.set_cookie("access_token", bad);
            let answer = cookie.get(STATUS).await.is(200);
            assert_eq!(answer.json(), nobody);
            assert!(answer.set_cookies().is_empty());
        }
        for header in ["Basic YTpi", "Bearer", "Bearer ", "Token x", &format!("Bearer {token} {token}")] {
            assert_eq!(ann.copy().with("authorization", header).get(STATUS).await.is(200).json(), nobody, "{header}");
        }
        assert_eq!(ann.get(STATUS).await.is(200).json()["authenticated"], true);
    }

    /// It follows what becomes of the session.
    async fn it_follows_the_session(app) {
        let ann = app.user("ann").await;
        let late = ann.copy();
        ann.post_empty("/api/v1/auth/logout").await.is(204);
        assert_eq!(late.get(STATUS).await.is(200).json(), json!({ "authenticated": false }));
        let again = app.login("ann").await;
        app.clock.advance(Duration::from_secs(3_601));
        assert_eq!(again.get(STATUS).await.is(200).json(), json!({ "authenticated": false }));
    }
}
