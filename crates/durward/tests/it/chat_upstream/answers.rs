//! Answers that come, however they come.

use std::sync::Arc;
use std::time::Duration;

use durward_store::testing::Backend;
use serde_json::json;
use tokio::sync::Notify;

use super::*;

on_backends! {
    /// However the bytes come, the words are the same, and they are kept as one answer.
    async fn an_answer_in_any_pieces(backend) {
        for dialect in DIALECTS {
            let words = ["Grüße", ", ", "世界 ", "\u{1f600}", "\n\"what\"", " is\0 this? \\u0000 "];
            let text = stream(dialect, &words);
            // No text column of PostgreSQL's holds a NUL.
            let expected = words.concat().replace('\0', "");
            let upstream = Upstream::start(Plan::new(500)).await;
            let app = app(backend, dialect, &upstream.url, &[]).await;
            let ann = app.user("ann").await;
            let mut socket = ready(&ann).await;
            let second_half = text.len() / 2 + 1;
            let halves = Plan::new(200).send(text.as_bytes()[..second_half].to_vec()).send(text.as_bytes()[second_half..].to_vec());
            let plans = [Plan::bytewise(&text), Plan::pieces(&text), halves, Plan::bytewise(&text.replace('\n', "\r\n"))];
            for plan in plans {
                upstream.set(plan);
                socket.send(say("hello")).await;
                let (started, whole, done) = answered(&mut socket).await;
                assert_eq!(done["type"], "message.done", "{done}");
                assert_eq!((whole.as_str(), done["content"].as_str().unwrap()), (&*expected, &*expected));
                assert_eq!(kept(&ann, &started).await, [
                    ("user".to_owned(), "hello".to_owned()),
                    ("assistant".to_owned(), expected.clone()),
                ]);
            }
            assert_eq!(breaker(&app, "chat"), ("closed".to_owned(), 0));
            others_are_untouched(&app);
        }
    }

    /// Words come as soon as they are there, not with the last one.
    async fn words_are_not_held_back(backend) {
        for dialect in DIALECTS {
            let more = Arc::new(Notify::new());
            let plan = Plan::new(200).send(part(dialect, "first")).wait(&more).send(stream(dialect, &[" last"]));
            let upstream = Upstream::start(plan).await;
            let app = app(backend, dialect, &upstream.url, &[]).await;
            let mut socket = ready(&app.user("ann").await).await;
            socket.send(say("hello")).await;
            socket.expect("message.started").await;
            assert_eq!(socket.expect("message.delta").await["delta"], "first");
            assert!(socket.is_quiet(Duration::from_millis(50)).await);
            more.notify_one();
            assert_eq!(socket.expect("message.delta").await["delta"], " last");
            assert_eq!(socket.expect("message.done").await["content"], "first last");
        }
    }

    /// The user's model, what was said before, and the key.
    async fn what_the_server_is_asked(backend) {
        for (dialect, path) in [("ollama", "/base/api/chat"), ("openai", "/base/v1/chat/completions")] {
            let upstream = Upstream::start(Plan::pieces(&stream(dialect, &["One", "."]))).await;
            let app = app(backend, dialect, &format!("{}/base/v1/", upstream.url), &[("DURWARD_CHAT__API_KEY", KEY)]).await;
            let ann = app.user("ann").await;
            let mut socket = ready(&ann).await;
            socket.send(say("first")).await;
            let (started, ..) = answered(&mut socket).await;
            ann.put("/api/v1/settings", json!({ "chat_model": "tiny:1b" })).await.is(200);
            let id = &started["conversation_id"];
            socket.send(json!({ "type": "message", "content": "second", "conversation_id": id })).await;
            let (_, _, done) = answered(&mut socket).await;
            assert_eq!(done["type"], "message.done");

            let asked = upstream.asked();
            let said = |role: &str, content: &str| json!({ "role": role, "content": content });
            assert_eq!(asked[0].body, json!({ "model": MODEL, "messages": [said("user", "first")], "stream": true }));
            let messages = [said("user", "first"), said("assistant", "One."), said("user", "second")];
            assert_eq!(asked[1].body, json!({ "model": "tiny:1b", "messages": messages, "stream": true }));
            for asked in &asked {
                assert_eq!(asked.path, path);
                assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}"));
                assert_eq!(asked.headers["content-type"], "application/json");
                assert_eq!(asked.headers["host"], upstream.address.to_string());
            }
        }
    }

    /// Nobody's memory is filled: what goes beyond the limit is cut off, between two letters.
    async fn an_answer_that_is_too_long(backend) {
        let words = ["ééé", "ééé", "ééé"];
        let upstream = Upstream::start(Plan::new(200).send(stream("ollama", &words)).stall()).await;
        let app = app(backend, "ollama", &upstream.url, &[("DURWARD_CHAT__MAX_ANSWER", "9")]).await;
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        socket.send(say("hello")).await;
        let (started, whole, done) = answered(&mut socket).await;
        assert_eq!((whole.as_str(), done["content"].as_str()), ("éééé", Some("éééé")));
        assert_eq!(kept(&ann, &started).await[1].1, "éééé");
        upstream.open(0).await;
    }

    /// With https the certificate has to be good.
    async fn https(backend) {
        let upstream = Upstream::start_tls(Plan::pieces(&stream("openai", &["in", " secret"]))).await;
        let ca_file = upstream.ca_file.clone().unwrap();
        let trusted = app(backend, "openai", &upstream.url, &[("DURWARD_CHAT__CA_FILE", ca_file.to_str().unwrap())]).await;
        let mut socket = ready(&trusted.user("ann").await).await;
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["content"], "in secret");

        let unknown = app(backend, "openai", &upstream.url, &[]).await;
        let mut socket = ready(&unknown.user("ann").await).await;
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["code"], "unavailable");
        assert_eq!(upstream.count(), 1, "nothing was sent to a server that is not known");
        let wrong_name = upstream.url.replace("localhost", "127.0.0.1");
        let elsewhere = app(backend, "openai", &wrong_name, &[("DURWARD_CHAT__CA_FILE", ca_file.to_str().unwrap())]).await;
        let mut socket = ready(&elsewhere.user("ann").await).await;
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["code"], "unavailable");
        assert_eq!(upstream.count(), 1);
    }
}
