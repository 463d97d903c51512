//! The mail server is down for a minute, really.

use std::collections::BTreeSet;
use std::time::Duration;

use durward_store::testing::{Backend, backends};
use tokio::time::Instant;

use super::{done, health, healthy, plain, post, waiting};
use crate::kit::smtp::Smtp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minute_on_sqlite() {
    a_minute(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minute_on_postgres() {
    if backends().contains(&Backend::Postgres) {
        a_minute(Backend::Postgres).await;
    }
}

async fn a_minute(backend: Backend) {
    let mut server = Smtp::start(&[]).await;
    let app = plain(backend, &server).await;
    app.register("ann").await;
    post(&app, "before@example.com").await;
    server.mails_to("before@example.com", 1).await;
    done(&app).await;

    server.go_away().await;
    let gone = Instant::now();
    let mut posted = 0;
    while gone.elapsed() < Duration::from_secs(60) {
        post(&app, &format!("reader{posted}@example.com")).await;
        posted += 1;
        // Nobody else is disturbed.
        app.login("ann").await;
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    healthy(&app, "breaker_mail", "degraded").await;
    // Logins that were new devices are mails, too.
    assert!(waiting(&app).await >= posted);

    server.come_back().await;
    let back = Instant::now();
    done(&app).await;
    assert!(back.elapsed() < Duration::from_secs(30), "it took {:?}", back.elapsed());
    eprintln!(
        "{backend:?}: {posted} mails were posted meanwhile; all were there {:?} after the minute",
        back.elapsed()
    );
    let received = server.received();
    let ids: BTreeSet<_> = received.iter().map(|mail| mail.id()).collect();
    assert_eq!(ids.len(), received.len(), "each arrived once");
    for number in 0..posted {
        let reader = format!("reader{number}@example.com");
        assert_eq!(received.iter().filter(|mail| mail.to == reader).count(), 1, "{reader}");
    }
    assert_eq!(health(&app, "breaker_mail").await, "ok");
}
