use super::erase::live;
use super::*;
use crate::{EventKind, Expired, NewEvent};
use durward_proto::ids::UuidId;

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

    async fn sessions_go_when_they_ended_or_ran_out(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let at = |hours: u32| NOW.plus(hours * HOUR);
        for (ended, expires) in [(None, 1), (Some(1), 1), (Some(1), 90), (Some(2), 90), (Some(80), 90), (None, 90)] {
            let id = session(&fresh, ann, NOW).await;
            let time = |at: Timestamp| match &fresh.options.target {
                crate::Target::Sqlite { .. } => at.micros().to_string(),
                crate::Target::Postgres(_) => format!("to_timestamp({})", at.seconds()),
            };
            let word = match &fresh.options.target {
                crate::Target::Sqlite { .. } => format!("X'{}'", id.uuid().simple()),
                crate::Target::Postgres(_) => format!("'{}'", id.uuid()),
            };
            let end = ended.map_or_else(String::new, |hours| format!(", ended_at = {}, end_reason = 'logout'", time(at(hours))));
            fresh.sql(&format!("UPDATE user_sessions SET expires_at = {}{end} WHERE id = {word}", time(at(expires)))).await;
        }
        let mut gone = Vec::new();
        for _ in 0..4 {
            gone.push(removed(&fresh, Expired::Sessions, at(40), 3).await);
        }
        assert_eq!(gone, [3, 1, 0, 0], "each counts once, and as many go as may");
        assert_eq!(removed(&fresh, Expired::Sessions, at(85), 3).await, 1);
        assert_eq!(fresh.count("SELECT COUNT(*) FROM user_sessions").await, 1);
    }

    async fn events_go_by_their_numbers(fresh: Fresh) {
        for hours in [0, 30, 1, 2, 40] {
            let mut write = fresh.opened.gate.write().await.unwrap();
            let now = NOW.plus(hours * HOUR);
            let event = NewEvent { kind: EventKind::User, user_id: UserId(1), session_id: None, reason: "x", now };
            write.append_event(&event).await.unwrap();
            write.commit_unaudited("a test").await.unwrap();
        }
        let before = NOW.plus(20 * HOUR);
        // One from a node whose clock is ahead stays, and keeps none after it.
        assert_eq!(removed(&fresh, Expired::Events, before, 2).await, 1);
        assert_eq!(removed(&fresh, Expired::Events, before, 2).await, 1);
        assert_eq!(removed(&fresh, Expired::Events, before, 10).await, 1);
        assert_eq!(fresh.count("SELECT MIN(seq) * 10 + MAX(seq) FROM revocation_events").await, 25);
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
