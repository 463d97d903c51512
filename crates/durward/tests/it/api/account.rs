//! `/api/v1/account`: everything that is held about somebody, and its end.

mod erasure;
mod export;

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Actor, PASSWORD};

const ACCOUNT: &str = "/api/v1/account";
const EXPORT: &str = "/api/v1/account/export";
/// So old no authentication may be.
const STALE: Duration = Duration::from_secs(601);

fn password() -> Value {
    json!({ "password": PASSWORD })
}

/// Says something in the chat, and hears the answer.
async fn chat(actor: &Actor, words: &str) {
    let mut socket = actor.socket("/api/v1/ws/chat").await;
    socket.expect("ready").await;
    socket.send(json!({ "type": "message", "content": words })).await;
    while socket.next().await["type"] != "message.done" {}
}
