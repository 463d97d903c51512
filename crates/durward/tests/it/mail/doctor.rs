//! What the doctor says of mails. None of it keeps the server from starting.

use durward_store::testing::Backend;
use serde_json::Value;

use crate::kit::Site;
use crate::kit::smtp::Smtp;

async fn finding(site: &Site) -> (String, String, String) {
    let output = site.run(&["doctor", "--json"]).await.code(0);
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    let finding = report["checks"].as_array().unwrap().iter().find(|finding| finding["id"] == "mail").unwrap().clone();
    assert!(!output.stdout.contains("canary-word") && !output.stderr.contains("canary-word"), "{output:?}");
    let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (word("status"), word("found"), word("cure"))
}

async fn site() -> Site {
    Site::migrated(Backend::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_mail_server() {
    let (status, found, _) = finding(&site().await).await;
    assert_eq!(status, "ok", "{found}");
    for environment in ["staging", "production"] {
        let site = site().await.with("ENVIRONMENT", environment);
        let (status, found, cure) = finding(&site.with("DURWARD_SERVER__PUBLIC_URL", "https://auth.example.com")).await;
        assert_eq!(status, "degraded", "{found}");
        assert!(found.contains("forgets the password") && found.contains("new devices"), "{found}");
        assert!(cure.contains("DURWARD_MAIL__URL"), "{cure}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_with_its_cure() {
    let plain = Smtp::start(&[]).await;
    let login = Smtp::start(&["--login", "ann:right"]).await;
    let sender = Smtp::start(&["--refuse-sender"]).await;
    let slow = Smtp::start(&["--greeting", "60"]).await;
    let at = |server: &Smtp, login: &str| format!("smtp://{login}localhost:{}?tls=none", server.port);
    let nobody = "smtp://127.0.0.1:9?tls=none".to_owned();
    let cases = [
        (at(&plain, ""), "ok", "no TLS, as nobody, from no-reply@localhost", ""),
        (at(&login, "ann:right@"), "ok", "as the user of mail.url", ""),
        (plain.url("tls=required"), "degraded", "does not offer STARTTLS", "smtps://"),
        (at(&login, "ann:canary-word@"), "degraded", "logging in: 535", "the user and the password in mail.url"),
        (at(&plain, "ann:canary-word@"), "degraded", "does not offer to log in", "take user and password out"),
        (at(&login, ""), "degraded", "the sender: 530", "mail.from"),
        (at(&sender, ""), "degraded", "the sender: 550", "mail.from"),
        (at(&slow, ""), "degraded", "no answer within 2 s", "port"),
        (nobody, "degraded", "connecting: ", "runs"),
    ];
    for (url, status, found, cure) in cases {
        let site = site().await.with("DURWARD_MAIL__URL", &url).with("DURWARD_BREAKER__CALL_TIMEOUT", "2s");
        let got = finding(&site).await;
        assert_eq!(got.0, status, "{url}: {got:?}");
        assert!(got.1.contains(found) && got.2.contains(cure), "{url}: {got:?}");
    }
    for server in [plain, login, sender, slow] {
        assert_eq!(server.received().len(), 0, "a check sends nothing");
    }
}

/// A mail server that is away stops nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_starts_without_it() {
    let process = site().await.with("DURWARD_MAIL__URL", "smtp://127.0.0.1:9?tls=none").serve().await;
    let health = process.visitor().get("/health/ready").await.is(200).json();
    assert_eq!(health["checks"]["breaker_mail"]["status"], "ok", "{health}");
}
