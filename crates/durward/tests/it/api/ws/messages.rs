//! What a client may send.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{answered, ping, ready, say};
use crate::kit::{Socket, on_both};

/// The most that a message may be, in bytes.
const LARGEST: usize = 64 * 1024;

async fn error(socket: &mut Socket, text: &str, code: &str) {
    socket.send_raw(Message::text(text.to_owned())).await;
    let error = socket.expect("error").await;
    assert_eq!(error["code"], code, "{text:.100}");
}

on_both! {
    /// A ping is answered.
    async fn a_ping_gets_a_pong(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        socket.send(ping()).await;
        assert_eq!(socket.next().await, json!({ "type": "pong" }));
    }

    /// A message that is not understood gets an error with a code, and the socket stays.
    async fn a_bad_message_is_answered_and_the_socket_stays(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        let deep = "[".repeat(30_000);
        let texts = [
            "", "nonsense", "{", "[]", "5", "null", "{}", r#"{"type":5}"#, r#"{"type":"nope"}"#, r#"{"type":"ready"}"#,
            r#"{"type":"Ping"}"#, r#"{"type":"ping"} {"type":"ping"}"#, r#"{"type":"ping","more":1}"#,
            r#"{"type":"message"}"#, r#"{"type":"message","content":5}"#, r#"{"type":"message","content":null}"#,
            r#"{"type":"message","content":"a","role":"admin"}"#, r#"{"type":"message","content":"\ud800"}"#,
            r#"{"type":"message","content":"a","content":"b"}"#,
            r#"{"type":"message","content":"a","conversation_id":"x"}"#,
            r#"{"type":"message","content":"a","conversation_id":5}"#,
            r#"{"type":"auth"}"#, r#"{"type":"auth","token":5}"#, &deep,
        ];
        for text in texts {
            error(&mut socket, text, "bad_message").await;
            app.clock.advance(Duration::from_secs(1));
        }
        socket.lives().await;
        assert_eq!(ann.get("/api/v1/conversations").await.is(200).json()["items"], json!([]), "nothing was kept");
    }

    /// A message of nothing, of too much, or with what no database keeps, is invalid.
    async fn an_invalid_content_is_refused(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for content in [String::new(), "  \n\t ".to_owned(), "a\0b".to_owned(), "x".repeat(32 * 1024 + 1)] {
            error(&mut socket, &say(&content).to_string(), "validation_failed").await;
        }
        let whole = "x".repeat(32 * 1024);
        assert_eq!(answered(&mut socket, say(&whole)).await["content"], whole);
    }

    /// A binary message closes the socket with 1003.
    async fn a_binary_message_closes(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        socket.send_raw(Message::binary(ping().to_string().into_bytes())).await;
        assert_eq!(socket.closed().await.0, 1003);
        ready(&ann).await;
    }

    /// One of more than 64 KiB with 1009; 64 KiB are taken.
    async fn a_message_that_is_too_large_closes(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        error(&mut socket, &"x".repeat(LARGEST), "bad_message").await;
        socket.send_raw(Message::text("x".repeat(LARGEST + 1))).await;
        assert_eq!(socket.closed().await.0, 1009);
        for length in [200 * 1024, 3 * 1024 * 1024] {
            let mut socket = ready(&ann).await;
            socket.send_raw(Message::text("x".repeat(length))).await;
            assert_eq!(socket.closed().await.0, 1009, "{length}");
        }
        ready(&ann).await;
    }

    /// A socket's own pings are answered, and an orderly goodbye is.
    async fn the_protocol_is_kept(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        socket.send_raw(Message::Ping(b"hello".as_slice().into())).await;
        assert_eq!(socket.next_control().await, Message::Pong(b"hello".as_slice().into()));
        socket.close().await;
    }
}
