use super::erase::live;
use super::*;
use crate::{EventKind, Expired, NewEvent};

async fn removed(fresh: &Fresh, what: Expired, before: Timestamp, most: u32) -> u64 {
    let mut write = fresh.opened.system.write().await.unwrap();
    let rows = write.remove_expired(what, before, most).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    rows
}

both! {
    async fn what_is_over_is_removed(fresh: Fresh) {
        let ann = live(&fresh, "ann@example.com").await;
        fresh.sql(&format!("UPDATE device_login_attempts SET user_id = {}", ann.0)).await;
        for what in Expired::ALL {
            assert_eq!(removed(&fresh, *what, NOW.minus(HOUR), 10).await, 0, "{what:?}");
        }
        let hour = [
            Expired::RefreshTokens, Expired::Tickets, Expired::Challenges, Expired::Ceremonies, Expired::Trusts,
            Expired::Setups, Expired::RecoveryTokens, Expired::EmailChanges, Expired::Mails,
        ];
        for what in hour {
            assert_eq!(removed(&fresh, what, NOW.plus(2 * HOUR), 10).await, 1, "{what:?}");
        }
        let later = NOW.plus(24 * HOUR);
        for what in [Expired::Budgets, Expired::Events, Expired::Attempts] {
            assert_eq!(removed(&fresh, what, later, 10).await, 1, "{what:?}");
        }
        assert_eq!(removed(&fresh, Expired::Sessions, later, 10).await, 0, "it lives");
        let far = Timestamp::from_seconds(4_000_000_000).plus(HOUR);
        fresh.sql("UPDATE user_sessions SET registered_device_id = (SELECT id FROM registered_devices)").await;
        assert_eq!(removed(&fresh, Expired::Devices, later, 10).await, 0, "a session on it lives");
        assert_eq!(removed(&fresh, Expired::Sessions, far, 10).await, 1);
        assert_eq!(removed(&fresh, Expired::Devices, later, 10).await, 1);
        let mut write = fresh.opened.gate.write().await.unwrap();
        let event = NewEvent { kind: EventKind::User, user_id: UserId(1), session_id: None, reason: "x", now: NOW };
        assert_eq!(write.append_event(&event).await.unwrap(), 2, "after a removed event its number is not used again");
    }

    async fn a_few_at_a_time(fresh: Fresh) {
        for number in 0..5 {
            let at = NOW.plus(Duration::from_secs(number));
            let at = match &fresh.options.target {
                crate::Target::Sqlite { .. } => at.micros().to_string(),
                crate::Target::Postgres(_) => format!("to_timestamp({})", at.seconds()),
            };
            fresh.sql(&format!("INSERT INTO figures (at, node, name, label, value) VALUES ({at}, 'n', 'x', '', 1)")).await;
        }
        let gone = [
            removed(&fresh, Expired::Figures, NOW.plus(HOUR), 2).await,
            removed(&fresh, Expired::Figures, NOW.plus(HOUR), 2).await,
            removed(&fresh, Expired::Figures, NOW.plus(HOUR), 2).await,
            removed(&fresh, Expired::Figures, NOW.plus(HOUR), 2).await,
        ];
        assert_eq!(gone, [2, 2, 1, 0]);
    }

    async fn only_who_confirmed_nothing_is_unverified(fresh: Fresh) {
        let mut ids = Vec::new();
        for (name, change) in [
            ("waits", "status = 'pending', email_verified = FALSE"),
            ("approved_later", "status = 'pending', email_verified = TRUE"),
            ("active", "email_verified = FALSE"),
            ("waits_too", "status = 'pending', email_verified = FALSE"),
        ] {
            let id = user(&fresh, &format!("{name}@example.com")).await.id;
            fresh.sql(&format!("UPDATE users SET {change} WHERE id = {}", id.0)).await;
            ids.push(id);
        }
        let mut read = fresh.opened.system.read().await.unwrap();
        assert_eq!(read.unverified_users(NOW, UserId(0), 10).await.unwrap(), []);
        assert_eq!(read.unverified_users(NOW.plus(HOUR), UserId(0), 10).await.unwrap(), [ids[0], ids[3]]);
        assert_eq!(read.unverified_users(NOW.plus(HOUR), ids[0], 1).await.unwrap(), [ids[3]]);
    }
}
