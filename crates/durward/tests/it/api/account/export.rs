use std::collections::BTreeSet;

use super::*;
use crate::kit::{App, on_both};

on_both! {
    /// What somebody left everywhere is in it, nothing of anybody else, and no secret.
    async fn it_has_everything_and_nothing_secret(app) {
        let ann = app.user("ann").await;
        ann.put("/api/v1/profile", json!({ "mission_statement": "to be \"kind\"", "personal_goals": { "run": "10 km" } })).await.is(200);
        ann.put("/api/v1/settings", json!({ "theme": "light" })).await.is(200);
        chat(&ann, "what is held about me?").await;
        ann.post_empty("/api/v1/2fa/totp/setup").await.is(200);
        let (_phone, refresh) = app.bearer("ann").await;
        app.visitor().post("/api/v1/auth/login", json!({ "email": "ann@example.com", "password": "wrong" })).await.is(401);
        let bob = app.user("bob").await;
        chat(&bob, "this is bob").await;

        let answer = ann.get(EXPORT).await.is(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"account.json\""));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let text = answer.text();
        for secret in ["bob", "$argon2", &refresh, &ann.cookie("access_token").unwrap(), &ann.cookie("device_id").unwrap()] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        let all = answer.json();
        assert_eq!(all["account"]["email"], "ann@example.com");
        assert_eq!(all["profile"]["mission_statement"], "to be \"kind\"");
        assert_eq!(all["profile"]["personal_goals"]["run"], "10 km");
        assert_eq!((&all["settings"][0]["key"], &all["settings"][0]["value"]), (&"theme".into(), &"light".into()));
        assert!(all["second_factors"]["totp_pending_until"].is_string() && all["second_factors"]["totp_enabled_at"].is_null());
        assert_eq!(all["sessions"].as_array().unwrap().len(), 2);
        let messages = all["conversations"][0]["messages"].as_array().unwrap();
        assert_eq!(messages.iter().map(|one| one["author"].as_str().unwrap()).collect::<Vec<_>>(), ["user", "assistant"]);
        assert_eq!(messages[0]["content"], "what is held about me?");
        let reasons: Vec<_> = all["login_attempts"].as_array().unwrap().iter().map(|one| one["succeeded"].as_bool().unwrap()).collect();
        assert_eq!(reasons, [true, true, false]);
        let events: Vec<_> = all["security_events"].as_array().unwrap().iter().map(|one| one["event"].as_str().unwrap()).collect();
        assert_eq!((events[0], events[events.len() - 1]), ("registered", "account_exported"));
        for none in ["email_change", "login_habits"] {
            assert!(all.get(none).is_some(), "{none} is named, whether there is one or not");
        }
    }

    /// However much there is, it comes in pieces and whole.
    async fn more_than_a_page_of_everything(app) {
        let ann = app.user("ann").await;
        for _ in 0..105 {
            app.login("ann").await;
        }
        let mut socket = ann.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        let mut conversation = Value::Null;
        for number in 0..10 {
            let mut message = json!({ "type": "message", "content": format!("number {number}") });
            if !conversation.is_null() {
                message["conversation_id"] = conversation.clone();
            }
            socket.send(message).await;
            loop {
                let message = socket.next().await;
                if message["type"] == "message.done" {
                    conversation = message["conversation_id"].clone();
                    break;
                }
            }
        }
        chat(&ann, "another one").await;
        let all = ann.get(EXPORT).await.is(200).json();
        for (list, count) in [("sessions", 106), ("login_attempts", 106), ("conversations", 2)] {
            let ids: BTreeSet<_> = all[list].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
            assert_eq!((ids.len(), all[list].as_array().unwrap().len()), (count, count), "{list}");
        }
        assert!(all["security_events"].as_array().unwrap().len() > 106);
        let said: Vec<_> = all["conversations"][0]["messages"].as_array().unwrap().iter().collect();
        assert_eq!((said.len(), &said[18]["content"]), (20, &"number 9".into()));
    }

    /// Nobody gets it who finds a browser unattended.
    async fn it_needs_a_recent_authentication(app) {
        let ann = app.user("ann").await;
        app.clock.advance(STALE);
        ann.get(EXPORT).await.refused(403, "reauthentication_required");
        ann.post("/api/v1/auth/reauthenticate", password()).await.is(200);
        ann.get(EXPORT).await.is(200);
    }

    /// Who reads nothing holds up nobody: no connection to the database waits for them.
    async fn a_reader_who_stops_holds_up_nobody(app) {
        let ann = app.user("ann").await;
        fill(&app, &ann).await;
        let mut stalled = Vec::new();
        for _ in 0..10 {
            stalled.push(begin(&app, &ann).await);
        }
        let body = json!({ "email": "ann@example.com", "password": crate::kit::PASSWORD });
        let begun = std::time::Instant::now();
        // While they are read, rows as long as that take their time; afterwards nothing is held.
        while app.visitor().post("/api/v1/auth/login", body.clone()).await.status != 200 {
            assert!(begun.elapsed() < Duration::from_secs(60), "those who read nothing hold up others");
        }
        drop(stalled);
        ann.get(EXPORT).await.is(200);
    }
}

/// Far more than fits into the buffers of a connection.
async fn fill(app: &App, ann: &Actor) {
    chat(ann, "begin").await;
    let backend_has_repeat = matches!(app.database.options.target, durward_store::Target::Postgres(_));
    let repeat = if backend_has_repeat { "repeat('x', 8000000)" } else { "hex(zeroblob(4000000))" };
    app.database.sql(&format!("UPDATE conversation_messages SET content = {repeat} WHERE author = 'user'")).await;
}

/// Asks for an export and reads nothing of it.
async fn begin(app: &App, ann: &Actor) -> tokio::net::TcpStream {
    use tokio::io::AsyncWriteExt;
    let mut stream = tokio::net::TcpStream::connect(app.address).await.unwrap();
    let token = ann.cookie("access_token").unwrap();
    let head = format!("GET {EXPORT} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n", app.address);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}
