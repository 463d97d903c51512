//! A socket goes on under a newer token, and ends when its token does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CHAT, ready};
use crate::kit::{Actor, App, Control, Socket, on_both};

fn auth(token: &str) -> Value {
    json!({ "type": "auth", "token": token })
}

/// Refreshes a bearer session: the new access token and the new refresh token.
async fn refresh(app: &App, token: &str) -> (String, String) {
    let answer = app.app_client().post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await.is(200).json();
    (answer["access_token"].as_str().unwrap().to_owned(), answer["refresh_token"].as_str().unwrap().to_owned())
}

async fn token_of(app: &App, name: &str) -> String {
    app.login(name).await.cookie("access_token").unwrap()
}

/// Opens the chat, and says when it ends.
async fn opened(actor: &Actor) -> (Socket, String) {
    let mut socket = actor.socket(CHAT).await;
    let ready = socket.expect("ready").await;
    (socket, ready["expires_at"].as_str().unwrap().to_owned())
}

on_both! {
    /// A token of another session, of somebody else, or a bad one changes nothing.
    async fn any_other_token_is_refused(app) {
        let (ann, _) = (app.user("ann").await, app.user("bob").await);
        let mut socket = ready(&ann).await;
        let good = ann.cookie("access_token").unwrap();
        let revoked = app.login("ann").await;
        let revoked_token = revoked.cookie("access_token").unwrap();
        revoked.post_empty("/api/v1/auth/logout").await.is(204);
        let cases = [
            (token_of(&app, "ann").await, None),
            (token_of(&app, "bob").await, None),
            (revoked_token, Some("token_revoked")),
            (format!("{}x", good.split_at(good.len() - 1).0), None),
            ("nonsense".to_owned(), Some("token_malformed")),
            (String::new(), Some("token_malformed")),
        ];
        for (token, code) in cases {
            socket.send(auth(&token)).await;
            let error = socket.expect("error").await;
            assert!(error["code"].as_str().unwrap().starts_with("token_"), "{error}");
            if let Some(code) = code {
                assert_eq!(error["code"], code);
            }
            socket.lives().await;
        }
        socket.send(auth(&good)).await;
        socket.expect("auth.renewed").await;
        // It is still the first session's socket, and ends with it alone.
        ann.post_empty("/api/v1/auth/logout").await.is(204);
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
    }

    /// A refresh of the session does not disturb its sockets.
    async fn a_refresh_keeps_the_sockets(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for _ in 0..3 {
            ann.post_empty("/api/v1/auth/refresh").await.is(200);
            ann.get("/api/v1/profile").await.is(200);
        }
        tokio::time::sleep(Duration::from_millis(600)).await;
        socket.lives().await;
    }
}

on_both! {
    with &[("DURWARD_TOKENS__ACCESS_TTL", "63s")];

    /// 60 seconds before the end the client is told, once for each token.
    async fn the_end_is_announced(app) {
        app.register("ann").await;
        let (control, started) = (Control::of(app.address), Instant::now());
        let (ann, old) = app.bearer("ann").await;
        let (mut socket, end_at) = opened(&ann).await;
        let expiring = socket.expect("auth.expiring").await;
        let waited = started.elapsed();
        assert_eq!(expiring["expires_at"].as_str(), Some(end_at.as_str()));
        assert!(waited > Duration::from_millis(1_500) && waited < control.allows(Duration::from_millis(4_500)), "{waited:?}");
        let (newer, _) = refresh(&app, &old).await;
        socket.send(auth(&newer)).await;
        let renewed = socket.expect("auth.renewed").await;
        let again = socket.expect("auth.expiring").await;
        assert_eq!(again["expires_at"], renewed["expires_at"]);
        app.clock.advance(Duration::from_secs(61));
        assert_eq!(socket.closed().await, (1008, "token_expired".to_owned()));
    }
}

on_both! {
    with &[("DURWARD_TOKENS__ACCESS_TTL", "8s")];

    /// At the token's end the socket closes, by the machine's clock.
    async fn the_end_is_kept(app) {
        app.register("ann").await;
        let (control, started) = (Control::of(app.address), Instant::now());
        let (ann, _) = app.bearer("ann").await;
        let mut socket = ready(&ann).await;
        socket.expect("auth.expiring").await;
        assert_eq!(socket.closed().await, (1008, "token_expired".to_owned()));
        let lived = started.elapsed();
        assert!(lived > Duration::from_millis(6_500) && lived < control.allows(Duration::from_secs(9)), "{lived:?}");
    }
}

on_both! {
    with &[("DURWARD_TOKENS__ACCESS_TTL", "4s")];

    /// A newer token of the same session prolongs the socket in place.
    async fn a_newer_token_prolongs(app) {
        app.register("ann").await;
        let (ann, old) = app.bearer("ann").await;
        let (mut socket, first_end) = opened(&ann).await;
        let started = Instant::now();
        socket.expect("auth.expiring").await;
        tokio::time::sleep(Duration::from_millis(2_200)).await;
        let (newer, _) = refresh(&app, &old).await;
        socket.send(auth(&newer)).await;
        let renewed = socket.expect("auth.renewed").await;
        assert!(renewed["expires_at"].as_str().unwrap() > first_end.as_str(), "{renewed}");
        socket.expect("auth.expiring").await;
        // Past the first end, and up to the second one.
        tokio::time::sleep(Duration::from_millis(4_100).saturating_sub(started.elapsed())).await;
        socket.lives().await;
        assert_eq!(socket.closed().await, (1008, "token_expired".to_owned()));
    }
}
