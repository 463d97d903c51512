//! What a socket is opened with, in which order, and how a bad one is refused: after the upgrade, with 1008.

use std::time::Duration;

use durward_proto::{AccountStatus, UserId};
use serde_json::Value;

use super::{CHAT, ping, ready, ready_at, refused, say, ticket};
use crate::kit::{Actor, App, SECRET, jws, on_both};

/// The access token of somebody who is logged in with cookies.
fn access(actor: &Actor) -> String {
    actor.cookie("access_token").unwrap()
}

/// The same token with other claims or another header.
fn forged(token: &str, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let (mut header, mut claims) = jws::read(token, SECRET);
    change(&mut header, &mut claims);
    jws::sign(&header.to_string(), &claims.to_string(), SECRET)
}

fn tampered(token: &str) -> String {
    let (signed, _) = token.rsplit_once('.').unwrap();
    format!("{signed}.{}", jws::encode([0; 32]))
}

fn protocol(app: &App, token: &str) -> Actor {
    app.visitor().with("sec-websocket-protocol", &format!("bearer, {token}"))
}

on_both! {
    /// Each reason of contract section 3 is the close's reason, and nothing comes before it.
    async fn every_refusal_is_a_close_with_its_code(app) {
        let ann = app.user("ann").await;
        let good = access(&ann);
        refused(&app.visitor(), CHAT, "token_missing").await;
        let (before, after) = (Value::from(1_000_000_000), Value::from(4_000_000_000_i64));
        let cases = [
            ("not-a-token".to_owned(), "token_malformed"),
            (format!("{good}.x"), "token_malformed"),
            (forged(&good, |_, claims| claims["id"] = Value::from(4711)), "token_malformed"),
            (forged(&good, |_, claims| drop(claims.as_object_mut().unwrap().remove("sid"))), "token_malformed"),
            (tampered(&good), "token_signature"),
            (forged(&good, |header, _| header["alg"] = "none".into()), "token_signature"),
            (forged(&good, |_, claims| claims["exp"] = before.clone()), "token_expired"),
            (forged(&good, |_, claims| claims["nbf"] = after.clone()), "token_not_yet_valid"),
            (forged(&good, |header, _| header["typ"] = "JWT".into()), "token_wrong_type"),
            (forged(&good, |_, claims| claims["aud"] = "another".into()), "token_wrong_audience"),
            (forged(&good, |_, claims| claims["sid"] = "019a0000-0000-7000-8000-000000000000".into()), "token_revoked"),
        ];
        for (token, reason) in cases {
            refused(&app.visitor().with_bearer(&token), CHAT, reason).await;
            refused(&protocol(&app, &token), CHAT, reason).await;
            refused(&app.visitor(), &format!("{CHAT}?token={token}"), reason).await;
            let cookie = app.visitor();
            cookie.set_cookie("access_token", &token);
            refused(&cookie, CHAT, reason).await;
        }
        ready(&app.visitor().with_bearer(&forged(&good, |_, _| ()))).await;
    }

    /// So are a session that has ended, an account that is suspended, a time that is over, and two credentials.
    async fn what_was_good_once_is_refused(app) {
        let ann = app.user("ann").await;
        let second = app.login("ann").await;
        let copy = ann.copy();
        refused(&second.copy().with_bearer("a").with_another("authorization", "Bearer b"), CHAT, "ambiguous_credentials").await;
        ann.post_empty("/api/v1/auth/logout").await.is(204);
        refused(&copy, CHAT, "token_revoked").await;
        ready(&second).await;
        app.clock.advance(Duration::from_secs(3_600));
        refused(&second, CHAT, "token_expired").await;

        let bob = app.user("bob").await;
        let id = bob.get("/api/v1/auth/status").await.is(200).json()["user"]["id"].as_i64().unwrap();
        app.operator.set_status(UserId(id), AccountStatus::Suspended).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        refused(&bob, CHAT, "account_inactive").await;
    }

    /// When nobody can say whether the token holds, the client may try again later.
    async fn a_database_that_is_away_is_no_refusal(app) {
        let ann = app.user("ann").await;
        app.database.opened.close().await;
        let mut socket = ann.socket(CHAT).await;
        assert_eq!(socket.closed().await, (1013, "verification_unavailable".to_owned()));
    }

    /// What a client that was refused sends is not read, and gets no answer.
    async fn nothing_of_a_refused_client_is_read(app) {
        let ann = app.user("ann").await;
        let mut socket = app.visitor().with_bearer(&tampered(&access(&ann))).socket(CHAT).await;
        socket.send(ping()).await;
        socket.send(say("hello")).await;
        assert_eq!(socket.closed().await, (1008, "token_signature".to_owned()));
        assert_eq!(ann.get("/api/v1/conversations").await.is(200).json()["items"], Value::Array(vec![]));
    }

    /// Each place is good by itself.
    async fn every_place_is_looked_at(app) {
        let ann = app.user("ann").await;
        let token = access(&ann);
        ready(&ann).await;
        ready(&app.visitor().with_bearer(&token)).await;
        ready(&app.visitor().with("authorization", &format!("bEARER {token}"))).await;
        ready_at(&app.visitor(), &format!("{CHAT}?token={token}")).await;
        ready_at(&app.visitor(), &format!("{CHAT}?ticket={}", ticket(&ann).await)).await;
        let mut socket = protocol(&app, &token).socket(CHAT).await;
        assert_eq!(socket.protocol.as_deref(), Some("bearer"), "the sub-protocol is answered, not the token");
        socket.expect("ready").await;
        let refused = protocol(&app, &tampered(&token)).socket(CHAT).await;
        assert_eq!(refused.protocol.as_deref(), Some("bearer"), "a browser fails the socket without it");
    }

    /// The first place that has something decides alone: header, cookie, sub-protocol, ticket, token.
    async fn the_first_credential_decides(app) {
        let ann = app.user("ann").await;
        let (good, bad) = (access(&ann), tampered(&access(&ann)));
        let with_cookie = |actor: Actor, token: &str| {
            actor.set_cookie("access_token", token);
            actor
        };

        refused(&with_cookie(app.visitor().with_bearer(&bad), &good), CHAT, "token_signature").await;
        refused(&with_cookie(app.visitor().with("authorization", "Basic YTpi"), &good), CHAT, "token_malformed").await;
        ready(&with_cookie(app.visitor().with_bearer(&good), &bad)).await;

        refused(&with_cookie(protocol(&app, &good), &bad), CHAT, "token_signature").await;
        ready(&with_cookie(protocol(&app, &bad), &good)).await;

        let unused = ticket(&ann).await;
        refused(&protocol(&app, &bad), &format!("{CHAT}?ticket={unused}"), "token_signature").await;
        ready_at(&protocol(&app, &good), &format!("{CHAT}?ticket=nonsense")).await;
        ready_at(&app.visitor(), &format!("{CHAT}?ticket={unused}")).await;

        let mut socket = app.visitor().socket(&format!("{CHAT}?token={good}&ticket=nonsense")).await;
        assert_eq!(socket.closed().await.0, 1008, "the ticket comes before the token");
        let fresh = ticket(&ann).await;
        ready_at(&app.visitor(), &format!("{CHAT}?token={bad}&ticket={fresh}")).await;
    }
}

on_both! {
    with &[("DURWARD_WEBSOCKET__TOKEN_IN_URL", "false")];

    /// `?token=` means nothing unless it is switched on.
    async fn a_token_in_the_url_is_switched_off(app) {
        let ann = app.user("ann").await;
        let token = access(&ann);
        refused(&app.visitor(), &format!("{CHAT}?token={token}"), "token_missing").await;
        ready_at(&ann, &format!("{CHAT}?token=nonsense")).await;
        ready_at(&app.visitor(), &format!("{CHAT}?ticket={}", ticket(&ann).await)).await;
    }
}
