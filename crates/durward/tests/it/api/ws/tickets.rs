//! `POST /api/v1/ws/ticket`.

use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::{CHAT, ready_at, ticket};
use crate::kit::{Actor, App, on_both};

fn at(ticket: &str) -> String {
    format!("{CHAT}?ticket={ticket}")
}

/// Whoever comes with it is turned away, with a reason of contract section 3.
async fn turned_away(actor: &Actor, ticket: &str) {
    let mut socket = actor.socket(&at(ticket)).await;
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 1008);
    assert!(["token_expired", "token_revoked", "token_malformed"].contains(&reason.as_str()), "{reason}");
}

async fn asker(app: &App) -> Actor {
    app.user("ann").await
}

on_both! {
    /// It opens one socket, of the session that asked, for as long as its access token holds.
    async fn it_is_bound_to_its_session(app) {
        let ann = asker(&app).await;
        let status = ann.get("/api/v1/auth/status").await.is(200).json();
        let mut socket = app.visitor().socket(&at(&ticket(&ann).await)).await;
        let ready = socket.expect("ready").await;
        assert_eq!(ready["session_id"], status["session_id"]);
        assert_eq!(ready["user"]["email"], "ann@example.com");
        // A status tells the token's end in whole seconds as the token does.
        assert_eq!(ready["expires_at"], status["expires_at"]);
        ann.post_empty("/api/v1/auth/logout").await.is(204);
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
    }

    /// Of 64 that come with one ticket at once, one gets in.
    async fn it_is_used_once(app) {
        let ann = asker(&app).await;
        let ticket = ticket(&ann).await;
        let mut tasks = JoinSet::new();
        for _ in 0..64 {
            let (actor, path) = (app.visitor(), at(&ticket));
            tasks.spawn(async move {
                let mut socket = actor.socket(&path).await;
                match socket.next_raw().await {
                    Message::Text(text) => {
                        let ready: Value = serde_json::from_str(text.as_str()).unwrap();
                        assert_eq!(ready["type"], "ready");
                        true
                    }
                    Message::Close(Some(frame)) => {
                        assert_eq!(u16::from(frame.code), 1008);
                        false
                    }
                    other => panic!("{other:?}"),
                }
            });
        }
        let let_in = tasks.join_all().await.into_iter().filter(|let_in| *let_in).count();
        assert_eq!(let_in, 1);
        turned_away(&app.visitor(), &ticket).await;
    }

    /// It holds for 30 seconds.
    async fn it_is_short_lived(app) {
        let ann = asker(&app).await;
        let (used_in_time, too_old) = (ticket(&ann).await, ticket(&ann).await);
        app.clock.advance(Duration::from_secs(25));
        ready_at(&app.visitor(), &at(&used_in_time)).await;
        app.clock.advance(Duration::from_secs(6));
        turned_away(&app.visitor(), &too_old).await;
    }

    /// It dies with its session.
    async fn it_ends_with_its_session(app) {
        let ann = asker(&app).await;
        let ticket = ticket(&ann).await;
        ann.post_empty("/api/v1/auth/logout").await.is(204);
        turned_away(&app.visitor(), &ticket).await;
    }

    /// It is made for those who are logged in, with a CSRF token where a cookie says so.
    async fn it_is_not_for_everybody(app) {
        app.visitor().post_empty("/api/v1/ws/ticket").await.refused(401, "token_missing");
        let ann = asker(&app).await;
        ann.copy().without_csrf().post_empty("/api/v1/ws/ticket").await.refused(403, "csrf_failed");
        turned_away(&app.visitor(), "nonsense").await;
        turned_away(&app.visitor(), "").await;
        turned_away(&app.visitor(), &"x".repeat(9_000)).await;
    }

    /// It is no access token, and an access token is no ticket.
    async fn it_is_good_for_nothing_else(app) {
        let ann = asker(&app).await;
        let ticket = ticket(&ann).await;
        app.visitor().with_bearer(&ticket).get("/api/v1/profile").await.refused(401, "token_malformed");
        app.visitor().get(&format!("/api/v1/profile?ticket={ticket}")).await.refused(401, "token_missing");
        turned_away(&app.visitor(), &ann.cookie("access_token").unwrap()).await;
        ready_at(&app.visitor(), &at(&ticket)).await;
    }
}

on_both! {
    with &[("CORS_ALLOWED_ORIGINS", "https://chat.example")];

    /// It counts only for the origin that asked, and is lost when it is tried from another.
    async fn it_is_bound_to_its_origin(app) {
        let ann = asker(&app).await;
        let elsewhere = || app.visitor().with("origin", "https://chat.example");
        let first = ticket(&ann).await;
        turned_away(&elsewhere(), &first).await;
        turned_away(&app.visitor(), &first).await;
        turned_away(&app.visitor().without_origin(), &ticket(&ann).await).await;
        let there = ticket(&ann.copy().with("origin", "https://chat.example")).await;
        ready_at(&elsewhere(), &at(&there)).await;
        let (client, _) = app.bearer("ann").await;
        ready_at(&app.visitor().without_origin(), &at(&ticket(&client).await)).await;
        turned_away(&app.visitor(), &ticket(&client).await).await;
    }
}
