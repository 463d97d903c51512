//! Whatever ends a session closes its sockets, with the reason, and no other socket.

use std::time::{Duration, Instant};

use durward_proto::{AccountStatus, Role, UserId};
use serde_json::{Value, json};

use tokio_tungstenite::tungstenite::Message;

use super::{CHAT, answered, ready, refused, say};
use crate::kit::{Actor, Control, PASSWORD, Socket, on_both};

/// It is closed within the second that contract section 3 grants other processes.
async fn closed_in_time(socket: &mut Socket, since: Instant, control: &Control, reason: &str) {
    assert_eq!(socket.closed().await, (1008, reason.to_owned()));
    let took = since.elapsed();
    assert!(took < control.allows(Duration::from_secs(1)), "{took:?}");
}

async fn id(actor: &Actor) -> UserId {
    UserId(actor.get("/api/v1/auth/status").await.is(200).json()["user"]["id"].as_i64().unwrap())
}

on_both! {
    /// Logout closes all sockets of its session, and those of no other session.
    async fn a_logout_closes(app) {
        let (ann, second, bob) = (app.user("ann").await, app.login("ann").await, app.user("bob").await);
        let (mut one, mut two) = (ready(&ann).await, ready(&ann).await);
        let (mut seconds, mut bobs) = (ready(&second).await, ready(&bob).await);
        let (now, control) = (Instant::now(), Control::of(app.address));
        ann.post_empty("/api/v1/auth/logout").await.is(204);
        closed_in_time(&mut one, now, &control, "token_revoked").await;
        closed_in_time(&mut two, now, &control, "token_revoked").await;
        assert!(seconds.is_quiet(Duration::from_millis(600)).await);
        seconds.lives().await;
        bobs.lives().await;
    }

    /// Logout everywhere closes those of all of the user's sessions.
    async fn a_logout_everywhere_closes(app) {
        let (ann, second, bob) = (app.user("ann").await, app.login("ann").await, app.user("bob").await);
        let (mut one, mut two, mut bobs) = (ready(&ann).await, ready(&second).await, ready(&bob).await);
        let (now, control) = (Instant::now(), Control::of(app.address));
        ann.post_empty("/api/v1/auth/logout?everywhere=true").await.is(204);
        closed_in_time(&mut one, now, &control, "token_revoked").await;
        closed_in_time(&mut two, now, &control, "token_revoked").await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        bobs.lives().await;
    }

    /// Ending one session, or all others, closes theirs.
    async fn the_end_of_a_session_closes(app) {
        let (ann, second, third) = (app.user("ann").await, app.login("ann").await, app.login("ann").await);
        let mut anns = ready(&ann).await;
        let mut seconds = second.socket(CHAT).await;
        let session = seconds.expect("ready").await["session_id"].as_str().unwrap().to_owned();
        let mut thirds = ready(&third).await;
        let (now, control) = (Instant::now(), Control::of(app.address));
        ann.delete(&format!("/api/v1/sessions/{session}")).await.is(204);
        closed_in_time(&mut seconds, now, &control, "token_revoked").await;
        thirds.lives().await;
        let (now, control) = (Instant::now(), Control::of(app.address));
        ann.delete("/api/v1/sessions").await.is(204);
        closed_in_time(&mut thirds, now, &control, "token_revoked").await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        anns.lives().await;
    }

    /// A password change closes those of the user's other sessions.
    async fn a_password_change_closes(app) {
        let (ann, second, bob) = (app.user("ann").await, app.login("ann").await, app.user("bob").await);
        let (mut anns, mut seconds, mut bobs) = (ready(&ann).await, ready(&second).await, ready(&bob).await);
        let (now, control) = (Instant::now(), Control::of(app.address));
        let body = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
        ann.post("/api/v1/password/change", body).await.is(204);
        closed_in_time(&mut seconds, now, &control, "token_revoked").await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        anns.lives().await;
        bobs.lives().await;
    }

    /// The theft of a refresh token closes those of its session.
    async fn a_reused_refresh_token_closes(app) {
        app.register("ann").await;
        let (ann, old) = app.bearer("ann").await;
        let (other, _) = app.bearer("ann").await;
        let (mut socket, mut others) = (ready(&ann).await, ready(&other).await);
        let refresh = || json!({ "refresh_token": old });
        app.app_client().post("/api/v1/auth/refresh", refresh()).await.is(200);
        app.clock.advance(Duration::from_secs(11));
        let (now, control) = (Instant::now(), Control::of(app.address));
        app.app_client().post("/api/v1/auth/refresh", refresh()).await.refused(401, "refresh_reused");
        closed_in_time(&mut socket, now, &control, "token_revoked").await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        others.lives().await;
    }

    /// What an operator does in another process closes them within a second.
    async fn an_operator_closes(app) {
        let bob = app.user("bob").await;
        let mut bobs = ready(&bob).await;
        let everything = [
            ("suspended", "account_inactive"), ("deleted", "account_inactive"), ("role", "token_revoked"),
            ("password", "token_revoked"), ("revoked", "token_revoked"),
        ];
        for (what, reason) in everything {
            let ann = app.user(what).await;
            let second = app.login(what).await;
            let (mut one, mut two) = (ready(&ann).await, ready(&second).await);
            let user = id(&ann).await;
            let (now, control) = (Instant::now(), Control::of(app.address));
            match what {
                "suspended" => app.operator.set_status(user, AccountStatus::Suspended).await.unwrap(),
                "deleted" => assert!(app.operator.delete(user).await.unwrap()),
                "role" => app.operator.set_role(user, &Role::admin()).await.unwrap(),
                "password" => app.operator.set_password(user, "no hash").await.unwrap(),
                _ => assert_eq!(app.operator.revoke_sessions(user).await.unwrap(), 2),
            }
            closed_in_time(&mut one, now, &control, reason).await;
            closed_in_time(&mut two, now, &control, reason).await;
            if what == "role" {
                let ready = ann.socket(CHAT).await.expect("ready").await;
                assert_eq!(ready["user"]["role"], "admin", "the session lives on with its new role");
            } else {
                refused(&ann, CHAT, if what == "suspended" { "account_inactive" } else { "token_revoked" }).await;
            }
        }
        bobs.lives().await;
    }

    /// A socket is closed in the middle of an answer, too.
    async fn an_answer_is_cut_short(app) {
        let (ann, second) = (app.user("ann").await, app.login("ann").await);
        let mut socket = ready(&ann).await;
        answered(&mut socket, say("hello")).await;
        socket.send(say("a ".repeat(16 * 1024).trim_end())).await;
        socket.expect("message.started").await;
        second.delete("/api/v1/sessions").await.is(204);
        let mut last = Value::Null;
        let close = loop {
            match socket.next_raw().await {
                Message::Text(text) => last = serde_json::from_str(&text).unwrap(),
                Message::Close(Some(frame)) => break frame,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((u16::from(close.code), close.reason.as_str()), (1008, "token_revoked"));
        assert!(["message.started", "message.delta", "message.done"].contains(&last["type"].as_str().unwrap()), "{last}");
    }

    /// When the server stops, sockets close with 1001, and the server ends.
    async fn the_servers_end_closes(app) {
        let mut app = app;
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let (mut anns, mut bobs) = (ready(&ann).await, ready(&bob).await);
        let now = Instant::now();
        let served = app.stop();
        assert_eq!(anns.closed().await.0, 1001);
        assert_eq!(bobs.closed().await.0, 1001);
        drop((anns, bobs));
        served.await.unwrap();
        // Nothing is left to wait for: it does not take the ten seconds that it has.
        assert!(now.elapsed() < Duration::from_secs(9), "{:?}", now.elapsed());
    }
}
