//! Registration with a confirmed address.

use std::time::Duration;

use super::*;

/// Registers and reads the mail.
async fn link(app: &App, address: &str) -> String {
    app.visitor().post(REGISTER, form(address)).await.is(202);
    token(&app.mails.expect(address, "verify_email").await)
}

on_both! {
    with &[KEPT];

    /// Where mail is configured an account waits for its address to be confirmed.
    async fn an_account_waits_for_its_address(app) {
        let answer = app.visitor().post(REGISTER, form(" Ann@Example.com ")).await.is(202);
        assert_eq!(answer.json(), json!({ "status": "verification_sent" }));
        assert!(answer.set_cookies().is_empty());
        let mail = app.mails.expect("Ann@Example.com", "verify_email").await;
        assert!(mail.text.contains("Ann Lee"), "{}", mail.text);
        login(&app, "ann@example.com").await.refused(403, "account_pending");
        assert!(send_token(&app.visitor(), VERIFY, &token(&mail)).await.is(204).body.is_empty());
        let user = login(&app, "ann@example.com").await.is(200).json()["user"].clone();
        assert_eq!((&user["status"], &user["email_verified"]), (&json!("active"), &json!(true)));
        send_token(&app.visitor(), VERIFY, &token(&mail)).await.refused(422, "link_invalid");
        assert_eq!((audited(&app, "registered").await, audited(&app, "email_verified").await), (1, 1));
        app.no_more_mails().await;
    }

    /// The same answer for an address that is known; its owner is told, and nothing of the account changes.
    async fn nobody_learns_that_an_address_is_taken(app) {
        let link = link(&app, "ann@example.com").await;
        let first = app.visitor().post(REGISTER, form("new@example.com")).await.is(202);
        app.mails.expect("new@example.com", "verify_email").await;
        let other = json!({ "email": "ANN@example.com", "password": "seven loud herons at dawn", "full_name": "Eve" });
        let again = app.visitor().post(REGISTER, other).await.is(202);
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!((names(&first), first.json()), (names(&again), again.json()));
        let mail = app.mails.expect("ann@example.com", "already_registered").await;
        assert!(!mail.text.contains("Eve") && !mail.text.contains("#token="), "{}", mail.text);
        // What the second one typed counts for nothing, and the first mail's link works.
        send_token(&app.visitor(), VERIFY, &link).await.is(204);
        let user = login(&app, "ann@example.com").await.is(200).json()["user"].clone();
        assert_eq!(user["full_name"], "Ann Lee");
        app.no_more_mails().await;
    }

    /// What is not allowed is said at once, whether the address is known or not.
    async fn refusals_do_not_tell_either(app) {
        link(&app, "ann@example.com").await;
        for address in ["ann@example.com", "new@example.com"] {
            let weak = json!({ "email": address, "password": "password" });
            app.visitor().post(REGISTER, weak).await.refused(422, "weak_password");
            let role = json!({ "email": address, "password": PASSWORD, "role": "admin" });
            app.visitor().post(REGISTER, role).await.refused(422, "validation_failed");
        }
        app.visitor().post(REGISTER, form("no address")).await.refused(422, "validation_failed");
        app.no_more_mails().await;
    }

    /// A link works for 24 hours, until a newer one takes its place; a new mail can be asked for.
    async fn a_link_ends_and_another_can_be_had(app) {
        let older = link(&app, "ann@example.com").await;
        let resent = async |address: &str| {
            let answer = app.visitor().post(RESEND, json!({ "email": address })).await.is(202).json();
            assert_eq!(answer, json!({ "status": "accepted" }));
        };
        resent("nobody@example.com").await;
        resent("ann@example.com").await;
        let newer = token(&app.mails.expect("ann@example.com", "verify_email").await);
        send_token(&app.visitor(), VERIFY, &older).await.refused(422, "link_invalid");
        app.clock.advance(Duration::from_secs(24 * 3_600 + 1));
        send_token(&app.visitor(), VERIFY, &newer).await.refused(422, "link_invalid");
        resent("ann@example.com").await;
        let link = token(&app.mails.expect("ann@example.com", "verify_email").await);
        send_token(&app.visitor(), VERIFY, &link).await.is(204);
        // Once it is confirmed there is nothing to send.
        resent("ann@example.com").await;
        app.no_more_mails().await;
        let stored = "SELECT COUNT(*) FROM recovery_tokens";
        assert_eq!(app.database.count(stored).await, 0);
    }

    /// The Golden Path holds where addresses are confirmed: nobody reads its walker's mail, so it needs none.
    async fn the_golden_path_needs_no_mailbox(app) {
        let link = link(&app, "ann@example.com").await;
        send_token(&app.visitor(), VERIFY, &link).await.is(204);
        let id = app.operator.find(&"ann@example.com".parse().unwrap()).await.unwrap().unwrap().id;
        app.operator.set_role(id, &durward_proto::Role::admin()).await.unwrap();
        let admin = app.login("ann").await;
        let report = admin.get("/api/v1/diagnostics").await.is(200).json();
        let checks = report["checks"].as_array().unwrap();
        let walk = checks.iter().find(|check| check["id"] == "golden_path").unwrap();
        assert_eq!(walk["status"], "ok", "{walk}");
        app.no_more_mails().await;
        assert_eq!(app.database.count("SELECT COUNT(*) FROM users").await, 1);
    }

    /// A link is for what it says: one to confirm an address sets no password.
    async fn a_link_does_one_thing(app) {
        let verify = link(&app, "ann@example.com").await;
        let body = json!({ "token": verify, "new_password": "four quiet herons at dusk" });
        app.visitor().post("/api/v1/password/reset", body).await.refused(422, "link_invalid");
        send_token(&app.visitor(), CONFIRM, &verify).await.refused(422, "link_invalid");
        send_token(&app.visitor(), VERIFY, &verify).await.is(204);
    }

    /// Who reset the password read the mail: that confirms the address as well, and the password is the new one.
    async fn a_reset_confirms_the_address(app) {
        link(&app, "ann@example.com").await;
        app.visitor().post("/api/v1/password/forgot", json!({ "email": "ann@example.com" })).await.is(202);
        let reset = token(&app.mails.expect("ann@example.com", "reset_password").await);
        let body = json!({ "token": reset, "new_password": "four quiet herons at dusk" });
        app.visitor().post("/api/v1/password/reset", body).await.is(204);
        login(&app, "ann@example.com").await.refused(401, "invalid_credentials");
        let body = json!({ "email": "ann@example.com", "password": "four quiet herons at dusk" });
        let user = app.visitor().post("/api/v1/auth/login", body).await.is(200).json()["user"].clone();
        assert_eq!((&user["status"], &user["email_verified"]), (&json!("active"), &json!(true)));
    }
}

mod approved {
    use super::*;

    on_both! {
        with &[KEPT, ("DURWARD_REGISTRATION__APPROVE", "true")];

        /// Where an operator approves of accounts, a confirmed address alone opens none; nor does a reset.
        async fn both_are_needed(app) {
            let link = link(&app, "ann@example.com").await;
            send_token(&app.visitor(), VERIFY, &link).await.is(204);
            login(&app, "ann@example.com").await.refused(403, "account_pending");
            app.visitor().post("/api/v1/password/forgot", json!({ "email": "ann@example.com" })).await.is(202);
            let reset = token(&app.mails.expect("ann@example.com", "reset_password").await);
            app.visitor().post("/api/v1/password/reset", json!({ "token": reset, "new_password": PASSWORD })).await.is(204);
            login(&app, "ann@example.com").await.refused(403, "account_pending");
            let id = app.operator.find(&"ann@example.com".parse().unwrap()).await.unwrap().unwrap().id;
            app.operator.set_status(id, durward_proto::AccountStatus::Active).await.unwrap();
            login(&app, "ann@example.com").await.is(200);
        }
    }
}

mod open {
    use super::*;

    on_both! {
        with &OPEN;

        /// Where nobody has to, an address can be confirmed all the same; the open sockets stay, and the next request
        /// knows of it.
        async fn an_address_can_be_confirmed_later(app) {
            let ann = app.user("ann").await;
            let mut socket = ann.socket("/api/v1/ws/chat").await;
            socket.expect("ready").await;
            app.visitor().post(RESEND, json!({ "email": email("ann") })).await.is(202);
            let link = token(&app.mails.expect(&email("ann"), "verify_email").await);
            send_token(&app.visitor(), VERIFY, &link).await.is(204);
            assert_eq!(ann.get("/api/v1/auth/status").await.json()["user"]["email_verified"], true);
            socket.send(json!({ "type": "ping" })).await;
            socket.expect("pong").await;
        }
    }
}
