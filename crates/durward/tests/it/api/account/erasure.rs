use std::sync::Arc;

use durward_proto::{Email, Role};
use durward_store::testing::Backend;
use http::Method;
use tokio::sync::Barrier;

use super::*;
use crate::kit::{App, KEPT, email, on_both, rounds};

/// The statuses of all who ask at the same moment.
async fn at_once(actors: Vec<Actor>) -> Vec<u16> {
    let barrier = Arc::new(Barrier::new(actors.len()));
    let asking: Vec<_> = actors
        .into_iter()
        .map(|actor| {
            let barrier = barrier.clone();
            tokio::spawn(async move {
                barrier.wait().await;
                actor.delete_with(ACCOUNT, password()).await.status.as_u16()
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for one in asking {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    statuses
}

/// One account, and all that touches what is counted for it, at the same moment.
async fn among_others_once(app: &App, name: &str) {
    app.register(name).await;
    let (ann, elsewhere) = (app.login(name).await, app.login(name).await);
    let me = json!({ "email": email(name) });
    let login = |password: &str| json!({ "email": email(name), "password": password });
    let anew = json!({ "current_password": PASSWORD, "new_password": "a lighthouse in the fog" });
    let moved = json!({ "new_email": email(&format!("{name}2")) });
    let all = [
        (ann.copy(), Method::DELETE, ACCOUNT, password()),
        (elsewhere.copy(), Method::DELETE, ACCOUNT, password()),
        (elsewhere.copy(), Method::POST, "/api/v1/auth/reauthenticate", password()),
        (ann.copy(), Method::POST, "/api/v1/password/change", anew),
        (ann.copy(), Method::POST, "/api/v1/email/change", moved),
        (ann.copy(), Method::POST, "/api/v1/auth/refresh", json!({})),
        (elsewhere.copy(), Method::POST, "/api/v1/auth/refresh", json!({})),
        (ann.copy(), Method::PUT, "/api/v1/settings", json!({ "theme": "light", "timezone": "Europe/Oslo" })),
        (elsewhere.copy(), Method::PUT, "/api/v1/settings", json!({ "timezone": "UTC", "theme": "dark" })),
        (ann.copy(), Method::PUT, "/api/v1/profile", json!({ "full_name": "Ann", "mission_statement": "To go." })),
        (ann.copy(), Method::POST, "/api/v1/2fa/totp/setup", json!({})),
        (elsewhere.copy(), Method::POST, "/api/v1/passkeys/register/begin", json!({})),
        (elsewhere.copy(), Method::POST, "/api/v1/ws/ticket", json!({})),
        (elsewhere.copy(), Method::DELETE, "/api/v1/sessions", json!({})),
        (ann.copy(), Method::POST, "/api/v1/auth/logout", json!({})),
        (ann.copy(), Method::POST, "/api/v1/auth/login", login(PASSWORD)),
        (elsewhere, Method::POST, "/api/v1/auth/login", login("a guess")),
        (app.visitor(), Method::POST, "/api/v1/auth/login", login(PASSWORD)),
        (app.visitor(), Method::POST, "/api/v1/auth/login", login("a guess")),
        (app.visitor(), Method::POST, "/api/v1/password/forgot", me.clone()),
        (app.visitor(), Method::POST, "/api/v1/auth/register", login(PASSWORD)),
    ];
    let barrier = Arc::new(Barrier::new(all.len()));
    let asking = all.map(|(actor, method, path, body)| {
        let barrier = barrier.clone();
        tokio::spawn(async move {
            barrier.wait().await;
            let json = [("content-type", "application/json")];
            (path, actor.send(method, path, &json, body.to_string().into()).await)
        })
    });
    for one in asking {
        let (path, answer) = one.await.unwrap();
        // Somebody who is told to come again because the machine is busy did not lose a race.
        let fine = answer.status.as_u16() < 500 || answer.json()["code"] == "overloaded";
        assert!(fine, "{path}: {} {}", answer.status, answer.text());
    }
}

on_both! {
    with &[KEPT, ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false")];

    /// Sessions end everywhere, sockets close, cookies go, a mail says so, and the address is free.
    async fn nothing_is_left(app) {
        let id = app.register("ann").await;
        let ann = app.login("ann").await;
        let (phone, _) = app.bearer("ann").await;
        chat(&ann, "remember me").await;
        let mut socket = phone.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        app.visitor().post("/api/v1/auth/login", json!({ "email": email("ann"), "password": "wrong" })).await.is(401);

        let answer = ann.copy().delete_with(ACCOUNT, password()).await.is(204);
        for name in ["access_token", "refresh_token", "device_id", "device_trust"] {
            let cleared = answer.set_cookie(name).unwrap_or_else(|| panic!("{name} stays"));
            assert!(cleared.contains("Max-Age=0"), "{cleared}");
        }
        assert_eq!(socket.closed().await, (1008, "account_inactive".to_owned()));
        for actor in [&ann, &phone] {
            actor.get("/api/v1/profile").await.refused(401, "token_revoked");
        }
        let mail = app.mails.expect(&email("ann"), "account_deleted").await;
        assert!(mail.text.contains("127.0.0.1"), "{}", mail.text);
        let login = json!({ "email": email("ann"), "password": PASSWORD });
        app.visitor().post("/api/v1/auth/login", login).await.refused(401, "invalid_credentials");

        let count = async |sql: &str| app.database.count(sql).await;
        for table in ["users", "user_profiles", "user_sessions", "conversations", "conversation_messages"] {
            assert_eq!(count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
        }
        let left = "SELECT COUNT(*) FROM device_login_attempts WHERE user_id IS NOT NULL OR (email_key <> '' AND reason <> 'invalid_credentials')";
        assert_eq!(count(left).await, 0);
        assert!(count("SELECT COUNT(*) FROM device_login_attempts WHERE succeeded AND ip IS NULL").await >= 2, "what happened stays");
        let trail = |more: &str| format!("SELECT COUNT(*) FROM security_audit WHERE subject_user_id = {id} {more}");
        assert_eq!(count(&trail("AND ip IS NOT NULL")).await, 0);
        assert_eq!(count(&trail("AND event = 'account_deleted'")).await, 1);
        assert!(app.register("ann").await > id, "the number is not used again");
    }

    /// Another node knows within a second.
    async fn other_nodes_know(app) {
        // SQLite is one node's.
        if matches!(app.database.options.target, durward_store::Target::Postgres(_)) {
            let ann = app.user("ann").await;
            let other = app.beside().await;
            let there = ann.copy().at(other.address);
            there.get("/api/v1/profile").await.is(200);
            ann.delete_with(ACCOUNT, password()).await.is(204);
            tokio::time::sleep(Duration::from_secs(1)).await;
            there.get("/api/v1/profile").await.refused(401, "token_revoked");
        }
    }

    /// It needs the password, and a recent authentication besides.
    async fn it_has_to_be_meant(app) {
        let ann = app.user("ann").await;
        ann.delete_with(ACCOUNT, json!({})).await.refused(422, "validation_failed");
        ann.delete_with(ACCOUNT, json!({ "password": "not the password" })).await.refused(401, "invalid_credentials");
        app.clock.advance(STALE);
        ann.delete_with(ACCOUNT, password()).await.refused(403, "reauthentication_required");
        ann.post("/api/v1/auth/reauthenticate", password()).await.is(200);
        ann.without_csrf().delete_with(ACCOUNT, password()).await.refused(403, "csrf_failed");
        app.login("ann").await.delete_with(ACCOUNT, password()).await.is(204);
    }

    /// Guesses cost what they cost at the login.
    async fn guesses_are_counted(app) {
        let ann = app.user("ann").await;
        for _ in 0..10 {
            ann.delete_with(ACCOUNT, json!({ "password": "a guess" })).await.refused(401, "invalid_credentials");
        }
        ann.delete_with(ACCOUNT, password()).await.refused(429, "too_many_attempts");
        let login = json!({ "email": email("ann"), "password": PASSWORD });
        app.visitor().post("/api/v1/auth/login", login).await.refused(429, "too_many_attempts");
    }

    /// Of many at once one is it; the others find nobody.
    async fn it_happens_once(app) {
        let ann = app.user("ann").await;
        let statuses = at_once((0..8).map(|_| ann.copy()).collect()).await;
        assert_eq!((statuses[0], &statuses[1..]), (204, [401; 7].as_slice()));
        assert_eq!(app.database.count("SELECT COUNT(*) FROM guess_budgets").await, 0, "all that was paid came back");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM device_login_attempts WHERE email_key <> ''").await, 0);
    }

    /// Nobody waits in a circle with it who comes in, guesses, asks for mails or opens the account anew at that moment.
    async fn among_others(app) {
        for round in 0..rounds(4) {
            among_others_once(&app, &format!("ann{round}")).await;
        }
    }

    /// The last administrator stays, also when two go at once, and at the command line.
    async fn somebody_stays_who_can_administrate(app) {
        let (root, boss) = (app.admin("root").await, app.admin("boss").await);
        let statuses = at_once(vec![root.copy(), boss.copy()]).await;
        assert_eq!(statuses, [204, 409]);
        let stays = if root.get("/api/v1/profile").await.status == 200 { (root, "root") } else { (boss, "boss") };
        let refused = stays.0.delete_with(ACCOUNT, password()).await.refused(409, "last_admin");
        assert!(refused.json()["detail"].as_str().unwrap().contains("somebody else"));
        let address: Email = email(stays.1).parse().unwrap();
        let id = app.operator.find(&address).await.unwrap().unwrap().id;
        assert_eq!(app.operator.delete(id).await.unwrap_err().code().as_str(), "last_admin");
        let eve = app.user("eve").await;
        let id = app.operator.find(&email("eve").parse().unwrap()).await.unwrap().unwrap().id;
        app.operator.set_role(id, &Role::admin()).await.unwrap();
        stays.0.delete_with(ACCOUNT, password()).await.is(204);
        drop(eve);
    }
}

/// Where no mail is sent nothing waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_mail_nobody_is_told() {
    let app = App::start(Backend::Sqlite).await;
    app.user("ann").await.delete_with(ACCOUNT, password()).await.is(204);
    assert_eq!(app.database.count("SELECT COUNT(*) FROM mail_outbox").await, 0);
}
