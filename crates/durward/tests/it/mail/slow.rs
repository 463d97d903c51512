//! A server that lets everybody wait for its greeting.

use std::time::Duration;

use durward_store::testing::backends;
use tokio::time::Instant;

use super::{app, done, healthy, post, waiting};
use crate::kit::smtp::Smtp;

/// Some do that to strangers. The mail waits for it; nobody else does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_has_the_patience_that_a_request_has_not() {
    for backend in backends() {
        let server = Smtp::start(&["--greeting", "20"]).await;
        let app = app(backend, &server.url("tls=none"), &[]).await;
        let posted = Instant::now();
        post(&app, "ann@example.com").await;
        while posted.elapsed() < Duration::from_secs(18) {
            let asked = Instant::now();
            app.visitor().get("/health/ready").await.is(200);
            app.visitor().get("/api/v1/auth/status").await.is(200);
            assert!(asked.elapsed() < Duration::from_secs(2), "a request took {:?}", asked.elapsed());
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        assert_eq!(server.received().len(), 0);
        server.mails_to("ann@example.com", 1).await;
        done(&app).await;
        // Its lease is renewed while it waits, so that nobody else begins with it.
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patience_ends() {
    for backend in backends() {
        let mut server = Smtp::start(&["--greeting", "60"]).await;
        let quick = [("DURWARD_MAIL__TIMEOUT", "500ms"), ("DURWARD_BREAKER__RECOVERY_TIMEOUT", "1s")];
        let app = app(backend, &server.url("tls=none"), &quick).await;
        for number in 0..4 {
            post(&app, &format!("reader{number}@example.com")).await;
        }
        healthy(&app, "breaker_mail", "degraded").await;
        let late = "SELECT COUNT(*) FROM mail_outbox WHERE last_error = 'connecting: no answer within 0.5 s'";
        assert!(app.database.count(late).await > 0);
        assert_eq!(waiting(&app).await, 4);

        server.go_away().await;
        let well = Smtp::start_at(server.port).await;
        done(&app).await;
        assert_eq!(well.received().len(), 4);
        healthy(&app, "breaker_mail", "ok").await;
    }
}
