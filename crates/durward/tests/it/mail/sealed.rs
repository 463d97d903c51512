//! What of a mail stands in the database.

use durward_store::testing::backends;
use serde_json::json;

use super::{app, post, waiting};
use crate::kit::email;

/// Neither recipients nor links: whoever gets a copy of the database can open no account with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_addresses_nor_links() {
    for backend in backends() {
        // Nobody listens there, so that the mails stay.
        let app = app(backend, "smtp://127.0.0.1:9?tls=none", &[]).await;
        app.register("ann").await;
        for address in ["reader-of-secrets@example.org", "refused-reader@example.org"] {
            post(&app, address).await;
        }
        app.visitor().post("/api/v1/password/forgot", json!({ "email": "unknown-canary@example.org" })).await.is(202);
        app.visitor().post("/api/v1/password/forgot", json!({ "email": email("ann") })).await.is(202);
        let start = tokio::time::Instant::now();
        let postponed = "SELECT COUNT(*) FROM mail_outbox WHERE last_error IS NOT NULL";
        while app.database.count(postponed).await == 0 {
            assert!(start.elapsed().as_secs() < 30, "nothing was tried");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(waiting(&app).await >= 2);
        let everything = app.database.everything().await;
        for needle in ["reader-of-secrets", "refused-reader", "unknown-canary", "example.org", "#token=", "canary-of"] {
            let found = everything.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()));
            assert!(!found, "{needle} stands in the database");
        }
    }
}
