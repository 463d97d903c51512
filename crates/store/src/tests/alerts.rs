use durward_proto::AlertId;
use serde_json::json;

use super::*;
use crate::{Expired, NewAlert};

async fn raise(fresh: &Fresh, rule: &str, about: &str, bucket: i64, now: Timestamp) -> bool {
    let mut write = fresh.opened.system.write().await.unwrap();
    let id = AlertId::new(now, &SystemRandom);
    let detail = json!({ "count": 3 });
    let new = NewAlert { id, rule, about, bucket, now, severity: "warning", detail: &detail };
    let raised = write.raise_alert(&new).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    raised
}

both! {
    async fn each_is_raised_once(fresh: Fresh) {
        let system = fresh.opened.system.clone();
        let raised = race(8, |_| {
            let system = system.clone();
            async move {
                let mut write = system.write().await.unwrap();
                let (id, detail) = (AlertId::new(NOW, &SystemRandom), json!({}));
                let new = NewAlert { id, rule: "x", about: "", bucket: 1, now: NOW, severity: "info", detail: &detail };
                let raised = write.raise_alert(&new).await.unwrap();
                write.commit_unaudited("a test").await.unwrap();
                raised
            }
        })
        .await;
        assert_eq!(raised.into_iter().filter(|raised| *raised).count(), 1);
        assert!(raise(&fresh, "x", "", 2, NOW).await && raise(&fresh, "x", "breaker:a", 1, NOW).await);
    }

    async fn administrators_are_told_of_until_they_are_none(fresh: Fresh) {
        let (ann, bob) = (user(&fresh, "ann@example.com").await.id, user(&fresh, "bob@example.com").await.id);
        fresh.sql("UPDATE users SET role = 'admin'").await;
        let untold = async || fresh.opened.system.read().await.unwrap().untold_admins(10).await.unwrap();
        assert_eq!(untold().await, [ann, bob]);
        assert!(raise(&fresh, "new_admin", &format!("user:{ann}"), 1, NOW).await);
        assert!(raise(&fresh, "refresh_reuse", &format!("user:{ann}"), 1, NOW).await);
        assert_eq!(untold().await, [bob]);
        for left in [1, 0] {
            let mut write = fresh.opened.system.write().await.unwrap();
            assert_eq!(write.remove_expired(Expired::Alerts, NOW.plus(HOUR), 10).await.unwrap(), 1);
            write.commit_unaudited("a test").await.unwrap();
            assert_eq!(fresh.count("SELECT COUNT(*) FROM alerts").await, left, "it stays known of who is one still");
            fresh.sql("UPDATE users SET role = 'user'").await;
        }
    }

    async fn rules_see_what_came_since(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let write = fresh.opened.system.write().await.unwrap();
        write.commit(Audit::new("refresh_reuse").subject(ann).detail(json!({ "a": 1 }))).await.unwrap();
        let mut read = fresh.opened.system.read().await.unwrap();
        let long_ago = Timestamp::from_seconds(0);
        let seen = read.happened("refresh_reuse", long_ago, 10).await.unwrap();
        assert_eq!((seen.len(), seen[0].subject_user_id, &seen[0].detail["a"]), (1, Some(ann), &json!(1)));
        assert!(read.happened("refresh_reuse", seen[0].at, 10).await.unwrap().is_empty());
        assert!(read.happened("login", long_ago, 10).await.unwrap().is_empty());
        assert_eq!((read.failed_logins(long_ago).await.unwrap(), read.denied_logins(long_ago).await.unwrap()), (0, 0));
        super::erase::live(&fresh, "bob@example.com").await;
        assert_eq!(read.failed_logins(NOW.minus(HOUR)).await.unwrap(), 1);
        assert_eq!(read.failed_logins(NOW).await.unwrap(), 0);
        fresh.sql("UPDATE device_login_attempts SET risk_decision = 'deny'").await;
        assert_eq!(read.denied_logins(NOW.minus(HOUR)).await.unwrap(), 1);
        assert_eq!(read.oldest_mail().await.unwrap(), Some(NOW));
    }
}
