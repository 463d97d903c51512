//! SIGKILL in the middle of a burst of alerts: each arrives, and one at most twice, with the same id.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use durward_proto::{Clock, SystemClock, WebhookId};
use durward_store::testing::backends;
use durward_verify::SystemRandom;
use serde_json::json;

use super::webhook::{SECRET, is_signed};
use crate::kit::Site;
use crate::kit::upstream::{Plan, Upstream};

const CALLS: usize = 40;

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(150), "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_arrives() {
    for backend in backends() {
        let hook = Upstream::start(Plan::new(200)).await;
        let url = format!("{}/hook", hook.url);
        let site = Site::migrated(backend)
            .await
            .with("DURWARD_ALERTS__WEBHOOK_URL", &url)
            .with("DURWARD_ALERTS__WEBHOOK_SECRET", SECRET)
            .with("DURWARD_ALERTS__WEBHOOK_TIMEOUT", "2s");
        let mut process = site.serve().await;
        let (now, mut write) = (SystemClock::new().now(), site.database.opened.system.write().await.unwrap());
        for number in 0..CALLS {
            let id = WebhookId::new(now, &SystemRandom);
            let body = json!({ "type": "alert.raised", "data": { "number": number } });
            write.insert_webhook(id, &body, now, now.plus(Duration::from_secs(3_600))).await.unwrap();
        }
        write.commit_unaudited("a test").await.unwrap();
        until("some", async || hook.count() >= CALLS / 4).await;
        process.kill();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let before = hook.count();
        assert!(before < CALLS, "the burst was over before the kill");

        let _process = site.serve().await;
        until("all", async || site.database.count("SELECT COUNT(*) FROM webhook_outbox").await == 0).await;
        let mut by_number: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for asked in hook.asked() {
            assert!(is_signed(&asked));
            let id = asked.headers["webhook-id"].to_str().unwrap().to_owned();
            by_number.entry(asked.body["data"]["number"].as_u64().unwrap()).or_default().push(id);
        }
        let twice = by_number.values().filter(|ids| ids.len() > 1).count();
        eprintln!("{backend:?}: {before} of {CALLS} before the kill, {twice} came twice");
        assert_eq!(by_number.len(), CALLS);
        assert!(twice <= 1);
        assert!(by_number.values().all(|ids| ids.iter().all(|id| *id == ids[0])));
    }
}
