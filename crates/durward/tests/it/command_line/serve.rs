//! `durward serve`: how it begins and how it ends.

use std::net::{Ipv4Addr, TcpListener};

use durward_store::testing::Backend;
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
