//! `durward doctor` and `/api/v1/diagnostics`: the same checks, and nothing left of the Golden Path.

use durward_store::testing::{Backend, backends};
use serde_json::{Value, json};

use crate::kit::{PASSWORD, Site};

/// Every table that the program writes.
const TABLES: [&str; 32] = [
    "users",
    "user_profiles",
    "user_settings",
    "user_sessions",
    "refresh_tokens",
    "one_time_tickets",
    "guess_budgets",
    "device_login_attempts",
    "security_audit",
    "revocation_events",
    "revocation_counter",
    "conversations",
    "conversation_messages",
    "schema_migrations",
    "signing_keys",
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
    "audit_lanes",
    "audit_checkpoints",
    "alerts",
    "webhook_outbox",
    "jobs",
    "figures",
];

/// The audit trail is append-only: it keeps that the Golden Path was walked. And what a running node writes by itself.
const GROWING: [&str; 4] = ["security_audit", "audit_checkpoints", "jobs", "figures"];

async fn rows(site: &Site) -> Vec<(&'static str, i64)> {
    let mut rows = Vec::new();
    for table in TABLES {
        // Sooner or later the running node tells of the administrator whom the test made.
        let counted = if table == "alerts" { "alerts WHERE rule <> 'new_admin'" } else { table };
        rows.push((table, site.database.count(&format!("SELECT COUNT(*) FROM {counted}")).await));
    }
    rows.retain(|(table, _)| !GROWING.contains(table));
    rows
}

fn ids(report: &Value) -> Vec<&str> {
    report["checks"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_and_the_diagnostics_are_one_list_and_leave_nothing_behind() {
    for backend in backends() {
        let site = Site::migrated(backend).await;
        let there = match backend {
            Backend::Sqlite => "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            // A table that is kept in partitions is one.
            Backend::Postgres => {
                "SELECT COUNT(*) FROM pg_class WHERE relnamespace = CAST('public' AS regnamespace) \
                 AND relkind IN ('r', 'p') AND NOT relispartition"
            }
        };
        assert_eq!(site.database.count(there).await, TABLES.len() as i64, "a table is missing in this test");
        let create = ["user", "create", "root@example.com", "--role", "admin", "--password-stdin"];
        site.run_with_input(&create, PASSWORD).await.code(0);
        let process = site.serve().await;
        let admin = process.visitor();
        let body = json!({ "email": "root@example.com", "password": PASSWORD });
        admin.post("/api/v1/auth/login", body).await.is(200);

        let before = rows(&site).await;
        let report = admin.get("/api/v1/diagnostics").await.is(200).json();
        assert_eq!(rows(&site).await, before, "the diagnostics leave nothing behind");
        assert_eq!(report["status"], "ok", "{report:#}");
        let output = site.run(&["doctor", "--json"]).await.code(0);
        assert_eq!(rows(&site).await, before, "the doctor leaves nothing behind");
        let examined: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(ids(&report), ids(&examined));
        for finding in report["checks"].as_array().unwrap() {
            assert!(finding["found"].is_string() && finding["expected"].is_string(), "{finding}");
        }
        assert!(ids(&report).contains(&"golden_path"));

        let ready = process.visitor().get("/health/ready").await.is(200).json();
        let checks = ready["checks"].as_object().unwrap();
        // Beside checks of the one list: what is only known while it runs.
        let live = |id: &str| id.starts_with("breaker_") || id == "revocations";
        assert!(checks.keys().all(|id| ids(&report).contains(&id.as_str()) || live(id)), "{ready}");
        assert!(checks.contains_key("database") && checks.contains_key("revocations"), "{ready}");
        process.visitor().get("/api/v1/diagnostics").await.is(401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_speaks_to_people() {
    let site = Site::migrated(Backend::Sqlite).await;
    let good = site.run(&["doctor"]).await.code(0).stdout;
    for check in ["config", "secrets", "database", "schema", "keys", "password_hash", "csrf", "golden_path"] {
        assert!(good.lines().any(|line| line.starts_with(&format!("good     {check} "))), "no {check}:\n{good}");
    }
    assert!(good.trim_end().ends_with("good, 0 worth a look, 0 failing, 0 skipped"), "{good}");
    site.database.sql("DROP INDEX user_sessions_by_user").await;
    let bad = site.run(&["doctor"]).await.code(1).stdout;
    assert!(bad.contains("FAILING  schema "), "{bad}");
    assert!(bad.contains("cure: CREATE INDEX user_sessions_by_user"), "{bad}");
    assert!(bad.contains("1 failing"), "{bad}");
}
