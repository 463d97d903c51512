//! The chat's answering side when it is another server: streamed, slow, broken, away. Always over the wire, on both
//! databases; and never does it touch the database's breaker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use durward_store::testing::Backend;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::kit::upstream::{Plan, Upstream};
use crate::kit::{Actor, App, Process, Socket};

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

    /// Each way in which a server fails: the user hears of it, keeps the socket and the question, and loses the rest.
    async fn failures(backend) {
        for dialect in DIALECTS {
            let some = part(dialect, "some ");
            let failed = match dialect {
                "ollama" => "{\"error\":\"out of memory\"}\n".to_owned(),
                _ => "data: {\"error\":{\"message\":\"out of memory\"}}\n\n".to_owned(),
            };
            let garbage = match dialect {
                "ollama" => "<html>\n",
                _ => "data: <html>\n\n",
            };
            let endless = "x".repeat(100 * 1024);
            let table = [
                ("500", Plan::new(500).send("{\"error\":\"no\"}"), ""),
                ("503", Plan::new(503), ""),
                ("no status", Plan::new(200).silent(), ""),
                ("no body", Plan::new(200).stall(), ""),
                ("a refusal that never ends", Plan::new(500).send("{").stall(), ""),
                ("an empty body", Plan::new(200), ""),
                ("cut before anything", Plan::new(200).cut(), ""),
                ("a stop in the middle", Plan::new(200).send(some.clone()).stall(), "some "),
                ("a stop in a line", Plan::new(200).send(some.clone()).send("da").stall(), "some "),
                ("cut in the middle", Plan::new(200).send(some.clone()).cut(), "some "),
                ("cut in a line", Plan::new(200).send(some.clone()).send("data: {\"cho").cut(), "some "),
                ("no end", Plan::new(200).send(some.clone()), "some "),
                ("an error in the middle", Plan::new(200).send(some.clone() + &failed), "some "),
                ("an error at once", Plan::new(200).send(failed), ""),
                ("garbage", Plan::new(200).send(garbage), ""),
                ("garbage in the middle", Plan::new(200).send(some.clone() + garbage), "some "),
                ("bytes", Plan::new(200).send(some.clone()).send(vec![0xff, b'\n', 0xfe, b'\n', b'\n']), "some "),
                ("a huge line", Plan::new(200).send(some.clone()).send(endless), "some "),
            ];
            let times = [
                ("DURWARD_CHAT__FIRST_BYTE_TIMEOUT", "800ms"),
                ("DURWARD_CHAT__IDLE_TIMEOUT", "800ms"),
                ("DURWARD_BREAKER__FAILURE_THRESHOLD", "1000"),
            ];
            let upstream = Upstream::start(Plan::new(500)).await;
            let app = app(backend, dialect, &upstream.url, &times).await;
            let ann = app.user("ann").await;
            let mut failures = 0;
            let mut socket = ready(&ann).await;
            for (what, plan, came) in table {
                upstream.set(plan);
                let start = Instant::now();
                socket.send(say(what)).await;
                let (started, whole, error) = answered(&mut socket).await;
                assert_eq!((error["type"].as_str(), error["code"].as_str()), (Some("error"), Some("unavailable")), "{what}: {error}");
                assert_eq!(error["message_id"], started["message_id"], "{what}");
                assert!(error["retry_after"].as_u64().unwrap() >= 1, "{what}: {error}");
                assert_eq!(error["detail"].as_str().unwrap().contains("broke off"), !came.is_empty(), "{what}: {error}");
                assert_eq!(whole, came, "{what}");
                assert!(start.elapsed() < Duration::from_secs(5), "{what} took {:?}", start.elapsed());
                assert_eq!(kept(&ann, &started).await, [("user".to_owned(), what.to_owned())], "{what}");
                failures += 1;
                assert_eq!(breaker(&app, "chat"), ("closed".to_owned(), failures), "{what}");
                upstream.open(0).await;
                // More than this at a time would be too much talk.
                if failures % 10 == 0 {
                    socket = ready(&ann).await;
                }
            }
            upstream.set(Plan::pieces(&stream(dialect, &["well again"])));
            socket.send(say("and now")).await;
            assert_eq!(answered(&mut socket).await.2["content"], "well again");
            assert_eq!(breaker(&app, "chat"), ("closed".to_owned(), 0));
            others_are_untouched(&app);
        }
    }

    /// Three failures open the breaker; then nobody is asked, until one question finds out whether the server is back.
    async fn the_breaker_opens_and_one_question_closes_it(backend) {
        let upstream = Upstream::start(Plan::new(500)).await;
        let many = [
            ("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_USER", "100"),
            ("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_SESSION", "100"),
        ];
        let app = app(backend, "ollama", &upstream.url, &many).await;
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for failures in 1..=3 {
            socket.send(say("hello")).await;
            assert_eq!(answered(&mut socket).await.2["code"], "unavailable");
            assert_eq!(breaker(&app, "chat").1, failures);
        }
        assert_eq!(breaker(&app, "chat").0, "open");
        for _ in 0..5 {
            let start = Instant::now();
            socket.send(say("hello")).await;
            let (started, _, error) = answered(&mut socket).await;
            assert_eq!((error["code"].as_str(), &error["message_id"]), (Some("unavailable"), &started["message_id"]));
            assert!((1..=10).contains(&error["retry_after"].as_u64().unwrap()), "{error}");
            assert!(start.elapsed() < Duration::from_secs(1));
            assert_eq!(kept(&ann, &started).await, [("user".to_owned(), "hello".to_owned())]);
        }
        assert_eq!(upstream.count(), 3);

        // The probe fails: open again.
        app.clock.advance(Duration::from_secs(10));
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["code"], "unavailable");
        assert_eq!((upstream.count(), breaker(&app, "chat")), (4, ("open".to_owned(), 4)));

        // Of 64 who ask at once, one does.
        let release = Arc::new(Notify::new());
        upstream.set(Plan::new(200).wait(&release).send(stream("ollama", &["back"])));
        let mut sockets = Vec::new();
        for _ in 0..64 {
            sockets.push(ready(&ann).await);
        }
        app.clock.advance(Duration::from_secs(10));
        let (told, mut tell) = tokio::sync::mpsc::channel(64);
        for mut socket in sockets {
            let told = told.clone();
            tokio::spawn(async move {
                socket.send(say("hello")).await;
                let end = answered(&mut socket).await.2;
                told.send((end, socket)).await.unwrap();
            });
        }
        let mut refused = Vec::new();
        for _ in 0..63 {
            let (error, socket) = tell.recv().await.unwrap();
            assert_eq!(error["code"], "unavailable", "{error}");
            refused.push(socket);
        }
        assert_eq!((upstream.count(), breaker(&app, "chat").0), (5, "half_open".to_owned()));
        release.notify_one();
        assert_eq!(tell.recv().await.unwrap().0["content"], "back");
        assert_eq!((upstream.count(), breaker(&app, "chat")), (5, ("closed".to_owned(), 0)));

        upstream.set(Plan::pieces(&stream("ollama", &["as ever"])));
        for socket in &mut refused[..5] {
            socket.send(say("hello")).await;
            assert_eq!(answered(socket).await.2["content"], "as ever", "the sockets have stayed");
        }
        others_are_untouched(&app);
    }

    /// A server that begins each answer and breaks each off is no good either.
    async fn answers_that_break_off_open_the_breaker(backend) {
        let upstream = Upstream::start(Plan::new(200).send(part("openai", "well")).cut()).await;
        let app = app(backend, "openai", &upstream.url, &[]).await;
        let mut socket = ready(&app.user("ann").await).await;
        for _ in 0..3 {
            socket.send(say("hello")).await;
            let (_, whole, error) = answered(&mut socket).await;
            assert_eq!((whole.as_str(), error["code"].as_str()), ("well", Some("unavailable")));
        }
        assert_eq!(breaker(&app, "chat"), ("open".to_owned(), 3));
    }

    /// A probe that gets no answer loses its turn after the time that a model may take to begin.
    async fn a_probe_has_a_deadline(backend) {
        let upstream = Upstream::start(Plan::new(503)).await;
        let app = app(backend, "ollama", &upstream.url, &[("DURWARD_CHAT__FIRST_BYTE_TIMEOUT", "500ms")]).await;
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for _ in 0..3 {
            socket.send(say("hello")).await;
            answered(&mut socket).await;
        }
        upstream.set(Plan::new(200).stall());
        app.clock.advance(Duration::from_secs(10));
        let start = Instant::now();
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["code"], "unavailable");
        assert!(start.elapsed() >= Duration::from_millis(500) && start.elapsed() < Duration::from_secs(3));
        assert_eq!(breaker(&app, "chat"), ("open".to_owned(), 4));

        // A client that goes away while it is the probe makes room for the next.
        app.clock.advance(Duration::from_secs(10));
        let mut gone = ready(&ann).await;
        gone.send(say("hello")).await;
        upstream.open(1).await;
        drop(gone);
        upstream.open(0).await;
        assert_eq!(breaker(&app, "chat").0, "half_open");
        upstream.set(Plan::pieces(&stream("ollama", &["back"])));
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["content"], "back");
    }

    /// Nobody is asked for an answer that nobody wants any more, before its first word and after.
    async fn a_client_that_goes_away_stops_the_server(backend) {
        for dialect in DIALECTS {
            for plan in [Plan::new(200).silent(), Plan::new(200).stall(), Plan::new(200).send(part(dialect, "well")).stall()] {
                let upstream = Upstream::start(plan).await;
                let app = app(backend, dialect, &upstream.url, &[]).await;
                let ann = app.user("ann").await;
                for _ in 0..4 {
                    let mut socket = ready(&ann).await;
                    socket.send(say("hello")).await;
                    upstream.open(1).await;
                    drop(socket);
                    upstream.open(0).await;
                }
                assert_eq!((upstream.count(), breaker(&app, "chat")), (4, ("closed".to_owned(), 0)));
                others_are_untouched(&app);
            }
        }
    }

    /// A model that is not there is the user's to change, and a message that is not accepted theirs to shorten.
    async fn what_the_server_refuses(backend) {
        for dialect in DIALECTS {
            let long = Plan::new(400).send("{\"error\":{\"message\":\"maximum context length is 4096 tokens\"}}");
            let table = [
                (Plan::new(404).send("{\"error\":\"model 'gone:7b' not found\"}"), "validation_failed", "gone:7b", None),
                (Plan::new(404).send("{\"error\":{\"message\":\"no\",\"code\":\"model_not_found\"}}"), "validation_failed", "gone:7b", None),
                (Plan::new(400).send("{\"error\":{\"message\":\"Invalid model name passed in model=gone:7b\"}}"), "validation_failed", "gone:7b", None),
                (long, "validation_failed", "shorter", None),
                (Plan::new(413), "validation_failed", "shorter", None),
                (Plan::new(401).send(format!("{{\"error\":\"Incorrect key {KEY}\"}}")), "unavailable", "set up", None),
                (Plan::new(404).send("404 page not found"), "unavailable", "set up", None),
                (Plan::new(301).header("location", "https://elsewhere.example/"), "unavailable", "set up", None),
                (Plan::new(429).header("retry-after", "17"), "unavailable", "too much to do", Some(17)),
            ];
            let upstream = Upstream::start(Plan::new(500)).await;
            let app = app(backend, dialect, &upstream.url, &[("DURWARD_CHAT__API_KEY", KEY)]).await;
            let ann = app.user("ann").await;
            ann.put("/api/v1/settings", json!({ "chat_model": "gone:7b" })).await.is(200);
            let mut socket = ready(&ann).await;
            for (place, (plan, code, words, retry_after)) in table.into_iter().enumerate() {
                upstream.set(plan);
                socket.send(say("hello")).await;
                let (started, _, error) = answered(&mut socket).await;
                assert_eq!((error["type"].as_str(), error["code"].as_str()), (Some("error"), Some(code)), "row {place}: {error}");
                assert!(error["detail"].as_str().unwrap().contains(words), "row {place}: {error}");
                assert_eq!(error["retry_after"].as_u64(), retry_after, "row {place}: {error}");
                assert!(!error.to_string().contains(KEY));
                assert_eq!(kept(&ann, &started).await.len(), 1, "the question");
                assert_eq!(breaker(&app, "chat"), ("closed".to_owned(), 0), "row {place}");
            }
            // Nor does a message of no use.
            for bad in [json!({ "type": "message", "content": " " }), json!({ "type": "sing" }), json!(7)] {
                socket.send(bad).await;
                socket.expect("error").await;
            }
            assert_eq!(breaker(&app, "chat"), ("closed".to_owned(), 0));
            others_are_untouched(&app);
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

    /// An answer as a whole has a time, too.
    async fn an_answer_that_never_ends(backend) {
        let plan = (0..2_000).fold(Plan::new(200), |plan, _| plan.send(part("ollama", "")));
        let upstream = Upstream::start(plan.stall()).await;
        let app = app(backend, "ollama", &upstream.url, &[("DURWARD_CHAT__ANSWER_TIMEOUT", "400ms")]).await;
        let mut socket = ready(&app.user("ann").await).await;
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["code"], "unavailable");
        assert_eq!(breaker(&app, "chat").1, 1);
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

    /// The check says what is wrong with the answering side, and everything else works without it.
    async fn the_check(backend) {
        let upstream = Upstream::start(Plan::new(200)).await;
        let url = upstream.url.clone();
        let app = app(backend, "ollama", &url, &[]).await;
        let admin = app.admin("root").await;
        let list = |name: &str| json!({ "models": [{ "name": "other" }, { "name": name }] }).to_string();
        let table = [
            (Plan::pieces(&list(MODEL)), "ok", "2 models"),
            (Plan::pieces(&list("mistral:latest")), "degraded", MODEL),
            (Plan::new(401), "degraded", "401"),
            (Plan::new(200).send("<html>"), "degraded", "no list of models"),
            (Plan::new(500), "degraded", "500"),
        ];
        for (plan, status, words) in table {
            upstream.set(plan);
            let report = admin.get("/api/v1/diagnostics").await.is(200).json();
            assert_finding(&report, status, words);
        }
        assert!(upstream.asked().iter().any(|asked| asked.path == "/api/tags"));
        drop(upstream);
        let report = admin.get("/api/v1/diagnostics").await.is(200).json();
        assert_finding(&report, "degraded", "no connection");
        app.visitor().get("/health/ready").await.is(200);
        app.login("root").await.get("/api/v1/profile").await.is(200);
        others_are_untouched(&app);
    }
}

#[track_caller]
fn assert_finding(report: &Value, status: &str, words: &str) {
    let checks = report["checks"].as_array().unwrap();
    let finding = |id: &str| checks.iter().find(|finding| finding["id"] == id).unwrap();
    let chat = finding("chat");
    assert_eq!(chat["status"], status, "{chat}");
    assert!(chat["found"].as_str().unwrap().contains(words), "{chat}");
    assert_eq!(chat["cure"].is_string(), status != "ok", "{chat}");
    assert_eq!(finding("golden_path")["status"], "ok", "{report}");
    assert_ne!(report["status"], "failing");
}

/// With everything in the log that there is, the key is not, even when the server repeats it; why it failed is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_never_logged() {
    let upstream = Upstream::start(Plan::new(500)).await;
    let env = [
        ("ENVIRONMENT", "test"),
        ("DURWARD_SERVER__PUBLIC_URL", "http://localhost:8000"),
        ("DURWARD_CHAT__ANSWERING", "openai"),
        ("DURWARD_CHAT__URL", upstream.url.as_str()),
        ("DURWARD_CHAT__API_KEY", KEY),
        ("DURWARD_LOG__LEVEL", "trace"),
        ("DURWARD_PASSWORD__MEMORY_KIB", "64"),
        ("DURWARD_PASSWORD__ITERATIONS", "1"),
    ];
    let mut process = Process::start(&["serve"], &env).await;
    let ann = process.visitor();
    let body = json!({ "email": "ann@example.com", "password": crate::kit::PASSWORD });
    ann.post("/api/v1/auth/register", body.clone()).await.is(201);
    ann.post("/api/v1/auth/login", body).await.is(200);
    let mut socket = ready(&ann).await;
    let told = format!("{{\"error\":{{\"message\":\"Bad key {KEY}, or what?\"}}}}");
    let repeated = format!("data: {told}\n\n");
    for plan in [Plan::new(401).send(told.clone()), Plan::new(500).send(told), Plan::new(200).send(repeated)] {
        upstream.set(plan);
        socket.send(say("hello")).await;
        let error = answered(&mut socket).await.2;
        assert_eq!(error["code"], "unavailable");
        assert!(!error.to_string().contains(KEY));
    }
    assert!(upstream.asked().iter().all(|asked| asked.headers["authorization"].to_str().unwrap().contains(KEY)));
    process.line("Bad key [hidden], or what?").await;
    process.signal(rustix::process::Signal::TERM);
    let output = process.ended().await;
    assert!(!format!("{}{}", output.stdout, output.stderr).contains(KEY), "the key is in the log");
}
