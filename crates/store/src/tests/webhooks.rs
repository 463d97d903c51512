use durward_proto::WebhookId;
use serde_json::json;

use super::*;
use crate::Expired;

const LEASE: Duration = Duration::from_secs(30);

both! {
    async fn one_call_is_one_nodes(fresh: Fresh) {
        let system = fresh.opened.system.clone();
        let id = WebhookId::new(NOW, &SystemRandom);
        let body = json!({ "b": 1, "a": ["x", 2.5] });
        let mut write = system.write().await.unwrap();
        write.insert_webhook(id, &body, NOW, NOW.plus(HOUR)).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let leased = race(8, |_| {
            let system = system.clone();
            async move {
                let mut write = system.write().await.unwrap();
                let row = write.lease_webhook(NOW, LEASE).await.unwrap();
                write.commit_unaudited("a test").await.unwrap();
                row
            }
        })
        .await;
        let leased: Vec<_> = leased.into_iter().flatten().collect();
        assert_eq!((leased.len(), leased[0].id, leased[0].tries, &leased[0].body), (1, id, 1, &body));
        let mut write = system.write().await.unwrap();
        assert!(write.put_webhook_back(id, 1, NOW).await.unwrap());
        assert_eq!(write.lease_webhook(NOW, LEASE).await.unwrap().unwrap().tries, 1, "that was no try");
        assert!(write.lease_webhook(NOW, LEASE).await.unwrap().is_none());
        assert_eq!(write.lease_webhook(NOW.plus(LEASE), LEASE).await.unwrap().unwrap().tries, 2, "the lease ran out");
        assert!(!write.postpone_webhook(id, 1, NOW, "503").await.unwrap(), "whose lease ran out has no say");
        assert!(write.postpone_webhook(id, 2, NOW.plus(HOUR), "503").await.unwrap());
        assert_eq!(write.waiting_webhooks().await.unwrap().next, Some(NOW.plus(HOUR)));
        assert_eq!(write.lease_webhook(NOW.plus(HOUR), LEASE).await.unwrap().unwrap().tries, 3);
        assert!(write.give_webhook_up(id, 3, NOW.plus(HOUR), "410").await.unwrap());
        assert!(!write.take_webhook_out(id).await.unwrap());
        assert_eq!(write.waiting_webhooks().await.unwrap().rows, 0);
        assert_eq!(write.remove_expired(Expired::Webhooks, NOW.plus(HOUR), 10).await.unwrap(), 0);
        assert_eq!(write.remove_expired(Expired::Webhooks, NOW.plus(2 * HOUR), 10).await.unwrap(), 1);
    }
}
