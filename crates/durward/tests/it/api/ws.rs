//! `GET /api/v1/ws/chat` and the tickets.

use serde_json::{Value, json};

use crate::kit::{Actor, Socket};

mod chat;
mod credentials;
mod ends;
mod limits;
mod messages;
mod origin;
mod renewal;
mod tickets;

const CHAT: &str = "/api/v1/ws/chat";

/// Opens the chat, which must be ready.
async fn ready(actor: &Actor) -> Socket {
    ready_at(actor, CHAT).await
}

async fn ready_at(actor: &Actor, path: &str) -> Socket {
    let mut socket = actor.socket(path).await;
    socket.expect("ready").await;
    socket
}

/// The upgrade is completed, and then all that comes is a close with 1008 and this reason.
async fn refused(actor: &Actor, path: &str, reason: &str) {
    let mut socket = actor.socket(path).await;
    assert_eq!(socket.closed().await, (1008, reason.to_owned()), "{path}");
}

fn ping() -> Value {
    json!({ "type": "ping" })
}

fn say(content: &str) -> Value {
    json!({ "type": "message", "content": content })
}

/// Says something and waits for the whole answer.
async fn answered(socket: &mut Socket, message: Value) -> Value {
    socket.send(message).await;
    loop {
        let message = socket.next().await;
        match message["type"].as_str() {
            Some("message.started" | "message.delta") => {}
            Some("message.done") => return message,
            _ => panic!("unexpected {message}"),
        }
    }
}

async fn ticket(actor: &Actor) -> String {
    let answer = actor.post_empty("/api/v1/ws/ticket").await.is(200).json();
    assert_eq!(answer["expires_in"], 30);
    answer["ticket"].as_str().unwrap().to_owned()
}
