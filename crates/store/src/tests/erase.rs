use durward_proto::wire::auth::Transport;
use durward_proto::wire::chat::Author;
use durward_proto::{CeremonyId, ConversationId, MailId, PasskeyId, TrustId};
use serde_json::json;

use super::*;
use crate::{
    BudgetRule, CeremonyBond, CeremonyPurpose, ChallengePurpose, EventKind, Gate, NewAttempt, NewChallenge,
    NewEmailChange, NewEvent, NewMail, NewMessage, NewPasskey, NewRecoveryToken, NewTrust, RecoveryPurpose, Write,
};

/// Every table with rows about a user.
pub(super) const TABLES: [&str; 23] = [
    "users",
    "user_profiles",
    "user_settings",
    "user_sessions",
    "refresh_tokens",
    "one_time_tickets",
    "conversations",
    "conversation_messages",
    "user_two_factor_auth",
    "backup_codes",
    "two_factor_challenges",
    "trusted_devices",
    "passkey_credentials",
    "passkey_ceremonies",
    "recovery_tokens",
    "email_changes",
    "mail_outbox",
    "registered_devices",
    "user_login_habits",
    "guess_budgets",
    "device_login_attempts",
    "revocation_events",
    "security_audit",
];
const RULE: BudgetRule = BudgetRule { limit: 3, window: HOUR, first_delay: HOUR };

/// A row of the user in every table.
pub(super) async fn live(fresh: &Fresh, email: &str) -> UserId {
    let ann = user(fresh, email).await.id;
    let id = session(fresh, ann, NOW).await;
    let hash = |part: u8| {
        let mut hash = [part; 32];
        hash[..8].copy_from_slice(&ann.0.to_be_bytes());
        hash
    };
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.insert_refresh(&hash(1), id, 1, NOW, NOW.plus(HOUR)).await.unwrap();
    let ticket = NewTicket {
        hash: &hash(2),
        session_id: id,
        origin: None,
        now: NOW,
        expires_at: NOW.plus(HOUR),
        lease_expires_at: NOW.plus(HOUR),
        kid: None,
    };
    write.insert_ticket(&ticket).await.unwrap();
    factors(&mut write, ann, [hash(3), hash(4), hash(5)]).await;
    passkeys(&mut write, ann, &hash(6)).await;
    mails(&mut write, ann, email, [hash(7), hash(8), hash(9)]).await;
    write.charge(NOW, &[(&format!("account:{email}"), RULE)]).await.unwrap();
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
            device: None,
            session: None,
            country: None,
            place: None,
            risk: None,
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
    known(fresh, ann).await;
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

/// A second factor with all that goes with it.
async fn factors(write: &mut Write<Gate>, user: UserId, [code, challenge, trust]: [[u8; 32]; 3]) {
    let handle = uuid::Uuid::from_slice(&code[..16]).unwrap();
    assert_eq!(write.ensure_factor_row(user, handle, NOW).await.unwrap(), handle);
    assert_eq!(write.ensure_factor_row(user, uuid::Uuid::nil(), NOW).await.unwrap(), handle, "it stays");
    assert!(write.put_pending_totp(user, b"sealed", NOW.plus(HOUR), NOW).await.unwrap());
    write.put_backup_codes(user, &[code], NOW).await.unwrap();
    let challenge = NewChallenge {
        token_hash: challenge,
        user_id: user,
        purpose: ChallengePurpose::Verify,
        transport: Transport::Cookie,
        client_hash: [0; 32],
        ip: "192.0.2.1",
        amr: "pwd",
        setup_sealed: None,
        mail_code_hash: None,
        now: NOW,
        expires_at: NOW.plus(HOUR),
    };
    write.insert_challenge(&challenge).await.unwrap();
    let trust = NewTrust {
        id: TrustId::new(NOW, &SystemRandom),
        token_hash: trust,
        user_id: user,
        user_agent: None,
        ip: None,
        now: NOW,
        expires_at: NOW.plus(HOUR),
        device: None,
    };
    write.insert_trust(&trust).await.unwrap();
}

/// A device and habits.
async fn known(fresh: &Fresh, user: UserId) {
    let (id, hash, at) = match &fresh.options.target {
        crate::Target::Sqlite { .. } => {
            (format!("X'{:032x}'", user.0), format!("X'{:064x}'", user.0), "1767323045000000")
        }
        crate::Target::Postgres(_) => {
            let id = uuid::Uuid::from_u128(user.0.unsigned_abs().into());
            (format!("'{id}'"), format!("'\\x{:064x}'", user.0), "to_timestamp(1767323045)")
        }
    };
    fresh
        .sql(&format!(
            "INSERT INTO registered_devices (id, user_id, identity_hash, fingerprint, kind, name, user_agent, ip, place, \
             trust_level, security_level, logins, successes_milli, failures_milli, reputed_at, streak_logins, \
             streak_since, created_at, last_seen_at) \
             VALUES ({id}, {}, {hash}, {hash}, 'desktop', 'Firefox', 'curl/8', '192.0.2.1', 'Oslo, NO', 'new', \
             'always_login', 1, 1000, 0, {at}, 1, {at}, {at}, {at}); \
             INSERT INTO user_login_habits (user_id, habits, updated_at) VALUES ({}, '{{\"hours\":[1]}}', {at})",
            user.0, user.0
        ))
        .await;
}

/// A passkey, and another one that is being registered.
async fn passkeys(write: &mut Write<Gate>, user: UserId, id: &[u8; 32]) {
    let new = NewPasskey {
        id: PasskeyId::new(NOW, &SystemRandom),
        user_id: user,
        credential_id: id,
        credential: &json!({}),
        name: "laptop",
        sign_count: 0,
        backup_eligible: false,
        backed_up: false,
        now: NOW,
    };
    assert!(write.insert_passkey(&new).await.unwrap());
    let purpose = CeremonyPurpose::Register;
    let bond = CeremonyBond { purpose, user_id: Some(user), session_id: None, challenge_hash: None };
    let ceremony = CeremonyId::new(NOW, &SystemRandom);
    write.insert_ceremony(ceremony, bond, b"sealed", NOW, NOW.plus(HOUR)).await.unwrap();
}

/// What is under way by mail.
async fn mails(write: &mut Write<Gate>, user: UserId, email_key: &str, [reset, old, new]: [[u8; 32]; 3]) {
    let (now, expires_at) = (NOW, NOW.plus(HOUR));
    let purpose = RecoveryPurpose::ResetPassword;
    let token = NewRecoveryToken { hash: &reset, user_id: user, purpose, email_key, now, expires_at };
    write.put_recovery_token(&token).await.unwrap();
    let change = NewEmailChange {
        user_id: user,
        new_email: "new@example.com",
        old_token_hash: &old,
        new_token_hash: &new,
        now,
        expires_at,
    };
    write.put_email_change(&change).await.unwrap();
    let id = MailId::new(NOW, &SystemRandom);
    let mail = NewMail { id, kind: "new_device", user_id: Some(user), sealed: b"sealed", now, expires_at };
    write.insert_mail(&mail).await.unwrap();
}

async fn counts(fresh: &Fresh) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push(fresh.count(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts
}

both! {
    async fn an_erased_person_is_in_no_column(fresh: Fresh) {
        let ann = live(&fresh, "ann@example.com").await;
        assert_eq!(counts(&fresh).await, [[1; 22].as_slice(), &[2]].concat());
        fresh.sql(&format!(
            "UPDATE device_login_attempts SET user_id = {}, user_agent = 'curl/8', country = 'NO', place = 'Oslo, NO'", ann.0
        )).await;
        let mut write = fresh.opened.system.write().await.unwrap();
        assert!(write.erase_user(ann, "ann@example.com", &["account:ann@example.com".to_owned()]).await.unwrap());
        write.commit(Audit::new("user_deleted").subject(ann)).await.unwrap();
        assert_eq!(counts(&fresh).await, [[0; 20].as_slice(), &[1, 1, 3]].concat(), "the trails and the event stay");
        let kept = "SELECT COUNT(*) FROM device_login_attempts WHERE country = 'NO' AND reason = 'wrong_password'";
        assert_eq!(fresh.count(kept).await, 1, "what happened stays");
        for needle in ["ann@example.com", "Ann Lee", "192.0.2.1", "curl/8", "Oslo", "hello", "laptop", "new@example.com"] {
            let found = super::privacy::columns_with(&fresh, needle).await;
            // What the audit trail forgets is its own business: it is chained.
            assert_eq!(found.iter().filter(|place| !place.starts_with("security_audit.")).count(), 0, "{needle}: {found:?}");
        }
        let numbers = super::privacy::columns_with_user(&fresh, ann).await;
        let allowed = ["revocation_events.user_id", "security_audit.actor_user_id", "security_audit.subject_user_id"];
        assert_eq!(numbers, allowed, "a number that is nobody's any more");
        let again = user(&fresh, "ann@example.com").await.id;
        assert!(again > ann, "an id is never used again");
    }

    async fn an_erased_user_was_never_there(fresh: Fresh) {
        let ann = live(&fresh, "a_n@example.com").await;
        let other = live(&fresh, "abn@example.com").await;
        let mut write = fresh.opened.system.write().await.unwrap();
        write.erase_traces(ann, "a_n@example.com", "account:a_n@example.com").await.unwrap();
        write.commit_unaudited("a throw-away user leaves nothing").await.unwrap();
        assert_eq!(counts(&fresh).await, [[1; 22].as_slice(), &[4]].concat(), "the audit trail keeps what was done");
        assert_eq!(fresh.count(&format!("SELECT COUNT(*) FROM security_audit WHERE subject_user_id = {}", other.0)).await, 2);
        assert_eq!(fresh.opened.gate.read().await.unwrap().latest_event().await.unwrap(), 2, "numbers are not used again");
    }

    async fn of_two_last_administrators_one_can_go(fresh: Fresh) {
        for round in 0..4 {
            let mut admins = Vec::new();
            for name in ["ann", "bob"] {
                let id = user(&fresh, &format!("{name}{round}@example.com")).await.id;
                fresh.sql(&format!("UPDATE users SET role = 'admin' WHERE id = {}", id.0)).await;
                admins.push(id);
            }
            let gone = race(2, |which| {
                let (gate, id) = (fresh.opened.gate.clone(), admins[which]);
                async move {
                    let mut write = gate.write().await.unwrap();
                    if write.would_leave_no_admin(id).await.unwrap() {
                        return false;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    assert!(write.erase_user(id, "x", &[]).await.unwrap());
                    write.commit(Audit::new("account_deleted").subject(id)).await.unwrap();
                    true
                }
            })
            .await;
            assert_eq!(gone.iter().filter(|gone| **gone).count(), 1);
            assert_eq!(fresh.count("SELECT COUNT(*) FROM users WHERE role = 'admin'").await, 1);
            fresh.sql("DELETE FROM users").await;
        }
        let eve = user(&fresh, "eve@example.com").await.id;
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert!(!write.would_leave_no_admin(eve).await.unwrap(), "who is none leaves as many as there were");
    }
}
