//! Which failures open a breaker, and where that is seen.

use std::time::Duration;

use durward_store::testing::Backend;
use serde_json::json;

use super::within;
use crate::kit::{App, Traffic, on_both};

const BREAKERS: &str = "/api/v1/admin/breakers";
/// It happens by itself or not at all; how soon is not what is asked here.
const PATIENCE: Duration = Duration::from_secs(30);

on_both! {
    /// An answer that is a no is an answer.
    async fn what_a_client_does_opens_no_breaker(app) {
        let admin = app.admin("root").await;
        let ann = app.user("ann").await;
        for number in 0..8 {
            let body = json!({ "email": "ann@example.com", "password": format!("wrong {number}") });
            app.visitor().post("/api/v1/auth/login", body).await.is(401);
            app.app_client().with_bearer("a.b.c").get("/api/v1/profile").await.is(401);
            ann.delete("/api/v1/sessions/01890000-0000-7000-8000-000000000000").await.is(404);
            // A client that goes away in the middle of a session's first look-up.
            let gone = app.login("ann").await;
            let _ = tokio::time::timeout(Duration::from_micros(200 * number), gone.get("/api/v1/profile")).await;
        }
        ann.get(BREAKERS).await.refused(403, "forbidden");
        let list = admin.get(BREAKERS).await.is(200).json();
        let database = &list.as_array().unwrap()[0];
        assert_eq!(database["name"], "database");
        assert_eq!(database["state"], "closed");
        assert_eq!((&database["failures"], &database["transitions"]), (&json!(0), &json!(0)));
        assert!(database["since"].is_string() && database["next_probe_in"].is_null());
    }
}

/// Cut off from the database: the breaker opens, is seen where operators look while memory still answers, and closes by
/// itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breaker_opens_is_seen_and_closes_by_itself() {
    let settings = [
        ("DURWARD_BREAKER__RECOVERY_TIMEOUT", "1s"),
        ("DURWARD_BREAKER__CALL_TIMEOUT", "2s"),
        ("DURWARD_SESSION__MAX_STALENESS", "60s"),
    ];
    let app = App::with(Backend::Postgres, &settings).await;
    let proxy = app.proxy().await;
    let node = app.beside_through(&proxy).await;
    let admin = app.admin("root").await.at(node.address);
    // What made the administrator one is known there; from then on memory answers.
    let newest = app.database.count("SELECT MAX(seq) FROM revocation_events").await;
    within("the node knows of it", PATIENCE, || async { node.core.bus().applied() == newest }).await;
    admin.get(BREAKERS).await.is(200);
    let health = app.visitor().at(node.address).get("/health/ready").await.is(200).json();
    assert_eq!(health["checks"]["breaker_database"]["status"], "ok");
    assert_eq!(health["checks"]["revocations"]["status"], "ok");

    proxy.set(Traffic::Cut);
    let state = || async { admin.get(BREAKERS).await.is(200).json()[0].clone() };
    within("the breaker is open", PATIENCE, || async { state().await["state"] == "open" }).await;
    assert!(state().await["failures"].as_i64().unwrap() >= 3);
    // An answer about health is used again for a second.
    let ready = || async { app.visitor().at(node.address).get("/health/ready").await };
    within("it is not ready", PATIENCE, || async { ready().await.status == 503 }).await;
    let health = ready().await.json();
    assert_eq!(health["status"], "failing");
    assert!(health["checks"]["breaker_database"]["detail"].as_str().unwrap().contains("failures in a row"), "{health}");

    proxy.set(Traffic::Flows);
    let took = within("the breaker is closed", PATIENCE, || async { state().await["state"] == "closed" }).await;
    println!("closed {took:?} after the database was back");
    within("it is ready", PATIENCE, || async { ready().await.status == 200 }).await;
}
