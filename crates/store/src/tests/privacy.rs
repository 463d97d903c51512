//! Nobody adds a table or a column about people without saying what becomes of it in the export and in an erasure.

use std::collections::BTreeSet;

use super::erase::{TABLES, live};
use super::*;
use crate::catalogue::{Catalogue, expected};
use crate::{Backend, Held, Target};

/// Tables that hold nothing about people, and why they do not.
const IMPERSONAL: [(&str, &str); 9] = [
    ("schema_migrations", "the schema's steps"),
    ("signing_keys", "the server's keys"),
    ("revocation_counter", "a number"),
    ("jobs", "what is done once for all nodes"),
    ("figures", "counts"),
    ("alerts", "a user by number at most, which says nothing once the account is gone; they end with retention.alerts"),
    ("webhook_outbox", "the same as in alerts, for days at most"),
    ("audit_lanes", "hashes"),
    ("audit_checkpoints", "hashes"),
];

/// Columns about a user that the export leaves out, and why. `*` is every column of a table.
const NOT_EXPORTED: [(&str, &str, &str); 32] = [
    ("users", "email_key", "email in lower case"),
    ("users", "password_hash", "a secret's hash"),
    ("refresh_tokens", "*", "hashes; what they are for stands in sessions"),
    ("one_time_tickets", "*", "hashes that live half a minute"),
    ("guess_budgets", "*", "counts under hashes of addresses"),
    ("revocation_events", "*", "says to other nodes what stands in sessions"),
    ("passkey_ceremonies", "*", "random values that live for minutes"),
    ("user_sessions", "generation", "a counter of refresh tokens"),
    ("user_sessions", "settled_generation", "a counter of refresh tokens"),
    ("user_sessions", "device_hash", "a secret's hash"),
    ("user_two_factor_auth", "totp_sealed", "a secret"),
    ("user_two_factor_auth", "totp_pending_sealed", "a secret"),
    ("user_two_factor_auth", "totp_last_step", "the time of the last code, in steps of 30 s"),
    ("backup_codes", "code_hash", "a secret's hash"),
    ("two_factor_challenges", "token_hash", "a secret's hash"),
    ("two_factor_challenges", "client_hash", "a secret's hash"),
    ("two_factor_challenges", "setup_sealed", "a secret"),
    ("two_factor_challenges", "mail_code_hash", "a secret's hash"),
    ("trusted_devices", "token_hash", "a secret's hash"),
    ("passkey_credentials", "credential_id", "key material"),
    ("passkey_credentials", "credential", "key material"),
    ("recovery_tokens", "token_hash", "a secret's hash"),
    ("recovery_tokens", "email_key", "the account's address"),
    ("email_changes", "old_token_hash", "a secret's hash"),
    ("email_changes", "new_token_hash", "a secret's hash"),
    ("mail_outbox", "sealed", "the mail itself, which its recipient gets"),
    ("mail_outbox", "tries", "how often it was tried"),
    ("mail_outbox", "next_try_at", "when it is tried again"),
    ("mail_outbox", "last_error", "the mail server's words to us"),
    ("registered_devices", "identity_hash", "a secret's hash"),
    ("registered_devices", "fingerprint", "a hash of headers; user_agent says what one can read of it"),
    ("device_login_attempts", "email_key", "the account's address"),
];

/// Columns of the chain of the audit trail: they say nothing about a person.
const CHAIN: [&str; 6] = ["node", "lane", "seq", "salt", "commitment", "hash"];

/// Whether a column's name says that its rows are about somebody.
fn is_about_people(column: &str) -> bool {
    let names = ["ip", "user_agent", "full_name", "session_id", "conversation_id", "username"];
    column.ends_with("user_id") || column.contains("email") || names.contains(&column)
}

async fn catalogues() -> Vec<Catalogue> {
    vec![expected(Backend::Sqlite).await.unwrap(), expected(Backend::Postgres).await.unwrap()]
}

/// The statements of the export, each as its words.
fn exported() -> Vec<BTreeSet<String>> {
    let all = crate::tables::ALL.iter().flat_map(|module| module.iter());
    let words = |sql: &str| sql.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect();
    let mine = all.filter(|one| one.short_name().starts_with("export::"));
    mine.flat_map(|one| [words(one.sqlite), words(one.postgres)]).collect()
}

#[tokio::test]
async fn the_export_forgets_no_column() {
    let statements = exported();
    assert_eq!(statements.len(), 2 * (Held::ALL.len() + 1), "one for each kind, and one for messages");
    let mut used = BTreeSet::new();
    for catalogue in catalogues().await {
        for (table, what) in &catalogue.tables {
            let is_impersonal = IMPERSONAL.iter().any(|(name, _)| name == table);
            let is_personal = TABLES.contains(&table.as_str());
            assert!(is_personal != is_impersonal, "{table}: say in TABLES or IMPERSONAL whether it is about people");
            for column in what.columns.keys() {
                assert!(is_personal || !is_about_people(column), "{table}.{column} is about people");
                if !is_personal || is_link(table, column) {
                    continue;
                }
                let given = statements.iter().any(|words| words.contains(table) && words.contains(column));
                let left_out =
                    NOT_EXPORTED.iter().find(|(name, one, _)| name == table && (*one == "*" || one == column));
                assert!(given != left_out.is_some(), "{table}.{column}: give it in the export, or say here why not");
                used.extend(left_out.map(|(table, column, _)| (*table, *column)));
            }
        }
    }
    let tables = catalogues().await.remove(0).tables;
    for table in TABLES.iter().copied().chain(IMPERSONAL.iter().map(|(table, _)| *table)) {
        assert!(tables.contains_key(table), "{table} is not there any more");
    }
    for (table, column, _) in NOT_EXPORTED {
        assert!(used.contains(&(table, column)), "{table}.{column} is not there any more");
    }
}

/// What says whose row it is, or is the trail's own.
fn is_link(table: &str, column: &str) -> bool {
    column.ends_with("user_id") || table == "security_audit" && CHAIN.contains(&column)
}

/// The columns that hold a text.
pub(super) async fn columns_with(fresh: &Fresh, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (table, columns) in tables(fresh).await {
        for column in columns {
            let text = match &fresh.options.target {
                Target::Sqlite { .. } => format!("CAST({column} AS TEXT)"),
                Target::Postgres(_) => format!("{column}::text"),
            };
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE {text} LIKE '%{needle}%'");
            if fresh.count(&sql).await > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found
}

/// The columns that name a user by number.
pub(super) async fn columns_with_user(fresh: &Fresh, user: UserId) -> Vec<String> {
    let mut found = Vec::new();
    for (table, columns) in tables(fresh).await {
        for column in columns.iter().filter(|column| column.ends_with("user_id")) {
            if fresh.count(&format!("SELECT COUNT(*) FROM {table} WHERE {column} = {}", user.0)).await > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found
}

async fn tables(fresh: &Fresh) -> Vec<(String, Vec<String>)> {
    let backend = match &fresh.options.target {
        Target::Sqlite { .. } => Backend::Sqlite,
        Target::Postgres(_) => Backend::Postgres,
    };
    let all = expected(backend).await.unwrap().tables;
    all.into_iter().map(|(table, what)| (table, what.columns.into_keys().collect())).collect()
}

both! {
    async fn everything_held_about_a_user_is_theirs_and_there(fresh: Fresh) {
        let ann = live(&fresh, "ann@example.com").await;
        let bob = live(&fresh, "bob@example.com").await;
        fresh.sql(&format!("UPDATE device_login_attempts SET user_id = {} WHERE email_key = 'ann@example.com'", ann.0)).await;
        let mut write = fresh.opened.system.write().await.unwrap();
        let by = |event, ip: &str| Audit::new(event).actor(bob).client(Some(ip.into()), None);
        write.also(&by("role_changed", "198.51.100.7").subject(ann).detail(serde_json::json!({ "role": "x" }))).await.unwrap();
        write.commit(Audit::new("looked").actor(ann).subject(bob).detail(serde_json::json!({ "about": "bob" }))).await.unwrap();
        let mut read = own(&fresh, ann, session(&fresh, ann, NOW).await).read().await.unwrap();
        for what in Held::ALL {
            let all = read.held(what, None, 100).await.unwrap();
            assert!(!all.rows.is_empty(), "{what:?}");
            assert_eq!(all.next, None, "{what:?}");
            let text = serde_json::to_string(&all.rows).unwrap();
            assert!(!text.contains("bob") && !text.contains("198.51.100.7"), "{what:?}: {text}");
            let mut paged = Vec::new();
            let mut after = None;
            loop {
                let page = read.held(what, after, 1).await.unwrap();
                paged.extend(page.rows);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(paged, all.rows, "{what:?}");
        }
        let account = &read.held(Held::Account, None, 1).await.unwrap().rows[0];
        assert_eq!((account["id"].as_i64(), account["email"].as_str()), (Some(ann.0), Some("ann@example.com")));
        assert_eq!(account["created_at"], "2026-01-02T03:04:05.678901Z");
        let events = read.held(Held::SecurityEvents, None, 100).await.unwrap().rows;
        let of = |event: &str| events.iter().find(|row| row["event"] == event).unwrap_or_else(|| panic!("{event}: {events:?}"));
        assert_eq!((&of("role_changed")["who"], &of("role_changed")["detail"]["role"]), (&"operator".into(), &"x".into()));
        assert_eq!((&of("looked")["who"], &of("looked")["detail"]), (&"self".into(), &serde_json::Value::Null));
        let chat = read.held(Held::Conversations, None, 1).await.unwrap().rows[0]["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(read.messages_held(chat, None, 10).await.unwrap().rows[0]["content"], "hi");
        let mut read = own(&fresh, bob, session(&fresh, bob, NOW).await).read().await.unwrap();
        assert_eq!(read.messages_held(chat, None, 10).await.unwrap().rows, Vec::<serde_json::Value>::new(), "another's");
    }
}
