//! What is well gives no alarm.

use std::collections::BTreeMap;

use durward_store::testing::{Backend, backends};
use serde_json::Value;

use super::{Place, run};
use crate::kit::Process;

/// The doctor finds nothing, and the server starts.
async fn is_well(place: &Place, settings: &BTreeMap<String, String>, degraded: &[&str]) {
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let output = run(place.path(), &["doctor", "--json"], &settings, "").await.code(0);
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    let not_ok: Vec<&str> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["status"] != "ok")
        .map(|finding| finding["id"].as_str().unwrap())
        // A machine that has much to do may be slow at it.
        .filter(|id| *id != "password_hash")
        // Without a mail server it says what does not work without one.
        .filter(|id| *id != "mail" || settings.iter().any(|(name, _)| *name == "DURWARD_MAIL__URL"))
        .collect();
    assert_eq!(not_ok, degraded, "{report:#}");
    assert!(report["checks"].as_array().unwrap().iter().any(|finding| finding["id"] == "golden_path"));
    assert_eq!(output.stderr, "", "a doctor who finds nothing has nothing to log");
    let process = Process::start_in(place.path(), &["serve"], &settings).await;
    assert!(!process.stderr().contains("golden-path"), "{}", process.stderr());
    assert!(!process.stderr().contains("WARN"), "{}", process.stderr());
    process.visitor().get("/api/v1/auth/status").await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_well() {
    for backend in backends() {
        let place = Place::make(backend).await;
        is_well(&place, &place.settings(), &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_looked_after() {
    for backend in backends() {
        let place = Place::make(backend).await;
        let reindex = match backend {
            Backend::Sqlite => "REINDEX",
            Backend::Postgres => "REINDEX SCHEMA public",
        };
        for sql in ["ANALYZE", "VACUUM", reindex, "ANALYZE"] {
            place.database.sql(sql).await;
        }
        is_well(&place, &place.settings(), &[]).await;
    }
}

/// A table, an index and a column that an operator added are no fault.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_with_more_in_it() {
    for backend in backends() {
        let place = Place::make(backend).await;
        place.database.sql("CREATE TABLE invoices (id INTEGER PRIMARY KEY, sum INTEGER NOT NULL)").await;
        place.database.sql("CREATE INDEX users_by_name ON users (full_name)").await;
        place.database.sql("ALTER TABLE users ADD COLUMN phone TEXT").await;
        is_well(&place, &place.settings(), &[]).await;
    }
}

/// Ids come from an identity, which needs no right on its sequence; and what is migrated needs no right to make tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_with_the_rights_it_needs_and_no_more() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let place = Place::make(Backend::Postgres).await;
    let mut settings = place.settings();
    let url = place.make_role().await;
    place.database.sql(&place.filled("REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {role}")).await;
    settings.insert("DATABASE_URL".to_owned(), url);
    is_well(&place, &settings, &[]).await;
}

/// A mail server that is away is worth a look and nothing more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_is_worth_a_look() {
    let place = Place::make(Backend::Sqlite).await;
    let mut settings = place.settings();
    settings.insert("DURWARD_MAIL__URL".to_owned(), "smtp://mail.example.invalid".to_owned());
    is_well(&place, &settings, &["mail"]).await;
}

/// Without a master key secrets are sealed all the same; the doctor says when one should be set.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_is_worth_having() {
    let place = Place::make(Backend::Sqlite).await;
    let mut settings = place.settings();
    settings.remove("DURWARD_KEYS__MASTER_KEY");
    is_well(&place, &settings, &["sealing"]).await;
}

/// Where everybody must have a second factor, the Golden Path sets one up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_for_everybody() {
    for backend in backends() {
        let place = Place::make(backend).await;
        let mut settings = place.settings();
        settings.insert("DURWARD_SECOND_FACTOR__POLICY".to_owned(), "required".to_owned());
        is_well(&place, &settings, &[]).await;
        assert_eq!(place.database.count("SELECT COUNT(*) FROM user_two_factor_auth").await, 0, "it leaves nothing");
    }
}
