//! The webhook, as the Standard Webhooks specification has it, and what it may do wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use durward_core::Alerts;
use durward_store::testing::{Backend, backends};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::task::JoinHandle;

use crate::kit::App;
use crate::kit::upstream::{Asked, Plan, Upstream};

const KEY: &[u8] = b"0123456789abcdef01234567";
pub(super) const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";

/// An app whose webhook is there, and what calls it.
async fn started(backend: Backend, hook: &Upstream) -> (App, Arc<Alerts>, JoinHandle<()>) {
    let url = format!("{}/hooks/durward?token=abc", hook.url);
    let settings = [
        ("DURWARD_ALERTS__WEBHOOK_URL", url.as_str()),
        ("DURWARD_ALERTS__WEBHOOK_SECRET", SECRET),
        ("DURWARD_ALERTS__WEBHOOK_TIMEOUT", "300ms"),
    ];
    let app = App::with(backend, &settings).await;
    let alerts = Arc::new(app.alerts());
    let calling = alerts.clone();
    let calling = tokio::spawn(async move { calling.run_webhook(std::future::pending()).await });
    app.admin("root").await;
    (app, alerts, calling)
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn waiting(app: &App, more: &str) -> i64 {
    app.database.count(&format!("SELECT COUNT(*) FROM webhook_outbox {more}")).await
}

/// What whoever is called does: looks at the signature before anything else.
pub(super) fn is_signed(asked: &Asked) -> bool {
    let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
    let signed = [format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes(), &asked.raw].concat();
    let signature = header("webhook-signature");
    let mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap().chain_update(&signed);
    let (version, encoded) = signature.split_once(',').unwrap();
    version == "v1" && mac.verify_slice(&STANDARD.decode(encoded).unwrap()).is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_told_once_and_signed() {
    for backend in backends() {
        let hook = Upstream::start(Plan::new(204)).await;
        let (app, alerts, _calling) = started(backend, &hook).await;
        alerts.look().await.unwrap();
        until("the call", async || hook.count() == 1 && waiting(&app, "").await == 0).await;
        let asked = &hook.asked()[0];
        assert!(is_signed(asked));
        assert_eq!(asked.path, "/hooks/durward");
        assert_eq!((&asked.body["type"], &asked.body["data"]["rule"]), (&"alert.raised".into(), &"new_admin".into()));
        assert_eq!(asked.body["data"]["id"], asked.headers["webhook-id"].to_str().unwrap());
        assert_eq!(asked.headers["content-type"], "application/json");
        let timestamp: i64 = asked.headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        assert!((durward_proto::Clock::now(&*app.clock).seconds() - timestamp).abs() < 20);
        app.clock.advance(Duration::from_secs(60));
        alerts.look().await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(hook.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_hears_of_it_when_it_is_back() {
    for backend in backends() {
        let hook = Upstream::start(Plan::new(500)).await;
        let (app, alerts, _calling) = started(backend, &hook).await;
        alerts.look().await.unwrap();
        let state = |name: &str| {
            let breakers = app.core.breakers().list();
            breakers.into_iter().find(|one| one.name == name).map(|one| format!("{:?}", one.state))
        };
        until("the first", async || waiting(&app, "WHERE last_error = '500'").await == 1).await;
        // Stalled without a status, cut off, sent elsewhere: each is tried again, later.
        app.clock.advance(Duration::from_secs(5));
        hook.set(Plan::new(200).silent());
        until("too late", async || waiting(&app, "WHERE last_error LIKE 'no answer%'").await == 1).await;
        app.clock.advance(Duration::from_secs(30));
        hook.set(Plan::new(200).silent());
        until("the breaker", async || state("webhook").as_deref() == Some("Open")).await;
        let so_far = hook.count();
        app.clock.advance(Duration::from_secs(6));
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(hook.count(), so_far, "nobody is asked while the breaker is open");
        app.clock.advance(Duration::from_secs(600));
        hook.set(Plan::new(307).header("location", "http://127.0.0.1:1/"));
        until("elsewhere", async || waiting(&app, "WHERE last_error LIKE '307%'").await == 1).await;
        app.clock.advance(Duration::from_secs(3_600));
        hook.set(Plan::new(202));
        until("the end", async || waiting(&app, "").await == 0).await;
        let asked = hook.asked();
        assert!(asked.len() >= 5 && asked.iter().all(is_signed), "{}", asked.len());
        let first = (&asked[0].headers["webhook-id"], &asked[0].raw);
        assert!(asked.iter().all(|one| (&one.headers["webhook-id"], &one.raw) == first), "the same each time");
        assert_eq!(state("webhook").as_deref(), Some("Closed"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_given_up_when_it_says_so_or_when_it_is_too_late() {
    for backend in backends() {
        let hook = Upstream::start(Plan::new(410)).await;
        let (app, alerts, calling) = started(backend, &hook).await;
        alerts.look().await.unwrap();
        until("gone", async || waiting(&app, "WHERE failed_at IS NOT NULL").await == 1).await;
        calling.abort();
        app.admin("boss").await;
        app.clock.advance(Duration::from_secs(10));
        alerts.look().await.unwrap();
        app.clock.advance(Duration::from_secs(4 * 86_400));
        let calls = hook.count();
        let again = app.alerts();
        tokio::spawn(async move { again.run_webhook(std::future::pending()).await });
        until("too late", async || waiting(&app, "WHERE failed_at IS NOT NULL").await == 2).await;
        assert_eq!(hook.count(), calls, "it was not worth a call any more");
        let admin = app.login("root").await;
        assert_eq!(super::raised(&admin).await.len(), 2, "the list has both");
    }
}

/// By https, with an authority of the operator's own; and not with one that nobody knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_who_it_says_it_is() {
    let hook = Upstream::start_tls(Plan::new(200)).await;
    let ca = hook.ca_file.clone().unwrap();
    for (known, path) in [(true, ca.to_str().unwrap()), (false, "")] {
        let mut settings =
            vec![("DURWARD_ALERTS__WEBHOOK_URL", hook.url.as_str()), ("DURWARD_ALERTS__WEBHOOK_SECRET", SECRET)];
        if known {
            settings.push(("DURWARD_ALERTS__WEBHOOK_CA_FILE", path));
        }
        let app = App::with(Backend::Sqlite, &settings).await;
        app.admin("root").await;
        let (alerts, before) = (Arc::new(app.alerts()), hook.count());
        let calling = alerts.clone();
        tokio::spawn(async move { calling.run_webhook(std::future::pending()).await });
        alerts.look().await.unwrap();
        if known {
            until("the call", async || waiting(&app, "").await == 0).await;
        } else {
            until("the refusal", async || waiting(&app, "WHERE last_error IS NOT NULL").await == 1).await;
        }
        assert_eq!(hook.count() - before, usize::from(known));
    }
}
