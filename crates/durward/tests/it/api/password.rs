//! `POST /api/v1/password/change`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Actor, Answer, PASSWORD, email, on_both};

const CHANGE: &str = "/api/v1/password/change";
const NEW: &str = "four quiet herons at dusk";

async fn change(actor: &Actor, current: &str, new: &str) -> Answer {
    actor.post(CHANGE, json!({ "current_password": current, "new_password": new })).await
}

fn login(password: &str) -> Value {
    json!({ "email": email("ann"), "password": password })
}

on_both! {
    /// All other sessions end with their sockets; the one that asked goes on, with its socket.
    async fn every_other_session_ends(app) {
        let bob = app.user("bob").await;
        let ann = app.user("ann").await;
        let other = app.login("ann").await;
        let (client, token) = app.bearer("ann").await;
        let (mut own, mut others) = (ann.socket("/api/v1/ws/chat").await, other.socket("/api/v1/ws/chat").await);
        own.expect("ready").await;
        others.expect("ready").await;
        assert!(change(&ann, PASSWORD, NEW).await.is(204).body.is_empty());
        assert_eq!(others.closed().await, (1008, "token_revoked".to_owned()));
        other.get("/api/v1/profile").await.refused(401, "token_revoked");
        client.get("/api/v1/profile").await.refused(401, "token_revoked");
        let refresh = json!({ "refresh_token": token });
        app.app_client().post("/api/v1/auth/refresh", refresh).await.refused(401, "token_revoked");
        ann.get("/api/v1/profile").await.is(200);
        ann.post_empty("/api/v1/auth/refresh").await.is(200);
        own.send(json!({ "type": "ping" })).await;
        own.expect("pong").await;
        bob.get("/api/v1/profile").await.is(200);

        app.visitor().post("/api/v1/auth/login", login(PASSWORD)).await.refused(401, "invalid_credentials");
        app.visitor().post("/api/v1/auth/login", login(NEW)).await.is(200);
        let audit = "SELECT COUNT(*) FROM security_audit WHERE event = 'password_changed' AND session_id IS NOT NULL";
        assert_eq!(app.database.count(audit).await, 1);
    }

    /// It needs a login that is younger than ten minutes; a refresh is none.
    async fn an_old_login_is_not_enough(app) {
        let ann = app.user("ann").await;
        app.clock.advance(Duration::from_secs(590));
        change(&ann, "not the password", NEW).await.refused(401, "invalid_credentials");
        app.clock.advance(Duration::from_secs(15));
        change(&ann, PASSWORD, NEW).await.refused(403, "reauthentication_required");
        ann.post_empty("/api/v1/auth/refresh").await.is(200);
        change(&ann, PASSWORD, NEW).await.refused(403, "reauthentication_required");
        let again = app.login("ann").await;
        change(&again, PASSWORD, NEW).await.is(204);
    }

    /// The current password must be the right one, and the new one a good one.
    async fn both_passwords_are_checked(app) {
        let ann = app.user("ann").await;
        for wrong in ["not the password", "", &PASSWORD.to_uppercase(), &format!("{PASSWORD} ")] {
            change(&ann, wrong, NEW).await.refused(401, "invalid_credentials");
        }
        for weak in ["", "short", "password", "12345678", "ann@example.com", &"x9 q".repeat(300)] {
            let problem = change(&ann, PASSWORD, weak).await.refused(422, "weak_password").json();
            assert_eq!(problem["errors"][0]["pointer"], "/new_password");
        }
        for body in [
            json!({}),
            json!({ "current_password": PASSWORD }),
            json!({ "current_password": 5, "new_password": NEW }),
            json!({ "current_password": PASSWORD, "new_password": NEW, "user_id": 1 }),
        ] {
            ann.post(CHANGE, body).await.refused(422, "validation_failed");
        }
        app.visitor().post("/api/v1/auth/login", login(PASSWORD)).await.is(200);
        app.visitor().post(CHANGE, json!({})).await.refused(401, "token_missing");
    }

    /// The new password counts in every spelling of it, and whole.
    async fn the_new_one_is_prepared_as_all_are(app) {
        let ann = app.user("ann").await;
        change(&ann, PASSWORD, "cafe\u{301} on the \u{fb01}eld").await.is(204);
        app.visitor().post("/api/v1/auth/login", login("caf\u{e9} on the field")).await.is(200);
        change(&ann, "caf\u{e9} on the field", NEW).await.is(204);
    }

    /// Of two changes at once one wins, and the password is that one's.
    async fn two_changes_at_once(app) {
        app.register("ann").await;
        let (first, _) = app.bearer("ann").await;
        let second = first.copy();
        let other = "seven loud herons at dawn";
        let (one, two) = tokio::join!(change(&first, PASSWORD, NEW), change(&second, PASSWORD, other));
        let mut winners = 0;
        for (answer, password) in [(one, NEW), (two, other)] {
            let holds = app.visitor().post("/api/v1/auth/login", login(password)).await.status == 200;
            assert_eq!(answer.status == 204, holds, "{}", answer.text());
            winners += usize::from(holds);
        }
        assert_eq!(winners, 1);
    }
}

mod budget {
    use super::*;

    on_both! {
        with &[("DURWARD_LIMITS__ACCOUNT_FAILURES", "3"), ("DURWARD_LIMITS__FIRST_DELAY", "60s")];

        /// Guessing the current password is guessing: it draws on the account's budget.
        async fn guessing_here_counts_as_at_the_login(app) {
            let ann = app.user("ann").await;
            for _ in 0..3 {
                change(&ann, "not the password", NEW).await.refused(401, "invalid_credentials");
            }
            let answer = change(&ann, PASSWORD, NEW).await.refused(429, "too_many_attempts");
            assert!(answer.set_cookies().is_empty());
            app.visitor().post("/api/v1/auth/login", login(PASSWORD)).await.refused(429, "too_many_attempts");
            app.clock.advance(Duration::from_secs(61));
            change(&ann, PASSWORD, NEW).await.is(204);
        }

        /// A weak new password is no guess.
        async fn a_weak_new_password_costs_nothing(app) {
            let ann = app.user("ann").await;
            for _ in 0..6 {
                change(&ann, "not the password", "short").await.refused(422, "weak_password");
            }
            change(&ann, PASSWORD, NEW).await.is(204);
        }
    }
}
