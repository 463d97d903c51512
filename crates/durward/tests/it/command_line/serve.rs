//! `durward serve`: how it begins and how it ends.

use std::net::{Ipv4Addr, TcpListener};

use durward_store::testing::{Backend, backends};
use rustix::process::Signal;
use serde_json::json;

use crate::kit::{PASSWORD, Site, email};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let table = [("DURWARD_SERVER__LISTEN", "server.listen"), ("DURWARD_METRICS__LISTEN", "metrics.listen")];
    for (variable, key) in table {
        let site = Site::empty(Backend::Sqlite).await.with(variable, &address);
        let output = site.run(&["serve"]).await.code(1);
        for words in [address.as_str(), "another program listens there", key, variable] {
            assert!(output.stderr.contains(words), "no {words}: {}", output.stderr);
        }
        assert_eq!(site.database.count("SELECT COUNT(*) FROM sqlite_schema").await, 0, "nothing else was touched");
    }
}

/// The program that ran before may have to run again, and would refuse a newer schema.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_is_refused_migrates_nothing() {
    for backend in backends() {
        let site = Site::empty(backend).await.with("DURWARD_COOKIES__DOMAIN", ".example.org");
        let output = site.run(&["serve"]).await.code(2);
        assert_eq!(output.stderr.matches("FAILING").count(), 1, "{}", output.stderr);
        assert!(output.stderr.contains("FAILING  cookies"), "{}", output.stderr);
        site.run(&["migrate", "--check"]).await.code(1);
        site.with("DURWARD_COOKIES__DOMAIN", ".example.com")
            .with("DURWARD_SERVER__PUBLIC_URL", "http://auth.example.com")
            .serve()
            .await;
    }
}

/// Everything that stops a start is said at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_wrong_is_said_at_once() {
    for backend in backends() {
        let site = Site::migrated(backend).await;
        site.database.sql("DROP INDEX user_sessions_by_user").await;
        let site = site
            .with("ENVIRONMENT", "production")
            .with("JWT_SECRET_KEY", "short")
            .with("DURWARD_SERVER__PUBLIC_URL", "http://auth.example.com");
        let output = site.run(&["serve"]).await.code(2);
        for check in ["secrets", "public_url", "schema"] {
            assert!(output.stderr.contains(&format!("FAILING  {check} ")), "no {check}: {}", output.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_on_a_listener_of_their_own() {
    let site = Site::migrated(Backend::Sqlite).await;
    let here = site.serve().await;
    let page = here.visitor().get("/metrics").await.is(200).text();
    assert!(page.contains("# TYPE durward_"), "{page}");

    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let site = site.with("DURWARD_METRICS__LISTEN", &free.to_string());
    let process = site.serve().await;
    process.visitor().get("/metrics").await.is(404);
    let page = process.visitor().at(free).get("/metrics").await.is(200).text();
    assert!(page.contains("# TYPE durward_"), "{page}");
    process.visitor().at(free).get("/api/v1/auth/status").await.is(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_in_good_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let site = Site::migrated(Backend::Sqlite).await;
        let mut process = site.serve().await;
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        process.visitor().post("/api/v1/auth/register", body.clone()).await.is(201);
        let actor = process.visitor();
        actor.post("/api/v1/auth/login", body).await.is(200);
        let mut socket = actor.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        process.signal(signal);
        assert_eq!(socket.closed().await.0, 1001);
        let output = process.ended().await.code(0);
        assert!(output.stderr.contains("stopping"), "{}", output.stderr);
    }
}
