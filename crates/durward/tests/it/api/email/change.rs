//! A change of address, which both addresses confirm.

use std::time::Duration;

use durward_store::testing::Backend;

use super::*;
use crate::kit::Control;

const LEE: &str = "lee@example.com";

/// Asks for another address, and gives the tokens of the old and the new one.
async fn ask(app: &App, ann: &Actor, name: &str, new: &str) -> (String, String) {
    let answer = ann.post(CHANGE, json!({ "new_email": new })).await.is(202).json();
    assert_eq!(answer, json!({ "status": "accepted" }));
    let old = app.mails.expect(&email(name), "confirm_old_address").await;
    assert!(old.text.contains(new), "{}", old.text);
    let new = app.mails.expect(new, "confirm_new_address").await;
    assert!(!new.text.contains(&email(name)), "a stranger is told nothing: {}", new.text);
    (token(&old), token(&new))
}

async fn address_of(ann: &Actor) -> Value {
    ann.get("/api/v1/profile").await.is(200).json()["user"]["email"].clone()
}

on_both! {
    with &OPEN;

    /// In either order: the second confirmation changes it, at once, and no session ends.
    async fn both_addresses_confirm_it_in_either_order(app) {
        for (name, new, newer_first) in [("ann", LEE, false), ("bob", "rob@example.com", true)] {
            let user = app.user(name).await;
            let mut socket = user.socket("/api/v1/ws/chat").await;
            socket.expect("ready").await;
            let (old, young) = ask(&app, &user, name, new).await;
            let (first, second) = if newer_first { (young, old) } else { (old, young) };
            let confirm = async |token: &str| send_token(&app.visitor(), CONFIRM, token).await;
            assert_eq!(confirm(&first).await.is(200).json(), json!({ "status": "waiting" }));
            confirm(&first).await.refused(422, "link_invalid");
            assert_eq!(address_of(&user).await, email(name).as_str());
            assert_eq!(confirm(&second).await.is(200).json(), json!({ "status": "changed" }));
            confirm(&second).await.refused(422, "link_invalid");
            let now = user.get("/api/v1/auth/status").await.json()["user"].clone();
            assert_eq!((&now["email"], &now["email_verified"]), (&json!(new), &json!(true)));
            assert_eq!(address_of(&user).await, new);
            socket.send(json!({ "type": "ping" })).await;
            socket.expect("pong").await;
            // The access token of a refresh names the new address, too.
            user.post_empty("/api/v1/auth/refresh").await.is(200);
            login(&app, &email(name)).await.refused(401, "invalid_credentials");
            login(&app, new).await.is(200);
            for address in [&email(name), new] {
                let notice = app.mails.expect(address, "email_changed").await;
                assert!(notice.text.contains(new), "{}", notice.text);
            }
            app.visitor().post(REGISTER, form(&email(name))).await.is(201);
        }
        app.no_more_mails().await;
        assert_eq!((audited(&app, "email_change_requested").await, audited(&app, "email_changed").await), (2, 2));
        assert_eq!(audited(&app, "email_change_confirmed").await, 2);
    }

    /// An address that somebody has: the same answer, no mail to its owner, and nothing changes.
    async fn nobody_learns_that_an_address_is_taken(app) {
        let ann = app.user("ann").await;
        app.register("bob").await;
        let answer = ann.post(CHANGE, json!({ "new_email": "Bob@Example.com" })).await.is(202).json();
        assert_eq!(answer, json!({ "status": "accepted" }));
        let old = token(&app.mails.expect(&email("ann"), "confirm_old_address").await);
        assert_eq!(send_token(&app.visitor(), CONFIRM, &old).await.is(200).json(), json!({ "status": "waiting" }));
        app.no_more_mails().await;
        assert_eq!(address_of(&ann).await, "ann@example.com");
    }

    /// Somebody takes the address while it waits: the change fails, and is over.
    async fn an_address_that_is_taken_meanwhile(app) {
        let ann = app.user("ann").await;
        let (old, new) = ask(&app, &ann, "ann", LEE).await;
        send_token(&app.visitor(), CONFIRM, &old).await.is(200);
        app.visitor().post(REGISTER, form(LEE)).await.is(201);
        send_token(&app.visitor(), CONFIRM, &new).await.refused(422, "link_invalid");
        assert_eq!(address_of(&ann).await, "ann@example.com");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM email_changes").await, 0);
        assert_eq!(audited(&app, "email_change_failed").await, 1);
        login(&app, LEE).await.is(200);
    }

    /// It ends by a newer one and by time.
    async fn a_change_ends_by_a_newer_one_and_by_time(app) {
        let ann = app.user("ann").await;
        let (old, new) = ask(&app, &ann, "ann", LEE).await;
        let newer = ask(&app, &ann, "ann", "leigh@example.com").await;
        for token in [&old, &new] {
            send_token(&app.visitor(), CONFIRM, token).await.refused(422, "link_invalid");
        }
        send_token(&app.visitor(), CONFIRM, &newer.0).await.is(200);
        app.clock.advance(Duration::from_secs(24 * 3_600 + 1));
        send_token(&app.visitor(), CONFIRM, &newer.1).await.refused(422, "link_invalid");
        let ann = app.login("ann").await;
        assert_eq!(address_of(&ann).await, "ann@example.com");
    }

    /// It needs a login younger than ten minutes, a CSRF token, and another address than the one that is there.
    async fn what_it_needs(app) {
        let ann = app.user("ann").await;
        for same in ["ann@example.com", " ANN@example.com "] {
            let problem = ann.post(CHANGE, json!({ "new_email": same })).await.refused(422, "validation_failed").json();
            assert_eq!(problem["errors"][0]["pointer"], "/new_email");
        }
        for body in [json!({}), json!({ "new_email": "lee" }), json!({ "email": LEE }), json!({ "new_email": 1 })] {
            ann.post(CHANGE, body).await.refused(422, "validation_failed");
        }
        let body = || json!({ "new_email": LEE });
        app.visitor().post(CHANGE, body()).await.refused(401, "token_missing");
        ann.copy().without_csrf().post(CHANGE, body()).await.refused(403, "csrf_failed");
        app.clock.advance(Duration::from_secs(601));
        ann.post(CHANGE, body()).await.refused(403, "reauthentication_required");
        app.no_more_mails().await;
        assert_eq!(app.database.count("SELECT COUNT(*) FROM email_changes").await, 0);
    }

    /// Links to reset the password that went to the old address do not work any more.
    async fn links_of_the_old_address_end(app) {
        let ann = app.user("ann").await;
        app.visitor().post("/api/v1/password/forgot", json!({ "email": email("ann") })).await.is(202);
        let reset = token(&app.mails.expect(&email("ann"), "reset_password").await);
        let (old, new) = ask(&app, &ann, "ann", LEE).await;
        for token in [&old, &new] {
            send_token(&app.visitor(), CONFIRM, token).await.is(200);
        }
        let body = json!({ "token": reset, "new_password": "four quiet herons at dusk" });
        app.visitor().post("/api/v1/password/reset", body).await.refused(422, "link_invalid");
        login(&app, LEE).await.is(200);
    }

    /// A suspended account's address does not change.
    async fn not_while_the_account_is_suspended(app) {
        let ann = app.user("ann").await;
        let (old, new) = ask(&app, &ann, "ann", LEE).await;
        let id = app.operator.find(&"ann@example.com".parse().unwrap()).await.unwrap().unwrap().id;
        app.operator.set_status(id, durward_proto::AccountStatus::Suspended).await.unwrap();
        send_token(&app.visitor(), CONFIRM, &old).await.is(200);
        send_token(&app.visitor(), CONFIRM, &new).await.refused(422, "link_invalid");
        assert!(app.operator.find(&"ann@example.com".parse().unwrap()).await.unwrap().is_some());
    }
}

/// The other node sees the new address within a second, and so do tokens that it has checked before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_sees_it_within_a_second() {
    let app = App::with(Backend::Postgres, &OPEN).await;
    let node = app.beside().await;
    let ann = app.user("ann").await;
    let there = ann.copy().at(node.address);
    assert_eq!(there.get("/api/v1/auth/status").await.json()["user"]["email"], "ann@example.com");
    let (old, new) = ask(&app, &ann, "ann", LEE).await;
    for token in [&old, &new] {
        send_token(&app.visitor(), CONFIRM, token).await.is(200);
    }
    let control = Control::of(node.address);
    let begun = std::time::Instant::now();
    while there.get("/api/v1/auth/status").await.json()["user"]["email"] != LEE {
        assert!(begun.elapsed() < control.allows(Duration::from_secs(1)), "the other node does not know");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
