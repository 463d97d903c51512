//! Answers that do not come, or not to their end.

use std::time::{Duration, Instant};

use durward_store::testing::Backend;
use serde_json::json;

use super::*;

/// Asks a question for each plan, of a program with these times; then all is well again.
async fn each_fails(backend: Backend, dialect: &str, times: &[(&str, &str)], table: Vec<(&str, Plan, &str)>) {
    let upstream = Upstream::start(Plan::new(500)).await;
    let settings = [times, &[("DURWARD_BREAKER__FAILURE_THRESHOLD", "1000")]].concat();
    let app = app(backend, dialect, &upstream.url, &settings).await;
    let ann = app.user("ann").await;
    let mut failures = 0;
    let mut socket = ready(&ann).await;
    for (what, plan, came) in table {
        upstream.set(plan);
        let start = Instant::now();
        socket.send(say(what)).await;
        let (started, whole, error) = answered(&mut socket).await;
        assert_eq!(
            (error["type"].as_str(), error["code"].as_str()),
            (Some("error"), Some("unavailable")),
            "{what}: {error}"
        );
        assert_eq!(error["message_id"], started["message_id"], "{what}");
        assert!(error["retry_after"].as_u64().unwrap() >= 1, "{what}: {error}");
        assert_eq!(error["detail"].as_str().unwrap().contains("broke off"), !came.is_empty(), "{what}: {error}");
        assert_eq!(whole, came, "{what}");
        // The times that are not set here are half a minute and more.
        assert!(start.elapsed() < Duration::from_secs(20), "{what} took {:?}", start.elapsed());
        assert_eq!(kept(&ann, &started).await, [("user".to_owned(), what.to_owned())], "{what}");
        failures += 1;
        assert_eq!(breaker(&app, "chat"), ("closed".to_owned(), failures), "{what}");
        upstream.open(0).await;
        // More than this at a time would be too much talk.
        if failures % 10 == 0 {
            socket = ready(&ann).await;
        }
    }
    // A time that is short for the failures would be short for this as well.
    if times.is_empty() {
        upstream.set(Plan::pieces(&stream(dialect, &["well again"])));
        socket.send(say("and now")).await;
        assert_eq!(answered(&mut socket).await.2["content"], "well again");
        assert_eq!(breaker(&app, "chat"), ("closed".to_owned(), 0));
    }
    others_are_untouched(&app);
}

on_backends! {
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
            // Each kind of patience is tried where it is what ends the waiting; where it is not, none of them may end it, on
            // a slow machine either.
            let begins_late = [("DURWARD_CHAT__FIRST_BYTE_TIMEOUT", "800ms")];
            let stops = [("DURWARD_CHAT__IDLE_TIMEOUT", "800ms")];
            let tables = [
                (&begins_late[..], vec![
                    ("no status", Plan::new(200).silent(), ""),
                    ("no body", Plan::new(200).stall(), ""),
                ]),
                (&stops[..], vec![
                    ("a stop in the middle", Plan::new(200).send(some.clone()).stall(), "some "),
                    ("a stop in a line", Plan::new(200).send(some.clone()).send("da").stall(), "some "),
                ]),
                (&[], vec![
                    ("500", Plan::new(500).send("{\"error\":\"no\"}"), ""),
                    ("503", Plan::new(503), ""),
                    ("a refusal that never ends", Plan::new(500).send("{").stall(), ""),
                    ("an empty body", Plan::new(200), ""),
                    ("cut before anything", Plan::new(200).cut(), ""),
                    ("cut in the middle", Plan::new(200).send(some.clone()).cut(), "some "),
                    ("cut in a line", Plan::new(200).send(some.clone()).send("data: {\"cho").cut(), "some "),
                    ("no end", Plan::new(200).send(some.clone()), "some "),
                    ("an error in the middle", Plan::new(200).send(some.clone() + &failed), "some "),
                    ("an error at once", Plan::new(200).send(failed), ""),
                    ("garbage", Plan::new(200).send(garbage), ""),
                    ("garbage in the middle", Plan::new(200).send(some.clone() + garbage), "some "),
                    ("bytes", Plan::new(200).send(some.clone()).send(vec![0xff, b'\n', 0xfe, b'\n', b'\n']), "some "),
                    ("a huge line", Plan::new(200).send(some.clone()).send(endless), "some "),
                ]),
            ];
            for (times, table) in tables {
                each_fails(backend, dialect, times, table).await;
            }
        }
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
}
