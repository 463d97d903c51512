//! What operators see of the answering side: a check, and a log without the key.

use durward_store::testing::Backend;
use serde_json::{Value, json};

use super::*;
use crate::kit::Process;

on_backends! {
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
