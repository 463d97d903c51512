//! Mail, all the way to a real mail server.

mod arriving;
mod crash;
mod doctor;
mod log;
mod nodes;
mod outage;
mod refusals;
mod sealed;
mod slow;
mod tls;

use std::time::Duration;

use durward_core::mail::{Mail, MailKind};
use durward_proto::Secret;
use durward_store::testing::Backend;

use crate::kit::{App, smtp::Smtp};

/// A program that hands mails in at `server`, with accounts as where there is none.
async fn app(backend: Backend, url: &str, more: &[(&str, &str)]) -> App {
    let settings = [
        ("DURWARD_MAIL__URL", url),
        ("DURWARD_MAIL__FROM", "Durward <no-reply@auth.example.com>"),
        ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false"),
    ];
    App::with(backend, &[&settings, more].concat()).await
}

async fn plain(backend: Backend, server: &Smtp) -> App {
    app(backend, &server.url("tls=none"), &[]).await
}

/// A mail to anybody.
fn mail(to: &str) -> Mail {
    let link = Secret::new(format!("https://auth.example.com/reset-password#token=canary-of-{to}"));
    Mail {
        to: to.to_owned(),
        name: Some("Ann".to_owned()),
        language: None,
        user: None,
        kind: MailKind::ResetPassword { link },
        expires_in: Duration::from_secs(3_600),
    }
}

/// Puts a mail into the outbox as whoever has something to say does.
async fn post(app: &App, to: &str) {
    let mut write = app.database.opened.gate.write().await.unwrap();
    app.core.post(&mut write, mail(to)).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    app.core.ring_post();
}

/// How many mails wait.
async fn waiting(app: &App) -> i64 {
    app.database.count("SELECT COUNT(*) FROM mail_outbox WHERE failed_at IS NULL").await
}

/// Waits until no mail waits.
async fn done(app: &App) {
    let start = tokio::time::Instant::now();
    while waiting(app).await > 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "mails still wait");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The status of a check in `/health/ready`, which must be 200: nothing of mail makes the program fail.
async fn health(app: &App, check: &str) -> String {
    let answer = app.visitor().get("/health/ready").await.is(200).json();
    answer["checks"][check]["status"].as_str().unwrap_or_else(|| panic!("no {check} in {answer}")).to_owned()
}

/// Waits until a check has this status.
async fn healthy(app: &App, check: &str, status: &str) {
    let start = tokio::time::Instant::now();
    while health(app, check).await != status {
        assert!(start.elapsed() < Duration::from_secs(30), "{check} does not become {status}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
