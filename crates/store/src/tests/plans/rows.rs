//! Rows enough for a planner to care, made by the databases themselves.

use crate::Backend;
use crate::partitions::TRAIL;
use crate::testing::Fresh;

/// Before it there are no rows; each has its time as many quarters of an hour later as its number says: over most of a year,
/// so that the login trail has months.
pub(super) const FIRST: i64 = 1_700_000_000;
const STEP: i64 = 900;

/// What each database makes of a row's number `n`.
const WORDS: &[(&str, &str, &str)] = &[
    ("{id}", "CAST(printf('%016d', n) AS BLOB)", "CAST(LPAD(TO_HEX(n), 32, '0') AS UUID)"),
    ("{hash}", "CAST(printf('%032d', n) AS BLOB)", "DECODE(MD5(CAST(n AS TEXT)), 'hex')"),
    ("{at}", "(1700000000 + n * 900) * 1000000", "TO_TIMESTAMP(1700000000 + n * 900)"),
    ("{later}", "(1731536000 + n * 900) * 1000000", "TO_TIMESTAMP(1731536000 + n * 900)"),
    ("{bytes}", "CAST('sealed' AS BLOB)", "CAST('sealed' AS BYTEA)"),
];

/// A table, how many rows it gets, its columns, and their values.
const TABLES: &[(&str, i64, &str, &str)] = &[
    (
        "users",
        20_000,
        "id, email, email_key, full_name, password_hash, role, status, email_verified, tfa_enabled, created_at, updated_at",
        "n, 'person' || n || '@example.com', 'person' || n || '@example.com', 'Person ' || n, '$argon2id$', \
         CASE WHEN n % 5000 = 0 THEN 'admin' ELSE 'user' END, CASE WHEN n % 500 = 0 THEN 'pending' ELSE 'active' END, \
         n % 500 <> 0, n % 10 = 0, {at}, {at}",
    ),
    (
        "user_profiles",
        5_000,
        "user_id, work_style_preferences, productivity_patterns, personal_goals, updated_at",
        "n, '{}', '{}', '{}', {at}",
    ),
    ("user_settings", 5_000, "user_id, key, value, updated_at", "n, 'theme', '{}', {at}"),
    (
        "user_sessions",
        20_000,
        "id, user_id, created_at, last_seen_at, expires_at, ended_at, end_reason, auth_time, amr, transport, generation, \
         settled_generation, registered_device_id",
        "{id}, 1 + n % 10000, {at}, {at}, {later}, CASE WHEN n % 4 = 0 THEN {at} END, \
         CASE WHEN n % 4 = 0 THEN 'logged_out' END, {at}, 'pwd', 'bearer', 1, 1, {id}",
    ),
    (
        "refresh_tokens",
        20_000,
        "token_hash, session_id, generation, issued_at, expires_at",
        "{hash}, {id}, 1, {at}, {later}",
    ),
    (
        "one_time_tickets",
        5_000,
        "ticket_hash, session_id, created_at, expires_at, lease_expires_at",
        "{hash}, {id}, {at}, {later}, {later}",
    ),
    (
        "guess_budgets",
        20_000,
        "key, failures, window_started_at, next_allowed_at, refused, ends_at",
        "'account:' || n, 1, 1000000 * n, 0, FALSE, 1000000 * n",
    ),
    (
        "device_login_attempts",
        30_000,
        "id, at, user_id, email_key, method, succeeded, reason, ip, registered_device_id, session_id, country",
        "{id}, {at}, 1 + n % 10000, 'person' || (1 + n % 10000) || '@example.com', 'password', n % 10 <> 0, \
         CASE WHEN n % 10 <> 0 THEN 'succeeded' ELSE 'invalid_credentials' END, '192.0.2.1', {id}, {id}, 'NO'",
    ),
    (
        "security_audit",
        30_000,
        "id, at, event, actor_user_id, subject_user_id, session_id, detail, node, lane, seq, salt, commitment, hash",
        "{id}, {at}, CASE n % 4 WHEN 0 THEN 'login' WHEN 1 THEN 'login_failed' WHEN 2 THEN 'logout' ELSE 'registered' END, \
         1 + n % 10000, 1 + n % 10000, {id}, '{}', 'a', n % 64, 1 + n / 64, {bytes}, {hash}, {hash}",
    ),
    (
        "revocation_events",
        20_000,
        "seq, kind, user_id, session_id, reason, at",
        "n, 'session', n, {id}, 'logout', {at}",
    ),
    ("conversations", 5_000, "id, user_id, title, created_at, updated_at", "{id}, 1 + n % 2000, 'Herons', {at}, {at}"),
    (
        "conversation_messages",
        20_000,
        "id, conversation_id, author, content, created_at",
        "{id}, (SELECT c.id FROM conversations c WHERE c.user_id = 1 + n % 2000 ORDER BY c.updated_at, c.id LIMIT 1), \
         'user', 'seven of them', {at}",
    ),
    (
        "user_two_factor_auth",
        5_000,
        "user_id, passkey_handle, totp_pending_sealed, totp_pending_until, totp_last_step, preferred_methods, created_at, \
         updated_at",
        "n, {id}, CASE WHEN n % 100 = 0 THEN {bytes} END, CASE WHEN n % 100 = 0 THEN {later} END, 0, '', {at}, {at}",
    ),
    ("backup_codes", 10_000, "user_id, number, code_hash, created_at", "1 + n / 10, n % 10, {hash}, {at}"),
    (
        "two_factor_challenges",
        5_000,
        "token_hash, user_id, purpose, transport, client_hash, ip, amr, tries, created_at, expires_at",
        "{hash}, n, 'verify', 'cookie', {hash}, '192.0.2.1', 'pwd', 0, {at}, {later}",
    ),
    (
        "trusted_devices",
        5_000,
        "id, token_hash, user_id, created_at, expires_at, registered_device_id",
        "{id}, {hash}, 1 + n % 2000, {at}, {later}, {id}",
    ),
    (
        "passkey_credentials",
        5_000,
        "id, user_id, credential_id, credential, name, sign_count, backup_eligible, backed_up, created_at",
        "{id}, 1 + n % 2000, {hash}, '{}', 'key', 0, TRUE, TRUE, {at}",
    ),
    (
        "passkey_ceremonies",
        5_000,
        "id, purpose, user_id, state_sealed, created_at, expires_at",
        "{id}, 'login', n, {bytes}, {at}, {later}",
    ),
    (
        "recovery_tokens",
        5_000,
        "token_hash, user_id, purpose, email_key, created_at, expires_at",
        "{hash}, n, 'verify_email', 'person' || n || '@example.com', {at}, {later}",
    ),
    (
        "email_changes",
        5_000,
        "user_id, new_email, old_token_hash, new_token_hash, created_at, expires_at",
        "n, 'new' || n || '@example.com', {hash}, {hash}, {at}, {later}",
    ),
    (
        "mail_outbox",
        5_000,
        "id, kind, user_id, sealed, tries, created_at, next_try_at, expires_at, failed_at",
        "{id}, 'verify', n, CASE WHEN n % 10 = 0 THEN {bytes} END, 0, {at}, {at}, {later}, CASE WHEN n % 10 <> 0 THEN {at} END",
    ),
    (
        "registered_devices",
        20_000,
        "id, user_id, identity_hash, fingerprint, kind, name, trust_level, security_level, logins, successes_milli, \
         failures_milli, reputed_at, streak_logins, streak_since, created_at, last_seen_at",
        "{id}, 1 + n % 10000, {hash}, {hash}, 'desktop', 'Firefox', 'new', 'always_login', 1, 1000, 0, {at}, 1, {at}, {at}, {at}",
    ),
    ("user_login_habits", 5_000, "user_id, habits, updated_at", "n, '{}', {at}"),
    (
        "audit_checkpoints",
        5_000,
        "number, kind, at, statement, hash, signature",
        "n, 'heads', {at}, '{}', {hash}, {hash}",
    ),
    (
        "alerts",
        5_000,
        "id, rule, about, bucket, at, severity, detail",
        "{id}, 'failures', 'user:' || n, 1, {at}, 'warning', '{}'",
    ),
    (
        "webhook_outbox",
        5_000,
        "id, body, tries, created_at, next_try_at, expires_at, failed_at",
        "{id}, '{}', 0, {at}, {at}, {later}, CASE WHEN n % 10 <> 0 THEN {at} END",
    ),
    ("figures", 20_000, "at, node, name, label, value", "{at}, 'a', 'logins_' || n % 20, '', n"),
];

/// Fills all tables that grow.
pub(super) async fn fill(fresh: &Fresh, backend: Backend) {
    let mut script = "BEGIN;\n".to_owned();
    for (table, rows, columns, values) in TABLES {
        let values = WORDS.iter().fold((*values).to_owned(), |text, (word, sqlite, postgres)| {
            text.replace(word, if backend == Backend::Sqlite { sqlite } else { postgres })
        });
        script += &format!(
            "WITH RECURSIVE numbers (n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) \
             INSERT INTO {table} ({columns}) SELECT {values} FROM numbers;\n"
        );
    }
    fresh.sql(&(script + "COMMIT;")).await;
}

/// A table that is kept in partitions is the one they are of.
pub(super) fn table_of(relation: &str) -> &str {
    if relation.starts_with(TRAIL) { TRAIL } else { relation }
}

/// Whether a table has as many rows as there were logins, users or minutes.
pub(super) fn grows(table: &str) -> bool {
    TABLES.iter().any(|(name, ..)| *name == table)
}

/// The tables that do not grow.
pub(super) const SMALL: &[&str] = &["audit_lanes", "jobs", "revocation_counter", "schema_migrations", "signing_keys"];

#[tokio::test]
async fn every_table_grows_or_does_not() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for table in crate::catalogue::expected(backend).await.unwrap().tables.keys() {
            assert!(grows(table) != SMALL.contains(&table.as_str()), "put {table} into one of the two lists");
        }
    }
}

/// A time that few rows are older than, one that few are younger than, and one that none is.
pub(super) const EARLY: i64 = FIRST + 10 * STEP;
pub(super) const LATE: i64 = FIRST + 29_990 * STEP;
pub(super) const END: i64 = FIRST + 30_001 * STEP;
