//! Questions and answers.

use serde_json::{Value, json};

use super::{CHAT, answered, ready, say};
use crate::kit::on_both;

on_both! {
    /// The first message says who is there, in which session and until when.
    async fn ready_comes_first(app) {
        let ann = app.user("ann").await;
        let status = ann.get("/api/v1/auth/status").await.is(200).json();
        let ready = ann.socket(CHAT).await.expect("ready").await;
        let expected = json!({
            "type": "ready",
            "user": { "id": status["user"]["id"], "email": "ann@example.com", "role": "user" },
            "session_id": status["session_id"],
            "expires_at": status["expires_at"],
        });
        assert_eq!(ready, expected);
    }

    /// An answer comes in pieces that add up, and question and answer are kept.
    async fn an_answer_is_streamed_and_kept(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        let question = "Grüße, 世界: what  is \"this\"?\nSecond line \u{1f600} ";
        socket.send(say(question)).await;
        let started = socket.expect("message.started").await;
        let (mut whole, mut deltas) = (String::new(), 0);
        let done = loop {
            let message = socket.next().await;
            assert_eq!(message["message_id"], started["message_id"]);
            assert_eq!(message["conversation_id"], started["conversation_id"]);
            match message["type"].as_str() {
                Some("message.delta") => {
                    whole.push_str(message["delta"].as_str().unwrap());
                    deltas += 1;
                }
                Some("message.done") => break message,
                other => panic!("{other:?}"),
            }
        };
        assert!(deltas > 1, "it is streamed");
        assert_eq!(whole, question);
        assert_eq!(done["content"], question);

        let conversations = ann.get("/api/v1/conversations").await.is(200).json();
        assert_eq!(conversations["items"].as_array().unwrap().len(), 1);
        assert_eq!(conversations["items"][0]["id"], started["conversation_id"]);
        let path = format!("/api/v1/conversations/{}/messages", started["conversation_id"].as_str().unwrap());
        let messages = ann.get(&path).await.is(200).json();
        let kept: Vec<_> = messages["items"].as_array().unwrap().iter().map(|m| (&m["id"], &m["content"])).collect();
        let question = Value::from(question);
        for expected in [(&started["in_reply_to"], &question), (&started["message_id"], &question)] {
            assert!(kept.contains(&expected), "{kept:?}");
        }
        assert_eq!(kept.len(), 2);
    }

    /// A conversation goes on, also over another socket of another session; without its id another one begins.
    async fn a_conversation_is_continued(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        let first = answered(&mut socket, say("one")).await["conversation_id"].clone();
        let mut other = ready(&app.login("ann").await).await;
        let more = json!({ "type": "message", "content": "two", "conversation_id": first });
        assert_eq!(answered(&mut other, more).await["conversation_id"], first);
        assert_ne!(answered(&mut socket, say("three")).await["conversation_id"], first);
        let path = format!("/api/v1/conversations/{}/messages", first.as_str().unwrap());
        assert_eq!(ann.get(&path).await.is(200).json()["items"].as_array().unwrap().len(), 4);
        assert_eq!(ann.get("/api/v1/conversations").await.is(200).json()["items"].as_array().unwrap().len(), 2);
    }

    /// Somebody else's conversation is not there, nor is one that never was, nor one that was deleted.
    async fn another_users_conversation_is_not_found(app) {
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let (mut anns, mut bobs) = (ready(&ann).await, ready(&bob).await);
        let id = answered(&mut anns, say("private")).await["conversation_id"].as_str().unwrap().to_owned();
        for id in [&id, "019a0000-0000-7000-8000-000000000000"] {
            bobs.send(json!({ "type": "message", "content": "hello?", "conversation_id": id })).await;
            assert_eq!(bobs.expect("error").await["code"], "not_found");
        }
        bobs.lives().await;
        let messages = ann.get(&format!("/api/v1/conversations/{id}/messages")).await.is(200).json();
        assert_eq!(messages["items"].as_array().unwrap().len(), 2, "nothing was added");
        assert_eq!(bob.get("/api/v1/conversations").await.is(200).json()["items"], json!([]));
        ann.delete(&format!("/api/v1/conversations/{id}")).await.is(204);
        anns.send(json!({ "type": "message", "content": "still there?", "conversation_id": id })).await;
        assert_eq!(anns.expect("error").await["code"], "not_found");
    }

    /// Messages that come while one is answered wait their turn.
    async fn messages_are_answered_in_order(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for text in ["one one", "two two", "three three"] {
            socket.send(say(text)).await;
        }
        let mut done = Vec::new();
        let mut open: Option<Value> = None;
        while done.len() < 3 {
            let message = socket.next().await;
            match message["type"].as_str() {
                Some("message.started") => assert!(open.replace(message["message_id"].clone()).is_none()),
                Some("message.delta") => assert_eq!(open.as_ref(), Some(&message["message_id"])),
                Some("message.done") => {
                    assert_eq!(open.take().as_ref(), Some(&message["message_id"]));
                    done.push(message["content"].as_str().unwrap().to_owned());
                }
                _ => panic!("unexpected {message}"),
            }
        }
        assert_eq!(done, ["one one", "two two", "three three"]);
    }
}
