//! A database that goes away for a while.

use std::time::Duration;

use durward_store::Target;
use durward_store::testing::{self, Backend, Fresh, backends};
use serde_json::json;
use tokio::time::Instant;

use crate::kit::{Actor, PASSWORD, Process, Site, email};

async fn register(process: &Process, name: &str) -> Actor {
    let body = json!({ "email": email(name), "password": PASSWORD });
    process.app_client().post("/api/v1/auth/register", body).await.is(201);
    log_in(process, name).await
}

/// With a bearer token that has not been used yet.
async fn log_in(process: &Process, name: &str) -> Actor {
    let body = json!({ "email": email(name), "password": PASSWORD, "transport": "bearer" });
    let answer = process.app_client().post("/api/v1/auth/login", body).await.is(200).json();
    process.app_client().with_bearer(answer["access_token"].as_str().unwrap())
}

/// Waits until `/health/ready` has this status.
async fn ready_says(process: &Process, status: u16) {
    let start = Instant::now();
    while process.visitor().get("/health/ready").await.status != status {
        assert!(start.elapsed() < Duration::from_secs(20), "/health/ready does not become {status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Lets nobody in and cuts off whoever is; or lets them in again.
async fn lock(elsewhere: &Fresh, database: &str, locked: bool) {
    elsewhere.sql(&format!("ALTER DATABASE {database} ALLOW_CONNECTIONS {}", !locked)).await;
    if locked {
        let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        elsewhere.sql(&cut).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_tokens_are_never_called_bad_and_everything_comes_back() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let site = Site::migrated(Backend::Postgres).await.with("DURWARD_BREAKER__CALL_TIMEOUT", "1s");
    let Target::Postgres(target) = &site.database.options.target else { panic!("it is PostgreSQL") };
    let elsewhere = testing::empty(Backend::Postgres).await;
    let process = site.serve().await;
    let known = register(&process, "ann").await;
    known.get("/api/v1/profile").await.is(200);
    let unused = register(&process, "bob").await;

    lock(&elsewhere, &target.database, true).await;
    ready_says(&process, 503).await;
    let not_ready = process.visitor().get("/health/ready").await.is(503).json();
    assert_eq!(not_ready["checks"]["database"]["status"], "failing", "{not_ready}");
    process.visitor().get("/health/live").await.is(200);
    for _ in 0..10 {
        for actor in [&known, &unused] {
            let answer = actor.get("/api/v1/profile").await;
            assert_eq!(answer.status, 503, "{}", answer.text());
            let status = actor.get("/api/v1/auth/status").await;
            assert!(
                status.status == 503 || status.json()["authenticated"] == true,
                "a good token is never called bad: {}",
                status.text()
            );
        }
    }
    assert_eq!(known.get("/api/v1/auth/status").await.is(200).json()["authenticated"], true, "known from memory");
    let body = json!({ "email": email("ann"), "password": PASSWORD });
    let refused = process.visitor().post("/api/v1/auth/login", body).await.is(503);
    assert!(refused.header("retry-after").is_some() && refused.set_cookies().is_empty());

    lock(&elsewhere, &target.database, false).await;
    ready_says(&process, 200).await;
    for actor in [&known, &unused, &log_in(&process, "ann").await] {
        actor.get("/api/v1/profile").await.is(200);
    }
    // Revocations that were made meanwhile are followed again.
    site.run(&["user", "suspend", &email("bob")]).await.code(0);
    super::refused_within_a_second(&unused).await.refused(401, "account_inactive");
}
