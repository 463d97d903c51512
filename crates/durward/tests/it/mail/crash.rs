//! SIGKILL in the middle of a burst of mails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use durward_core::mail::Outbox;
use durward_proto::{Secret, SystemClock};
use durward_store::testing::backends;
use durward_verify::SystemRandom;
use tokio::time::Instant;

use super::mail;
use crate::kit::smtp::Smtp;
use crate::kit::{SECRET, Site};

/// How many mails a node works on at once: so many may have been taken without our knowing.
const AT_ONCE: usize = 4;
const MAILS: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mail_arrives_and_hardly_any_twice() {
    for backend in backends() {
        let server = Smtp::start(&["--work", "0.03"]).await;
        let url = server.url("tls=none");
        let site = Site::migrated(backend).await.with("DURWARD_MAIL__URL", &url);
        let outbox = Outbox::new(None, &Secret::new(SECRET), SystemClock::new(), Arc::new(SystemRandom)).unwrap();
        let mut write = site.database.opened.gate.write().await.unwrap();
        for number in 0..MAILS {
            outbox.put(&mut write, mail(&format!("reader{number}@example.com"))).await.unwrap();
        }
        write.commit_unaudited("a test").await.unwrap();

        let mut process = site.serve().await;
        until(&server, MAILS / 3).await;
        process.kill();
        // What the server is still busy with.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = server.received().len();
        assert!(before < MAILS, "the burst was over before the kill");
        let left = site.database.count("SELECT COUNT(*) FROM mail_outbox").await;

        let process = site.serve().await;
        until_readers(&server, MAILS).await;
        let start = Instant::now();
        while site.database.count("SELECT COUNT(*) FROM mail_outbox").await > 0 {
            assert!(start.elapsed() < Duration::from_secs(60), "{}", process.stderr());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // What the second process sent, and that nothing waits: the gauges are renewed every second.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let metrics = process.visitor().get("/metrics").await.is(200).text();
        let value = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("no {name} in:\n{metrics}")).parse::<f64>().unwrap()
        };
        let sent = server.received().len() - before;
        assert_eq!(value(r#"durward_mails_total{kind="reset_password",result="sent"}"#), sent as f64);
        assert_eq!(value("durward_mail_outbox_waiting"), 0.0);
        assert_eq!(value("durward_mail_outbox_oldest_seconds"), 0.0);
        assert_eq!(value(r#"durward_breaker_state{name="mail"}"#), 0.0);

        let mut by_reader: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for mail in server.received() {
            by_reader.entry(mail.to.clone()).or_default().push(mail.id().to_owned());
        }
        let twice: Vec<_> = by_reader.iter().filter(|(_, ids)| ids.len() > 1).collect();
        eprintln!("{backend:?}: {before} of {MAILS} before the kill, {left} rows left, {} came twice", twice.len());
        assert_eq!(by_reader.len(), MAILS);
        assert!(twice.len() <= AT_ONCE, "{twice:?}");
        for (reader, ids) in &by_reader {
            assert!(ids.len() <= 2, "{reader}: {ids:?}");
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1, "{reader}: {ids:?}");
        }
    }
}

async fn until(server: &Smtp, count: usize) {
    wait(|| server.received().len() >= count).await;
}

async fn until_readers(server: &Smtp, count: usize) {
    wait(|| server.received().into_iter().map(|mail| mail.to).collect::<BTreeSet<_>>().len() >= count).await;
}

async fn wait(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "not in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
