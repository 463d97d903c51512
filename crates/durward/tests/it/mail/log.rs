//! Without a mail server.

use durward_store::testing::backends;
use serde_json::json;

use super::mail;
use crate::kit::{App, Process, Site, email};

/// On a developer's machine the log has the mail, with its link.
#[tokio::test]
async fn development_writes_mails_to_the_log() {
    let process = Process::start(&["dev"], &[]).await;
    let account = process.line("user: ").await;
    let (address, _) = account.strip_prefix("user: ").unwrap().split_once("  password: ").unwrap();
    process.visitor().post("/api/v1/password/forgot", json!({ "email": address })).await.is(202);
    let link = process.line("#token=").await;
    let token = link.trim().split_once("#token=").unwrap().1.to_owned();
    let log = process.stderr();
    assert!(log.contains(&format!("To: {address}\n")) && log.contains("Subject: "), "{log}");
    let body = json!({ "token": token, "new_password": "a kettle of other fish" });
    process.visitor().post("/api/v1/password/reset", body).await.is(204);
}

/// Everywhere else a link has no place in a log: no mail is written at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nowhere_else() {
    for backend in backends() {
        let app = App::start(backend).await;
        app.register("ann").await;
        app.visitor().post("/api/v1/password/forgot", json!({ "email": email("ann") })).await.is(202);
        let mut write = app.database.opened.gate.write().await.unwrap();
        app.core.post(&mut write, mail("ann@example.com")).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        assert_eq!(app.database.count("SELECT COUNT(*) FROM mail_outbox").await, 0);
        assert!(!app.core.has_post());
    }
    for environment in ["test", "staging", "production"] {
        let site = Site::migrated(backends()[0]).await.with("ENVIRONMENT", environment);
        let site = site.with("DURWARD_SERVER__PUBLIC_URL", "https://auth.example.com");
        let process = site.serve().await;
        let body = json!({ "email": email("ann"), "password": crate::kit::PASSWORD });
        process.visitor().post("/api/v1/auth/register", body).await.is(201);
        process.visitor().post("/api/v1/password/forgot", json!({ "email": email("ann") })).await.is(202);
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert!(!process.stderr().contains("token="), "{environment}: {}", process.stderr());
    }
}
