use durward_proto::ConversationId;
use durward_proto::wire::chat::Author;
use serde_json::json;

use super::*;
use crate::{BudgetRule, EventKind, NewAttempt, NewEvent, NewMessage};

pub(super) const TABLES: [&str; 11] = [
    "users",
    "user_profiles",
    "user_settings",
    "user_sessions",
    "refresh_tokens",
    "one_time_tickets",
    "conversations",
    "conversation_messages",
    "guess_budgets",
    "device_login_attempts",
    "revocation_events",
];
const RULE: BudgetRule = BudgetRule { limit: 3, window: HOUR, first_delay: HOUR };

/// A row of the user in every table.
async fn live(fresh: &Fresh, email: &str) -> UserId {
    let ann = user(fresh, email).await.id;
    let id = session(fresh, ann, NOW).await;
    let hash = |part: u8| {
        let mut hash = [part; 32];
        hash[..8].copy_from_slice(&ann.0.to_be_bytes());
        hash
    };
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.insert_refresh(&hash(1), id, 1, NOW, NOW.plus(HOUR)).await.unwrap();
    write.insert_ticket(&hash(2), id, None, NOW, NOW.plus(HOUR), NOW.plus(HOUR)).await.unwrap();
    write.charge(&format!("account:{email}"), NOW, &RULE).await.unwrap();
    write
        .insert_attempt(&NewAttempt {
            user_id: None,
            email_key: email,
            method: "password",
            succeeded: false,
            reason: "wrong_password",
            ip: Some("192.0.2.1"),
            user_agent: None,
            request_id: Some("r1"),
            now: NOW,
        })
        .await
        .unwrap();
    write
        .append_event(&NewEvent { kind: EventKind::Session, user_id: ann, session_id: Some(id), reason: "x", now: NOW })
        .await
        .unwrap();
    write
        .commit(
            Audit::new("login").actor(ann).subject(ann).session(id).client(Some("192.0.2.1".into()), Some("r1".into())),
        )
        .await
        .unwrap();
    let mut write = own(fresh, ann, id).write().await.unwrap();
    write.put_setting("theme", &json!("dark"), NOW).await.unwrap();
    let chat = ConversationId::new(NOW, &SystemRandom);
    write.insert_conversation(chat, "hello", NOW).await.unwrap();
    let message = NewMessage {
        id: durward_proto::MessageId::new(NOW, &SystemRandom),
        author: Author::User,
        content: "hi",
        model: None,
        now: NOW,
    };
    write.insert_message(chat, &message).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    ann
}

async fn counts(fresh: &Fresh) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push(fresh.count(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts
}

both! {
    async fn a_deleted_user_leaves_the_trails(fresh: Fresh) {
        let ann = live(&fresh, "ann@example.com").await;
        assert_eq!(counts(&fresh).await, [1; 11]);
        let mut write = fresh.opened.system.write().await.unwrap();
        assert!(write.delete_user(ann).await.unwrap());
        write.commit(Audit::new("deleted").subject(ann)).await.unwrap();
        assert_eq!(counts(&fresh).await, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
        assert_eq!(fresh.count("SELECT COUNT(*) FROM security_audit").await, 3);
        let again = user(&fresh, "ann@example.com").await.id;
        assert!(again > ann, "an id is never used again");
    }

    async fn an_erased_user_was_never_there(fresh: Fresh) {
        let ann = live(&fresh, "a_n@example.com").await;
        let other = live(&fresh, "abn@example.com").await;
        let mut write = fresh.opened.system.write().await.unwrap();
        write.erase_traces(ann, "a_n@example.com", "account:a_n@example.com").await.unwrap();
        write.commit_unaudited("a throw-away user leaves nothing").await.unwrap();
        assert_eq!(counts(&fresh).await, [1; 11]);
        assert_eq!(fresh.count(&format!("SELECT COUNT(*) FROM security_audit WHERE subject_user_id = {}", ann.0)).await, 0);
        assert_eq!(fresh.count(&format!("SELECT COUNT(*) FROM security_audit WHERE subject_user_id = {}", other.0)).await, 2);
        assert_eq!(fresh.opened.gate.read().await.unwrap().latest_event().await.unwrap(), 2, "numbers are not used again");
    }

    async fn what_is_over_is_pruned(fresh: Fresh) {
        live(&fresh, "ann@example.com").await;
        let mut write = fresh.opened.system.write().await.unwrap();
        assert_eq!(write.prune(NOW).await.unwrap(), 0);
        assert_eq!(write.prune(NOW.plus(2 * HOUR)).await.unwrap(), 2, "the token and the ticket");
        assert_eq!(write.prune(NOW.plus(24 * 31 * HOUR)).await.unwrap(), 2, "the budget and the event");
        let far = Timestamp::from_seconds(4_000_000_000).plus(24 * 31 * HOUR);
        assert_eq!(write.prune(far).await.unwrap(), 1, "the session");
        write.commit_unaudited("a test").await.unwrap();
        let mut write = fresh.opened.gate.write().await.unwrap();
        let event = NewEvent { kind: EventKind::User, user_id: UserId(1), session_id: None, reason: "x", now: NOW };
        assert_eq!(write.append_event(&event).await.unwrap(), 2, "after a pruned event its number is not used again");
    }
}
