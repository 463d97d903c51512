//! `POST /api/v1/password/forgot` and `/password/reset`.

mod limits;
pub(in crate::api) mod race;

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Actor, Answer, App, KEPT, PASSWORD, email, on_both, token};

const FORGOT: &str = "/api/v1/password/forgot";
const RESET: &str = "/api/v1/password/reset";
const CHAT: &str = "/api/v1/ws/chat";
const NEW: &str = "four quiet herons at dusk";
const HOUR: Duration = Duration::from_secs(3_600);

/// Mails are kept, and nobody has to confirm an address.
const SETTINGS: [(&str, &str); 2] = [KEPT, ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false")];

async fn forgot(actor: &Actor, address: &str) -> Answer {
    actor.post(FORGOT, json!({ "email": address })).await
}

async fn reset(actor: &Actor, token: &str, password: &str) -> Answer {
    actor.post(RESET, json!({ "token": token, "new_password": password })).await
}

/// Asks for a link and reads the mail.
async fn link(app: &App, name: &str) -> String {
    assert_eq!(forgot(&app.visitor(), &email(name)).await.is(202).json(), json!({ "status": "accepted" }));
    token(&app.mails.expect(&email(name), "reset_password").await)
}

async fn login(app: &App, name: &str, password: &str) -> Answer {
    app.visitor().post("/api/v1/auth/login", json!({ "email": email(name), "password": password })).await
}

async fn audited(app: &App, event: &str) -> i64 {
    app.database.count(&format!("SELECT COUNT(*) FROM security_audit WHERE event = '{event}'")).await
}

on_both! {
    with &SETTINGS;

    /// A new password, no session, and every old one ended with its sockets, on both nodes.
    async fn a_reset_ends_every_session_on_every_node(app) {
        let node = match app.database.options.target {
            durward_store::Target::Postgres(_) => Some(app.beside().await),
            durward_store::Target::Sqlite { .. } => None,
        };
        let there = node.as_ref().map_or(app.address, |node| node.address);
        let bob = app.user("bob").await;
        let ann = app.user("ann").await;
        let (client, refresh) = app.bearer("ann").await;
        let client = client.at(there);
        let mut sockets = [ann.socket(CHAT).await, client.socket(CHAT).await];
        for socket in &mut sockets {
            socket.expect("ready").await;
        }
        let link = link(&app, "ann").await;
        let answer = reset(&app.visitor(), &link, NEW).await.is(204);
        assert!(answer.set_cookies().iter().all(|cookie| cookie.starts_with("device_id=")) && answer.body.is_empty());
        for socket in &mut sockets {
            assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        }
        ann.get("/api/v1/profile").await.refused(401, "token_revoked");
        client.get("/api/v1/profile").await.refused(401, "token_revoked");
        let body = json!({ "refresh_token": refresh });
        app.app_client().post("/api/v1/auth/refresh", body).await.refused(401, "token_revoked");
        bob.get("/api/v1/profile").await.is(200);

        login(&app, "ann", PASSWORD).await.refused(401, "invalid_credentials");
        let user = login(&app, "ann", NEW).await.is(200).json()["user"].clone();
        assert_eq!(user["email_verified"], true, "whoever read the mail has the address");
        let notice = app.mails.expect(&email("ann"), "password_changed").await;
        assert!(notice.text.contains("127.0.0.1"), "{}", notice.text);
        app.no_more_mails().await;
        assert_eq!((audited(&app, "password_reset_requested").await, audited(&app, "password_reset").await), (1, 1));
        reset(&app.visitor(), &link, "seven loud herons at dawn").await.refused(422, "link_invalid");
    }

    /// It works once, until a newer one takes its place, for an hour.
    async fn a_link_ends_by_use_by_a_newer_one_and_by_time(app) {
        app.register("ann").await;
        let (older, newer) = (link(&app, "ann").await, link(&app, "ann").await);
        reset(&app.visitor(), &older, NEW).await.refused(422, "link_invalid");
        reset(&app.visitor(), &newer, NEW).await.is(204);
        app.mails.expect(&email("ann"), "password_changed").await;
        reset(&app.visitor(), &newer, NEW).await.refused(422, "link_invalid");

        let late = link(&app, "ann").await;
        app.clock.advance(HOUR - Duration::from_secs(10));
        reset(&app.visitor(), &late, "short").await.refused(422, "weak_password");
        app.clock.advance(Duration::from_secs(11));
        reset(&app.visitor(), &late, "seven loud herons at dawn").await.refused(422, "link_invalid");
        login(&app, "ann", NEW).await.is(200);
        let nonsense = ["", "x", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", &format!("{late} ")];
        for text in nonsense {
            reset(&app.visitor(), text, "seven loud herons at dawn").await.refused(422, "link_invalid");
        }
    }

    /// A password that is too weak costs nothing: the same link works with a better one.
    async fn a_weak_password_does_not_use_the_link_up(app) {
        app.register("ann").await;
        let link = link(&app, "ann").await;
        for weak in ["", "short", "password", "12345678", "ann@example.com", &"x9 q".repeat(300)] {
            let problem = reset(&app.visitor(), &link, weak).await.refused(422, "weak_password").json();
            assert_eq!(problem["errors"][0]["pointer"], "/new_password");
        }
        reset(&app.visitor(), &link, "cafe\u{301} on the \u{fb01}eld").await.is(204);
        login(&app, "ann", "caf\u{e9} on the field").await.is(200);
    }

    /// The database holds neither the link's token nor the address it goes to, before and after the mail.
    async fn nothing_of_a_link_stands_in_the_database(app) {
        app.register("ann").await;
        let link = link(&app, "ann").await;
        app.posted().await;
        let everything = app.database.everything().await;
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &link).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for needle in [link.as_bytes(), &bytes, hex.as_bytes()] {
            assert!(!everything.windows(needle.len()).any(|window| window == needle));
        }
        assert_eq!(app.database.count("SELECT COUNT(*) FROM recovery_tokens").await, 1);
        reset(&app.visitor(), &link, NEW).await.is(204);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM recovery_tokens").await, 0);
    }

    /// The same answer for everybody: who has an account, who has none, and who has one that may not be used.
    async fn nobody_learns_who_has_an_account(app) {
        app.register("ann").await;
        app.register("eve").await;
        let eve = "eve@example.com".parse().unwrap();
        let eve = app.operator.find(&eve).await.unwrap().unwrap().id;
        app.operator.set_status(eve, durward_proto::AccountStatus::Suspended).await.unwrap();
        let mut answers = Vec::new();
        for address in ["ann@example.com", "nobody@example.com", "eve@example.com", " ANN@Example.COM\n"] {
            let answer = forgot(&app.visitor(), address).await.is(202);
            let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            answers.push((names, answer.set_cookies().len(), answer.json()));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        app.posted().await;
        let kinds: Vec<_> = app.mails.unread();
        assert_eq!(kinds, [("reset_password", email("ann")), ("reset_password", email("ann"))]);
        assert_eq!(audited(&app, "password_reset_requested").await, 4);
        // Who was suspended after the mail gets no new password either.
        let ann = "ann@example.com".parse().unwrap();
        let ann = app.operator.find(&ann).await.unwrap().unwrap().id;
        let (_, newer) = (app.mails.to(&email("ann")).await, app.mails.to(&email("ann")).await);
        app.operator.set_status(ann, durward_proto::AccountStatus::Suspended).await.unwrap();
        reset(&app.visitor(), &token(&newer), NEW).await.refused(422, "link_invalid");
    }

    /// What is half-way into the account ends with the old password.
    async fn mailed_tokens_and_changes_end_with_the_password(app) {
        let ann = app.user("ann").await;
        ann.post("/api/v1/email/change", json!({ "new_email": "thief@example.com" })).await.is(202);
        app.posted().await;
        let confirm = token(&app.mails.expect("thief@example.com", "confirm_new_address").await);
        app.visitor().post("/api/v1/email/verify/resend", json!({ "email": email("ann") })).await.is(202);
        app.posted().await;
        app.mails.expect(&email("ann"), "confirm_old_address").await;
        let verify = token(&app.mails.expect(&email("ann"), "verify_email").await);
        let link = link(&app, "ann").await;
        reset(&app.visitor(), &link, NEW).await.is(204);
        for (path, token) in [("/api/v1/email/change/confirm", confirm), ("/api/v1/email/verify", verify)] {
            app.visitor().post(path, json!({ "token": token })).await.refused(422, "link_invalid");
        }
    }

    /// The bodies are JSON with these members alone; what is no address is said to be none.
    async fn bodies_are_read_strictly(app) {
        for body in [json!({}), json!({ "email": 5 }), json!({ "email": "ann" }), json!({ "email": "a@b", "x": 1 }), json!([])] {
            app.visitor().post(FORGOT, body).await.refused(422, "validation_failed");
        }
        for body in [json!({}), json!({ "token": "x" }), json!({ "token": 5, "new_password": NEW }), Value::Null] {
            app.visitor().post(RESET, body).await.refused(422, "validation_failed");
        }
        app.visitor().post_form(FORGOT, &[("email", "ann@example.com")]).await.refused(415, "unsupported_media_type");
        app.no_more_mails().await;
    }

    /// The mail is in the language that the browser asks for.
    async fn the_mail_speaks_the_readers_language(app) {
        app.register("ann").await;
        for (asked, language) in [("de-AT, en;q=0.5", "de"), ("en", "en"), ("xx", "en"), ("", "en")] {
            forgot(&app.visitor().with("accept-language", asked), &email("ann")).await.is(202);
            let mail = app.mails.expect(&email("ann"), "reset_password").await;
            assert_eq!(mail.language, language, "{asked}");
            assert_eq!(mail.text.contains("Passwort"), language == "de", "{}", mail.text);
        }
    }

    /// Addresses with letters beyond ASCII, and such as want to write headers.
    async fn odd_addresses(app) {
        let address = "jörg+x@bücher.example";
        let body = json!({ "email": address, "password": PASSWORD });
        app.visitor().post("/api/v1/auth/register", body).await.is(201);
        forgot(&app.visitor(), "JÖRG+X@BÜCHER.example").await.is(202);
        let mail = app.mails.expect(address, "reset_password").await;
        reset(&app.visitor(), &token(&mail), NEW).await.is(204);
        for nasty in [
            "ann@example.com\r\nBcc: eve@example.com",
            "ann@example.com%0aBcc:eve@example.com",
            "ann@example.com,eve@example.com",
            "<ann@example.com>",
            "ann@example.com\u{0}",
            "\"ann\"@example.com",
        ] {
            forgot(&app.visitor(), nasty).await.refused(422, "validation_failed");
        }
        app.mails.expect(address, "password_changed").await;
        app.no_more_mails().await;
    }
}

mod factors {
    use super::*;

    on_both! {
        with &SETTINGS;

        /// Whoever reads the mail has one factor: the second one is asked for as before, and nothing that was half done
        /// with the old password goes on.
        async fn a_reset_keeps_the_second_factor(app) {
            let ann = app.user("ann").await;
            let id = crate::now::id_of(&app, "ann").await;
            let challenged = "UPDATE users SET tfa_enabled = TRUE WHERE email_key = 'ann@example.com'";
            app.database.sql(challenged).await;
            let insert = format!(
                "INSERT INTO trusted_devices (id, token_hash, user_id, created_at, expires_at) SELECT {uuid}, {hash}, {id}, \
                 created_at, created_at FROM users WHERE id = {id}",
                uuid = literal(&app, "019a00000000700080000000000000aa", "uuid"),
                hash = literal(&app, &"ab".repeat(32), "bytes"),
            );
            app.database.sql(&insert).await;
            drop(ann);
            let link = link(&app, "ann").await;
            reset(&app.visitor(), &link, NEW).await.is(204);
            let kept = "SELECT COUNT(*) FROM users WHERE tfa_enabled AND email_key = 'ann@example.com'";
            assert_eq!(app.database.count(kept).await, 1);
            for table in ["trusted_devices", "two_factor_challenges", "passkey_ceremonies"] {
                assert_eq!(app.database.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
            }
        }
    }

    fn literal(app: &App, hex: &str, kind: &str) -> String {
        match (&app.database.options.target, kind) {
            (durward_store::Target::Sqlite { .. }, _) => format!("x'{hex}'"),
            (durward_store::Target::Postgres(_), "uuid") => format!("'{hex}'::uuid"),
            (durward_store::Target::Postgres(_), _) => format!("'\\x{hex}'::bytea"),
        }
    }
}
