//! `GET /api/v1/auth/csrf-token`, and the check of what it gives.

use std::time::Duration;

use durward_proto::Clock;
use http::Method;
use serde_json::{Value, json};

use crate::kit::{Actor, App, PASSWORD, email, jws, on_both};

const TOKEN: &str = "/api/v1/auth/csrf-token";
const SECRET: &str = "a csrf secret that only these tests have 0815";
/// Access tokens that outlive CSRF tokens, so that the one can be seen to expire alone.
const SETTINGS: &[(&str, &str)] = &[("CSRF_SECRET_KEY", SECRET), ("ACCESS_TOKEN_EXPIRE_MINUTES", "180")];

/// A token by the contract's words, made by other code than the program's.
fn made(seconds: i64, nonce: &str, binding: &str) -> String {
    let signature: String =
        jws::hs256(&format!("{seconds}:{nonce}:{binding}"), SECRET).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{seconds}:{nonce}:{signature}")
}

/// The token is `timestamp:nonce:signature`, of now, for this binding.
#[track_caller]
fn holds_for(app: &App, token: &str, binding: &str) {
    let parts: Vec<&str> = token.split(':').collect();
    let &[seconds, nonce, _] = parts.as_slice() else { panic!("{token}") };
    let seconds: i64 = seconds.parse().unwrap();
    assert!((app.clock.now().seconds() - seconds).abs() < 5);
    assert_eq!(nonce.len(), 43, "32 bytes in base64url");
    assert_eq!(token, made(seconds, nonce, binding));
}

async fn session_of(actor: &Actor) -> String {
    actor.get("/api/v1/auth/status").await.json()["session_id"].as_str().unwrap().to_owned()
}

/// What a change answers with this token in the cookie and in the header.
async fn reason(actor: &Actor, token: &str) -> Value {
    let actor = actor.copy();
    actor.set_cookie("csrf_token", token);
    refusal(&actor).await
}

async fn refusal(actor: &Actor) -> Value {
    let answer = actor.put("/api/v1/settings", json!({ "theme": "light" })).await;
    if answer.status == 200 { json!("none") } else { answer.refused(403, "csrf_failed").json()["reason"].clone() }
}

on_both! {
    with SETTINGS;

    /// A visitor's token is bound to a cookie that scripts cannot read, which stays while it lives.
    async fn a_visitors_token(app) {
        let visitor = app.visitor();
        let answer = visitor.get(TOKEN).await.is(200);
        let body = answer.json();
        let token = body["csrf_token"].as_str().unwrap();
        assert_eq!(body, json!({ "csrf_token": token, "expires_in": 3_600 }));
        assert_eq!(answer.header("x-csrf-token"), Some(token));
        let cookie = format!("csrf_token={token}; Path=/; Max-Age=3600; SameSite=Lax");
        assert_eq!(answer.set_cookie("csrf_token"), Some(cookie.as_str()));
        let binding = visitor.cookie("csrf_binding").unwrap();
        let cookie = format!("csrf_binding={binding}; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly");
        assert_eq!(answer.set_cookie("csrf_binding"), Some(cookie.as_str()));
        assert_eq!(answer.set_cookies().len(), 2);
        holds_for(&app, token, &binding);

        let second = visitor.get(TOKEN).await.is(200).json();
        assert_ne!(second["csrf_token"], body["csrf_token"]);
        assert_eq!(visitor.cookie("csrf_binding").unwrap(), binding);
        holds_for(&app, second["csrf_token"].as_str().unwrap(), &binding);

        // A value that the server cannot have made, such as a session's id, is not taken over.
        let ann = app.user("ann").await;
        visitor.set_cookie("csrf_binding", &session_of(&ann).await);
        let third = visitor.get(TOKEN).await.is(200).json();
        assert_eq!(visitor.cookie("csrf_binding").unwrap().len(), 43);
        assert_eq!(reason(&ann, third["csrf_token"].as_str().unwrap()).await, "signature");
    }

    /// A session's token is bound to its session.
    async fn a_sessions_token(app) {
        let ann = app.user("ann").await;
        holds_for(&app, &ann.cookie("csrf_token").unwrap(), &session_of(&ann).await);
        let answer = ann.get(TOKEN).await.is(200);
        assert_eq!(answer.set_cookie("csrf_binding"), None);
        holds_for(&app, answer.header("x-csrf-token").unwrap(), &session_of(&ann).await);
        assert_eq!(refusal(&ann).await, "none");
        let (client, _) = app.bearer("ann").await;
        let token = client.get(TOKEN).await.is(200).json();
        holds_for(&app, token["csrf_token"].as_str().unwrap(), &session_of(&client).await);
    }

    /// Each of the five reasons.
    async fn five_reasons(app) {
        let ann = app.user("ann").await;
        let (good, session) = (ann.cookie("csrf_token").unwrap(), session_of(&ann).await);
        assert_eq!(refusal(&ann.copy().without_csrf()).await, "missing");
        let no_cookie = ann.copy().with("x-csrf-token", &good);
        no_cookie.drop_cookie("csrf_token");
        assert_eq!(refusal(&no_cookie).await, "missing");
        assert_eq!(refusal(&ann.copy().with("x-csrf-token", "")).await, "missing");

        let (now, nonce) = (app.clock.now().seconds(), jws::encode([7; 32]));
        let another = made(now, &nonce, &session);
        assert_eq!(reason(&ann, &another).await, "none");
        assert_eq!(refusal(&ann.copy().with("x-csrf-token", &another)).await, "mismatch");
        assert_eq!(refusal(&ann.copy().with("x-csrf-token", &good.to_uppercase())).await, "mismatch");
        assert_eq!(
            refusal(&ann.copy().with("x-csrf-token", &good).with_another("x-csrf-token", &good)).await,
            "mismatch"
        );
        let twice =
            format!("access_token={}; csrf_token={good}; csrf_token={another}", ann.cookie("access_token").unwrap());
        let headers =
            [("cookie", twice.as_str()), ("x-csrf-token", good.as_str()), ("content-type", "application/json")];
        let answer = ann.send(Method::PUT, "/api/v1/settings", &headers, "{}".into()).await;
        assert_eq!(answer.refused(403, "csrf_failed").json()["reason"], "mismatch");

        let signature = another.rsplit(':').next().unwrap();
        for nonsense in [
            "x",
            ":",
            "::",
            "a:b:c",
            &session,
            &good[1..],
            &format!("{good}0"),
            &format!("0{good}"),
            &format!("+{good}"),
            &format!("{now}:{nonce}"),
            &format!("{now}:{nonce}:{}", signature.to_uppercase()),
            &format!("{now}:short:{signature}"),
            &format!("{now}:{nonce}=:{signature}"),
            &format!("{now}:{nonce}:{signature}:"),
            &format!("-1:{nonce}:{signature}"),
            &format!("99999999999999999999:{nonce}:{signature}"),
        ] {
            // A shorter number is a token of another time, which the signature tells; all others are no tokens.
            let expected = if *nonsense == good[1..] { "signature" } else { "malformed" };
            assert_eq!(reason(&ann, nonsense).await, expected, "{nonsense}");
        }

        for forged in [
            made(now, &nonce, ""),
            made(now, &nonce, "x"),
            made(now, &nonce, &session.to_uppercase()),
            format!("{}:{nonce}:{signature}", now - 1),
            format!("{now}:{}:{signature}", jws::encode([8; 32])),
            format!("{now}:{nonce}:{}", "0".repeat(64)),
        ] {
            assert_eq!(reason(&ann, &forged).await, "signature", "{forged}");
        }
        for (seconds, expected) in
            [(-3_590, "none"), (-3_601, "expired"), (50, "none"), (90, "expired"), (-1_000_000, "expired")]
        {
            assert_eq!(reason(&ann, &made(now + seconds, &nonce, &session)).await, expected, "{seconds}");
        }
    }

    /// Nothing was changed by a refused request, and its answer sets nothing.
    async fn a_refused_change_changes_nothing(app) {
        let ann = app.user("ann").await.without_csrf();
        let answer = ann.put("/api/v1/settings", json!({ "theme": "light" })).await.refused(403, "csrf_failed");
        assert!(answer.set_cookies().is_empty());
        assert_eq!(ann.get("/api/v1/settings").await.is(200).json()["theme"], "dark");
    }

    /// Another user's, another session's and a visitor's token are nothing here.
    async fn a_token_belongs_to_one_session(app) {
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let second = app.login("ann").await;
        let visitor = app.visitor();
        visitor.get(TOKEN).await.is(200);
        for other in [&bob, &second, &visitor] {
            assert_eq!(reason(&ann, &other.cookie("csrf_token").unwrap()).await, "signature");
        }
        // With the visitor's binding beside it just as little.
        ann.set_cookie("csrf_binding", &visitor.cookie("csrf_binding").unwrap());
        assert_eq!(reason(&ann, &visitor.cookie("csrf_token").unwrap()).await, "signature");
    }

    /// After five minutes an answer brings the next one; the old one lives out its hour.
    async fn it_is_renewed_and_the_old_one_lives_on(app) {
        let ann = app.user("ann").await;
        let change = json!({ "theme": "light" });
        let first = ann.cookie("csrf_token").unwrap();
        app.clock.advance(Duration::from_secs(290));
        let answer = ann.put("/api/v1/settings", change.clone()).await.is(200);
        assert!(answer.set_cookies().is_empty() && answer.header("x-csrf-token").is_none());
        app.clock.advance(Duration::from_secs(15));
        let answer = ann.put("/api/v1/settings", change.clone()).await.is(200);
        let second = ann.cookie("csrf_token").unwrap();
        assert_ne!(second, first);
        assert_eq!(answer.header("x-csrf-token"), Some(second.as_str()));
        assert_eq!(answer.set_cookies().len(), 1);
        holds_for(&app, &second, &session_of(&ann).await);
        assert_eq!(reason(&ann, &first).await, "none");
        app.clock.advance(Duration::from_secs(3_600 - 305 - 10));
        assert_eq!(reason(&ann, &first).await, "none");
        app.clock.advance(Duration::from_secs(11));
        assert_eq!(reason(&ann, &first).await, "expired");
        assert_eq!(reason(&ann, &second).await, "none");
        // A change that is refused for another reason renews it all the same.
        let answer = ann.put("/api/v1/settings", json!({ "nope": 1 })).await.refused(422, "validation_failed");
        assert!(answer.header("x-csrf-token").is_some());
    }

    /// Login, refresh and logout bring a fresh one. After a refresh the old one holds, after a new session it does not.
    async fn a_new_session_needs_a_new_token(app) {
        let ann = app.user("ann").await;
        let first = ann.cookie("csrf_token").unwrap();
        let answer = ann.post_empty("/api/v1/auth/refresh").await.is(200);
        assert_ne!(answer.header("x-csrf-token").unwrap(), first);
        assert_eq!(reason(&ann, &first).await, "none");
        ann.post("/api/v1/auth/login", json!({ "email": email("ann"), "password": PASSWORD })).await.is(200);
        assert_eq!(reason(&ann, &first).await, "signature");
        assert_eq!(refusal(&ann).await, "none");
        let session = session_of(&ann).await;
        ann.post_empty("/api/v1/auth/logout").await.is(204);
        let token = ann.cookie("csrf_token").unwrap();
        holds_for(&app, &token, &ann.cookie("csrf_binding").unwrap());
        assert_ne!(ann.cookie("csrf_binding").unwrap(), session);
    }

    /// Whoever shows a bearer token needs none, also where there are cookies.
    async fn a_bearer_token_needs_none(app) {
        app.register("ann").await;
        let (client, _) = app.bearer("ann").await;
        assert_eq!(refusal(&client).await, "none");
        let both = app.login("ann").await.without_csrf().with("authorization", client.header("authorization").unwrap());
        assert_eq!(refusal(&both).await, "none");
        client.post_empty("/api/v1/ws/ticket").await.is(200);
    }

    /// Every change by cookie needs one; reading needs none.
    async fn every_change_by_cookie_needs_one(app) {
        let ann = app.user("ann").await.without_csrf();
        let id = "01890000-0000-7000-8000-000000000000";
        for (method, path) in [
            (Method::PUT, "/api/v1/profile"),
            (Method::PUT, "/api/v1/settings"),
            (Method::POST, "/api/v1/password/change"),
            (Method::POST, "/api/v1/ws/ticket"),
            (Method::POST, "/api/v1/auth/refresh"),
            (Method::DELETE, "/api/v1/sessions"),
            (Method::DELETE, &format!("/api/v1/sessions/{id}")),
            (Method::DELETE, &format!("/api/v1/conversations/{id}")),
        ] {
            let answer = ann.send(method, path, &[], bytes::Bytes::new()).await;
            assert_eq!(answer.refused(403, "csrf_failed").json()["reason"], "missing");
        }
        for path in ["/api/v1/profile", "/api/v1/settings", "/api/v1/sessions", "/api/v1/conversations"] {
            ann.get(path).await.is(200);
        }
    }

    /// Logging in, registering and logging out need none, whatever cookies there are.
    async fn what_needs_none(app) {
        let ann = app.user("ann").await.without_csrf();
        let login = json!({ "email": email("ann"), "password": PASSWORD });
        let register = json!({ "email": email("bob"), "password": PASSWORD });
        for (path, body) in [
            ("/api/v1/auth/login", login.clone()),
            ("/api/v1/auth/jwt/login", login),
            ("/api/v1/auth/register", register),
            ("/api/v1/auth/logout", json!({})),
        ] {
            let answer = ann.copy().with("x-csrf-token", "nonsense").post(path, body).await;
            assert!(answer.status.is_success(), "{} {}", answer.request, answer.text());
        }
    }
}
