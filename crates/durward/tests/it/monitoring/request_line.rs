//! The line for each request.

use serde_json::{Value, json};

use super::on_sites;
use crate::kit::{PASSWORD, Process, email};

/// The lines about requests so far, oldest first.
fn lines(process: &Process) -> Vec<Value> {
    let log = process.stderr();
    let all = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    all.filter(|line| line["message"] == "request").collect()
}

/// The line about the request with this id.
async fn line(process: &Process, id: &str) -> Value {
    let words = format!("\"request_id\":\"{id}\"");
    serde_json::from_str(&process.line(&words).await).unwrap()
}

on_sites! {
    async fn one_line_with_what_it_cost(site) {
        let site = site.with("DURWARD_LOG__FORMAT", "json").with("DURWARD_LOG__LEVEL", "info,durward_http=debug");
        let process = site.serve().await;
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        let id = process.visitor().post("/api/v1/auth/register", body.clone()).await.is(201).json()["user"]["id"].clone();

        let ann = process.visitor().with("x-request-id", "the-login");
        ann.post("/api/v1/auth/login", body.clone()).await.is(200);
        let login = line(&process, "the-login").await;
        assert_eq!((&login["level"], &login["method"], &login["status"]), (&json!("INFO"), &json!("POST"), &json!(200)));
        assert_eq!(login["route"], "/api/v1/auth/login");
        let (ms, db_ms) = (login["ms"].as_f64().unwrap(), login["db_ms"].as_f64().unwrap());
        assert!(0.0 < db_ms && db_ms < ms, "{login}");
        assert!((5..60).contains(&login["statements"].as_i64().unwrap()), "{login}");

        // Memory knows the session after the first time, and only the profile itself is read.
        for (request, statements) in [("first", 1..=4), ("second", 1..=2)] {
            let ann = ann.copy().with("x-request-id", request);
            ann.get("/api/v1/profile").await.is(200);
            let profile = line(&process, request).await;
            assert_eq!((&profile["level"], &profile["user"]), (&json!("DEBUG"), &id), "{profile}");
            assert!(statements.contains(&profile["statements"].as_i64().unwrap()), "{profile}");
        }
        let ann = ann.with("x-request-id", "the-status");
        ann.get("/api/v1/auth/status?secret=canary").await.is(200);
        let status = line(&process, "the-status").await;
        assert_eq!((&status["statements"], &status["db_ms"]), (&json!(0), &json!(0.0)), "{status}");

        let session = "0198c0de-0000-7000-8000-00000000beef";
        ann.copy().with("x-request-id", "a-stranger").delete(&format!("/api/v1/sessions/{session}")).await.is(404);
        let stranger = line(&process, "a-stranger").await;
        assert_eq!((&stranger["level"], &stranger["code"]), (&json!("INFO"), &json!("not_found")), "{stranger}");
        assert_eq!(stranger["route"], "/api/v1/sessions/{id}");

        let log = process.stderr();
        assert!(!log.contains("canary") && !log.contains(session), "neither a query nor a path is in it: {log}");
        for line in lines(&process) {
            assert_eq!(line["ip"], Value::Null, "{line}");
            assert!(line["statements"].is_u64() && line["db_ms"].is_number() && line["ms"].is_number(), "{line}");
        }
    }

    async fn what_is_left_out_and_what_is_not(site) {
        let site = site.with("DURWARD_LOG__FORMAT", "json").with("DURWARD_LOG__CLIENT_ADDRESS", "true");
        let process = site.serve().await;
        let visitor = process.visitor();
        visitor.get("/api/v1/auth/status").await.is(200);
        visitor.get("/api/v1/auth/csrf-token").await.is(200);
        visitor.get("/health/live").await.is(200);
        visitor.get("/api/v1/profile").await.is(401);
        visitor.copy().with("x-request-id", "last").post_empty("/api/v1/auth/logout").await.is(204);
        line(&process, "last").await;
        // Those that change nothing and succeed say nothing that the metrics do not.
        let lines = lines(&process);
        let routes: Vec<_> = lines.iter().map(|line| line["route"].as_str().unwrap()).collect();
        assert_eq!(routes, ["/api/v1/profile", "/api/v1/auth/logout"], "{lines:#?}");
        for line in lines {
            assert_eq!(line["ip"], "127.0.0.1", "{line}");
        }
    }
}
