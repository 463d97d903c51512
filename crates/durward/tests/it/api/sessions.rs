//! `/api/v1/sessions`.

use crate::kit::on_both;

on_both! {
    /// One's own sessions are listed, newest first, and the one that asks is marked.
    async fn they_are_listed(app) {
        let first = app.user("ann").await;
        let second = app.login("ann").await;
        let sessions = second.get("/api/v1/sessions").await.is(200).json();
        let current: Vec<_> = sessions["items"].as_array().unwrap().iter().map(|item| item["current"].clone()).collect();
        assert_eq!(current, [true, false]);
        first.get("/api/v1/sessions").await.is(200);
    }

    /// Ending a session ends it for REST and for its open sockets, and for no other.
    async fn one_can_be_ended(app) {
        let ann = app.user("ann").await;
        let other = app.login("ann").await;
        let mut socket = other.socket("/api/v1/ws/chat").await;
        let ready = socket.expect("ready").await;
        let id = ready["session_id"].as_str().unwrap();
        ann.delete(&format!("/api/v1/sessions/{id}")).await.is(204);
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        other.get("/api/v1/profile").await.refused(401, "token_revoked");
        ann.get("/api/v1/profile").await.is(200);
        ann.delete(&format!("/api/v1/sessions/{id}")).await.refused(404, "not_found");
    }

    /// Another user's session is not there.
    async fn another_users_is_not_found(app) {
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let sessions = bob.get("/api/v1/sessions").await.is(200).json();
        let id = sessions["items"][0]["id"].as_str().unwrap();
        ann.delete(&format!("/api/v1/sessions/{id}")).await.refused(404, "not_found");
        bob.get("/api/v1/profile").await.is(200);
    }

    /// All but one's own end.
    async fn all_others_can_be_ended(app) {
        let ann = app.user("ann").await;
        let (second, third) = (app.login("ann").await, app.login("ann").await);
        ann.delete("/api/v1/sessions").await.is(204);
        for gone in [second, third] {
            gone.get("/api/v1/profile").await.refused(401, "token_revoked");
        }
        let sessions = ann.get("/api/v1/sessions").await.is(200).json();
        assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
    }
}
