//! `POST /api/v1/auth/refresh`.

mod race;

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::kit::{Actor, Answer, App, on_both};

const REFRESH: &str = "/api/v1/auth/refresh";

async fn refresh(app: &App, token: &str) -> Answer {
    app.app_client().post(REFRESH, json!({ "refresh_token": token })).await
}

fn text<'a>(body: &'a Value, member: &str) -> &'a str {
    body[member].as_str().unwrap_or_else(|| panic!("no {member} in {body}"))
}

/// No cookie is cleared by this answer.
#[track_caller]
fn clears_nothing(answer: &Answer) {
    for cookie in answer.set_cookies() {
        assert!(!cookie.contains("Max-Age=0") && !cookie.contains("=;"), "{cookie}");
    }
}

async fn audited(app: &App, event: &str) -> i64 {
    app.database.count(&format!("SELECT COUNT(*) FROM security_audit WHERE event = '{event}'")).await
}

on_both! {
    /// In a body: everything comes back in the body, and no cookie.
    async fn a_token_in_the_body_is_rotated(app) {
        app.register("ann").await;
        let (client, first) = app.bearer("ann").await;
        let session = client.get("/api/v1/auth/status").await.json()["session_id"].clone();
        let answer = refresh(&app, &first).await.is(200);
        assert!(answer.set_cookies().is_empty());
        let body = answer.json();
        assert_eq!((text(&body, "status"), text(&body, "token_type")), ("authenticated", "bearer"));
        assert_eq!((&body["expires_in"], &body["session_id"]), (&json!(3_600), &session));
        assert_eq!(body["refresh_expires_in"], 7 * 86_400);
        assert_eq!(body["user"]["email"], "ann@example.com");
        assert!(body.get("csrf_token").is_none());
        assert_ne!(text(&body, "refresh_token"), first);
        // The access token of before holds on, and so does the new one.
        client.get("/api/v1/profile").await.is(200);
        app.app_client().with_bearer(text(&body, "access_token")).get("/api/v1/profile").await.is(200);
        refresh(&app, text(&body, "refresh_token")).await.is(200);
    }

    /// By cookie: the next ones are set, and none is in the body.
    async fn a_cookie_is_rotated(app) {
        let ann = app.user("ann").await;
        let (first, csrf) = (ann.cookie("refresh_token").unwrap(), ann.cookie("csrf_token").unwrap());
        let answer = ann.post_empty(REFRESH).await.is(200);
        let body = answer.json();
        assert!(body.get("refresh_token").is_none() && body.get("refresh_expires_in").is_none());
        for (name, attributes) in [
            ("access_token", "; Path=/; Max-Age=3600; SameSite=Lax; HttpOnly"),
            ("refresh_token", "; Path=/api/v1/auth; Max-Age=604800; SameSite=Lax; HttpOnly"),
            ("csrf_token", "; Path=/; Max-Age=3600; SameSite=Lax"),
        ] {
            let cookie = answer.set_cookie(name).unwrap();
            assert_eq!(cookie.split_once(';').unwrap().1, &attributes[1..], "{name}");
        }
        assert_ne!(ann.cookie("refresh_token").unwrap(), first);
        let fresh = ann.cookie("csrf_token").unwrap();
        assert_ne!(fresh, csrf);
        assert_eq!((answer.header("x-csrf-token"), text(&body, "csrf_token")), (Some(&*fresh), &*fresh));
        ann.put("/api/v1/settings", json!({ "theme": "light" })).await.is(200);
        ann.post(REFRESH, json!({})).await.is(200);
        assert_eq!(audited(&app, "token_refreshed").await, 2);
    }

    /// Nothing, nonsense, and what nobody gave out.
    async fn what_is_no_token(app) {
        app.visitor().post_empty(REFRESH).await.refused(401, "token_missing");
        app.visitor().post(REFRESH, json!({})).await.refused(401, "token_missing");
        for nonsense in ["", "x", "a.b.c", &"A".repeat(42), &"A".repeat(44), &"=".repeat(43)] {
            refresh(&app, nonsense).await.refused(401, "token_malformed");
        }
        refresh(&app, &"A".repeat(43)).await.refused(401, "token_revoked");
        app.visitor().post(REFRESH, json!({ "refresh_token": 5 })).await.refused(422, "validation_failed");
        app.visitor().post(REFRESH, json!({ "token": "x" })).await.refused(422, "validation_failed");
        app.visitor().post_form(REFRESH, &[("refresh_token", "x")]).await.refused(415, "unsupported_media_type");
        // An access token is none, and the other way round.
        app.register("ann").await;
        let (client, token) = app.bearer("ann").await;
        app.app_client().with_bearer(&token).get("/api/v1/profile").await.refused(401, "token_malformed");
        client.post_empty(REFRESH).await.refused(401, "token_missing");
    }

    /// Within ten seconds the same token gets the same successor: two tabs, or a lost answer.
    async fn the_grace_gives_the_same_successor(app) {
        app.register("ann").await;
        let (_, first) = app.bearer("ann").await;
        let successor = refresh(&app, &first).await.is(200).json();
        app.clock.advance(Duration::from_secs(6));
        let again = refresh(&app, &first).await.is(200).json();
        assert_eq!(text(&again, "refresh_token"), text(&successor, "refresh_token"));
        assert_eq!(again["session_id"], successor["session_id"]);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM refresh_tokens").await, 2);
        assert_eq!(audited(&app, "refresh_reuse").await, 0);
    }

    /// The same by cookie: the late tab sets what the early one has.
    async fn two_tabs_end_with_the_same_cookie(app) {
        let tab = app.user("ann").await;
        let other = tab.copy();
        tab.post_empty(REFRESH).await.is(200);
        other.post_empty(REFRESH).await.is(200);
        assert_eq!(tab.cookie("refresh_token"), other.cookie("refresh_token"));
        tab.get("/api/v1/profile").await.is(200);
    }

    /// After ten seconds it is a reuse.
    async fn time_ends_the_grace(app) {
        app.register("ann").await;
        let (client, first) = app.bearer("ann").await;
        let successor = refresh(&app, &first).await.is(200).json();
        app.clock.advance(Duration::from_secs(11));
        refresh(&app, &first).await.refused(401, "refresh_reused");
        refresh(&app, text(&successor, "refresh_token")).await.refused(401, "token_revoked");
        client.get("/api/v1/profile").await.refused(401, "token_revoked");
    }

    /// So is it once the successor has been used.
    async fn the_successors_use_ends_the_grace(app) {
        app.register("ann").await;
        let (_, first) = app.bearer("ann").await;
        let second = refresh(&app, &first).await.is(200).json();
        let third = refresh(&app, text(&second, "refresh_token")).await.is(200).json();
        refresh(&app, &first).await.refused(401, "refresh_reused");
        refresh(&app, text(&third, "refresh_token")).await.refused(401, "token_revoked");
    }

    /// And once an access token that came with it has been used; the one of before says nothing.
    async fn the_new_access_tokens_use_ends_the_grace(app) {
        app.register("ann").await;
        let (client, first) = app.bearer("ann").await;
        let second = refresh(&app, &first).await.is(200).json();
        client.get("/api/v1/profile").await.is(200);
        refresh(&app, &first).await.is(200);
        let newer = app.app_client().with_bearer(text(&second, "access_token"));
        newer.get("/api/v1/profile").await.is(200);
        refresh(&app, &first).await.refused(401, "refresh_reused");
        newer.get("/api/v1/profile").await.refused(401, "token_revoked");
    }

    /// A socket that is opened with the new access token is a use of it too.
    async fn a_socket_ends_the_grace(app) {
        app.register("ann").await;
        let (_, first) = app.bearer("ann").await;
        let second = refresh(&app, &first).await.is(200).json();
        let newer = app.visitor().with_bearer(text(&second, "access_token"));
        let mut socket = newer.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        refresh(&app, &first).await.refused(401, "refresh_reused");
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
    }

    /// A reuse ends the session with its sockets, is written down once, and touches no other session.
    async fn a_reuse_ends_the_session(app) {
        let id = app.register("ann").await;
        let (client, first) = app.bearer("ann").await;
        let other = app.login("ann").await;
        let mut socket = app.visitor().with_bearer(bearer_of(&client)).socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        refresh(&app, &first).await.is(200);
        app.clock.advance(Duration::from_secs(11));
        let answer = refresh(&app, &first).await.refused(401, "refresh_reused");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
        assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        client.get("/api/v1/profile").await.refused(401, "token_revoked");
        other.get("/api/v1/profile").await.is(200);
        refresh(&app, &first).await.refused(401, "refresh_reused");
        assert_eq!(audited(&app, "refresh_reuse").await, 1);
        let whose = format!(
            "SELECT COUNT(*) FROM security_audit WHERE event = 'refresh_reuse' AND subject_user_id = {id} \
            AND session_id IS NOT NULL"
        );
        assert_eq!(app.database.count(&whose).await, 1);
    }

    /// Seven days, counted anew by each use; thirty days after the login it is over.
    async fn it_expires(app) {
        app.register("ann").await;
        let (_, unused) = app.bearer("ann").await;
        let (_, mut token) = app.bearer("ann").await;
        for _ in 0..4 {
            app.clock.advance(Duration::from_secs(7 * 86_400 - 60));
            token = text(&refresh(&app, &token).await.is(200).json(), "refresh_token").to_owned();
        }
        let answer = refresh(&app, &unused).await.refused(401, "token_expired");
        clears_nothing(&answer);
        // 28 days are over but 4 minutes: the session's end is nearer than the token's own.
        let last = refresh(&app, &token).await.is(200).json();
        let left = last["refresh_expires_in"].as_i64().unwrap();
        assert!((2 * 86_400..=2 * 86_400 + 240).contains(&left), "{left}");
        app.clock.advance(Duration::from_secs(2 * 86_400 + 300));
        refresh(&app, text(&last, "refresh_token")).await.refused(401, "token_expired");
    }

    /// The one it was rotated into is as dead as the account.
    async fn a_suspended_account_gets_nothing(app) {
        let id = app.register("ann").await;
        let (_, token) = app.bearer("ann").await;
        app.operator.set_status(durward_proto::UserId(id), durward_proto::AccountStatus::Suspended).await.unwrap();
        let answer = refresh(&app, &token).await.is(401);
        assert!(["account_inactive", "token_revoked"].contains(&text(&answer.json(), "code")), "{}", answer.text());
        assert_eq!(app.database.count("SELECT COUNT(*) FROM refresh_tokens WHERE rotated_at IS NOT NULL").await, 0);
    }

    /// By cookie it needs the CSRF token of its own session.
    async fn a_cookie_needs_the_csrf_token(app) {
        let ann = app.user("ann").await;
        let answer = ann.copy().without_csrf().post_empty(REFRESH).await.refused(403, "csrf_failed");
        assert_eq!(answer.json()["reason"], "missing");
        clears_nothing(&answer);
        let bob = app.user("bob").await;
        let mixed = ann.copy();
        mixed.set_cookie("csrf_token", &bob.cookie("csrf_token").unwrap());
        let answer = mixed.post_empty(REFRESH).await.refused(403, "csrf_failed");
        assert_eq!(answer.json()["reason"], "signature");
        // A page that comes back after the access token is over gets one for the refresh.
        app.clock.advance(Duration::from_secs(2 * 3_600));
        let answer = ann.post_empty(REFRESH).await.refused(403, "csrf_failed");
        assert_eq!(answer.json()["reason"], "expired");
        ann.get("/api/v1/auth/csrf-token").await.is(200);
        ann.post_empty(REFRESH).await.is(200);
        ann.get("/api/v1/profile").await.is(200);
    }

    /// Whoever is refused keeps the cookies: by then they may be those of a newer login.
    async fn no_refusal_clears_a_cookie(app) {
        let ann = app.user("ann").await;
        let old = ann.copy();
        ann.post_empty(REFRESH).await.is(200);
        ann.get("/api/v1/profile").await.is(200);
        let answer = old.post_empty(REFRESH).await.refused(401, "refresh_reused");
        assert!(answer.set_cookies().is_empty());
        let answer = ann.post_empty(REFRESH).await.refused(401, "token_revoked");
        assert!(answer.set_cookies().is_empty());
        ann.set_cookie("refresh_token", "nonsense");
        assert!(ann.post_empty(REFRESH).await.refused(401, "token_malformed").set_cookies().is_empty());
        let twice = format!("refresh_token={}; refresh_token={}", "A".repeat(43), "B".repeat(43));
        let answer = ann.send(Method::POST, REFRESH, &[("cookie", &twice)], Bytes::new()).await;
        assert!(answer.refused(400, "ambiguous_credentials").set_cookies().is_empty());
    }

    /// Where the database is away, it is said to be, and nothing is cleared or ended.
    async fn a_database_that_is_away_costs_nobody_their_session(app) {
        let ann = app.user("ann").await;
        app.database.sql("ALTER TABLE refresh_tokens RENAME TO elsewhere").await;
        let answer = ann.post_empty(REFRESH).await.is(503);
        assert!(answer.set_cookies().is_empty() && answer.header("retry-after").is_some());
        app.database.sql("ALTER TABLE elsewhere RENAME TO refresh_tokens").await;
        ann.post_empty(REFRESH).await.is(200);
    }
}

mod idle {
    use super::*;

    on_both! {
        with &[("SESSION_TIMEOUT_MINUTES", "30")];

        /// Where there is an idle limit, a session ends by lying still, and lives on by being used.
        async fn a_session_that_lies_still_ends(app) {
            app.register("ann").await;
            let (client, token) = app.bearer("ann").await;
            for _ in 0..2 {
                app.clock.advance(Duration::from_secs(25 * 60));
                client.get("/api/v1/profile").await.is(200);
                // That it was used is noted beside the request.
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            let token = text(&refresh(&app, &token).await.is(200).json(), "refresh_token").to_owned();
            app.clock.advance(Duration::from_secs(31 * 60));
            refresh(&app, &token).await.refused(401, "token_expired");
        }
    }
}

mod absolute {
    use super::*;

    on_both! {
        with &[("DURWARD_SESSION__ABSOLUTE_TIMEOUT", "90m")];

        /// No refresh outlives the absolute limit, and no access token either.
        async fn nothing_outlives_it(app) {
            app.register("ann").await;
            let (_, token) = app.bearer("ann").await;
            app.clock.advance(Duration::from_secs(60 * 60));
            let body = refresh(&app, &token).await.is(200).json();
            assert!(body["expires_in"].as_i64().unwrap() <= 1_800, "{body}");
            assert!(body["refresh_expires_in"].as_i64().unwrap() <= 1_800, "{body}");
            let client = app.app_client().with_bearer(text(&body, "access_token"));
            client.get("/api/v1/profile").await.is(200);
            app.clock.advance(Duration::from_secs(30 * 60));
            client.get("/api/v1/profile").await.refused(401, "token_expired");
            refresh(&app, text(&body, "refresh_token")).await.refused(401, "token_expired");
        }

        /// A token's end is said in whole seconds, and its session ends with its last one: what is over gives out nothing that is
        /// over as well.
        async fn it_ends_with_its_last_token(app) {
            app.register("ann").await;
            let (_, token) = app.bearer("ann").await;
            app.clock.advance(Duration::from_secs(60 * 60));
            let body = refresh(&app, &token).await.is(200).json();
            let client = app.app_client().with_bearer(text(&body, "access_token"));
            let session = client.get("/api/v1/sessions").await.is(200).json()["items"][0].clone();
            let status = client.get("/api/v1/auth/status").await.is(200).json();
            assert_eq!(text(&session, "expires_at"), text(&status, "expires_at"));
        }
    }
}

/// What one node ends is over on the other within a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reuse_on_one_node_ends_the_session_on_the_other() {
    let app = App::start(durward_store::testing::Backend::Postgres).await;
    let node = app.beside().await;
    app.register("ann").await;
    let (client, token) = app.bearer("ann").await;
    let there = client.copy().at(node.address);
    there.get("/api/v1/profile").await.is(200);
    let mut socket = there.socket("/api/v1/ws/chat").await;
    socket.expect("ready").await;
    refresh(&app, &token).await.is(200);
    app.clock.advance(Duration::from_secs(11));
    refresh(&app, &token).await.refused(401, "refresh_reused");
    tokio::time::timeout(Duration::from_secs(1), socket.closed()).await.expect("within a second");
    there.get("/api/v1/profile").await.refused(401, "token_revoked");
}

/// The access token that an actor sends.
fn bearer_of(client: &Actor) -> &str {
    client.header("authorization").unwrap().strip_prefix("Bearer ").unwrap()
}
