//! The chat's answering side when it is another server: streamed, slow, broken, away. Always over the wire, on both
//! databases; and never does it touch the database's breaker.

use durward_store::testing::Backend;
use serde_json::{Value, json};

use crate::kit::upstream::{Plan, Upstream};
use crate::kit::{Actor, App, Socket};

const CHAT: &str = "/api/v1/ws/chat";
const MODEL: &str = "llama3.2:3b";
const KEY: &str = "sk-Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue";
const DIALECTS: [&str; 2] = ["ollama", "openai"];

/// Runs each test on both databases.
macro_rules! on_backends {
    ($($(#[doc = $doc:literal])* async fn $name:ident($backend:ident) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($backend: Backend) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(Backend::Postgres).await;
            }
        }
    )*};
}

mod answers;
mod breaker;
mod failures;
mod operating;

/// A program that asks `url`.
async fn app(backend: Backend, dialect: &str, url: &str, more: &[(&str, &str)]) -> App {
    let mut settings = vec![("DURWARD_CHAT__ANSWERING", dialect), ("DURWARD_CHAT__URL", url)];
    settings.extend(more);
    App::with(backend, &settings).await
}

async fn ready(actor: &Actor) -> Socket {
    let mut socket = actor.socket(CHAT).await;
    socket.expect("ready").await;
    socket
}

fn say(content: &str) -> Value {
    json!({ "type": "message", "content": content })
}

/// The answer to the one question that was asked: its beginning, what came in pieces, and its end (done or error).
async fn answered(socket: &mut Socket) -> (Value, String, Value) {
    let started = socket.expect("message.started").await;
    let mut whole = String::new();
    loop {
        let message = socket.next().await;
        match message["type"].as_str() {
            Some("message.delta") => {
                assert_eq!(message["message_id"], started["message_id"]);
                whole.push_str(message["delta"].as_str().unwrap());
            }
            _ => return (started, whole, message),
        }
    }
}

/// What is kept of a conversation: who said what, oldest first.
async fn kept(actor: &Actor, started: &Value) -> Vec<(String, String)> {
    let path = format!("/api/v1/conversations/{}/messages", started["conversation_id"].as_str().unwrap());
    let messages = actor.get(&path).await.is(200).json();
    let all = messages["items"].as_array().unwrap();
    let text = |message: &Value, member: &str| message[member].as_str().unwrap().to_owned();
    all.iter().map(|message| (text(message, "role"), text(message, "content"))).collect()
}

/// The state of a breaker and how often it has failed in a row.
fn breaker(app: &App, name: &str) -> (String, u32) {
    let all = app.core.breakers().list();
    let one = all.iter().find(|breaker| breaker.name == name).unwrap();
    (serde_json::to_value(one.state).unwrap().as_str().unwrap().to_owned(), one.failures)
}

/// Every breaker but the chat's is as if nothing had been.
#[track_caller]
fn others_are_untouched(app: &App) {
    for one in app.core.breakers().list().into_iter().filter(|breaker| breaker.name != "chat") {
        assert_eq!((one.failures, one.transitions), (0, 0), "{}", one.name);
    }
}

/// An answer of these words, as the dialect writes it.
fn stream(dialect: &str, words: &[&str]) -> String {
    let lines = words.iter().map(|words| part(dialect, words));
    lines.chain([end(dialect)]).collect()
}

fn part(dialect: &str, words: &str) -> String {
    match dialect {
        "ollama" => format!("{}\n", json!({ "message": { "role": "assistant", "content": words }, "done": false })),
        _ => format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": words } }] })),
    }
}

fn end(dialect: &str) -> String {
    match dialect {
        "ollama" => format!("{}\n", json!({ "message": { "content": "" }, "done": true, "done_reason": "stop" })),
        _ => "data: [DONE]\n\n".to_owned(),
    }
}
