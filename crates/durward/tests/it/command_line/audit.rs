//! `durward audit`: what it says of a good trail and of one that was tampered with, and an export that can be checked
//! without the database.

use std::collections::BTreeMap;

use durward_store::testing::backends;
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::kit::{PASSWORD, Site};

/// A site on which something was done, by the command line and over the wire; the server has stopped.
async fn used(backend: durward_store::testing::Backend) -> Site {
    let site = Site::migrated(backend).await;
    site.run_with_input(&["user", "create", "ann@example.com", "--password-stdin"], PASSWORD).await.code(0);
    let mut process = site.serve().await;
    let body = json!({ "email": "ann@example.com", "password": PASSWORD });
    process.visitor().post("/api/v1/auth/login", body).await.is(200);
    process.signal(Signal::TERM);
    process.ended().await.code(0);
    site
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trail_is_verified_and_tampering_named() {
    for backend in backends() {
        let site = used(backend).await;
        let good = site.run(&["audit", "verify"]).await.code(0).stdout;
        assert!(good.trim_end().ends_with("The audit trail is as it was written."), "{good}");
        let verdict: Value =
            serde_json::from_str(&site.run(&["audit", "verify", "--json"]).await.code(0).stdout).unwrap();
        assert_eq!((&verdict["good"], &verdict["findings"]), (&json!(true), &json!([])));
        let anchor = verdict["last"].as_str().unwrap().to_owned();
        site.run(&["audit", "verify", "--checkpoint", &anchor]).await.code(0);

        site.database.sql("UPDATE security_audit SET event = 'nothing' WHERE lane = 0 AND seq = 2").await;
        let bad = site.run(&["audit", "verify"]).await.code(1).stdout;
        assert!(bad.starts_with("changed lane 0 row 2 ("), "{bad}");
        assert!(bad.trim_end().ends_with("The audit trail was tampered with."), "{bad}");
        let alerts = "SELECT COUNT(*) FROM alerts WHERE rule = 'audit_broken'";
        assert_eq!(site.database.count(alerts).await, 1, "operators hear of it");
        let other = anchor.replace(|digit: char| digit.is_ascii_digit(), "7");
        let bad = site.run(&["audit", "verify", "--checkpoint", &other]).await.code(1).stdout;
        assert!(bad.contains("anchor checkpoint"), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_words_are_wrong_usage() {
    let site = Site::migrated(durward_store::testing::Backend::Sqlite).await;
    for words in [
        &["audit"][..],
        &["audit", "verify", "--checkpoint", "7"],
        &["audit", "export", "--format", "xml"],
        &["audit", "export", "--since", "yesterday"],
    ] {
        assert_eq!(site.run(words).await.code, 2, "{words:?}");
    }
    let key = site.run(&["audit", "verify", "--public-key"]).await.code(0).stdout;
    assert!(key.starts_with("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA"), "{key}");
}

/// What `docs/audit.md` says of a hash, by another implementation of SHA-256.
fn hash(domain: &str, fields: &[Field<'_>]) -> Vec<u8> {
    let mut all = Sha256::new();
    let mut plain = |bytes: &[u8]| {
        all.update((bytes.len() as u64).to_be_bytes());
        all.update(bytes);
    };
    plain(domain.as_bytes());
    for field in fields {
        match field {
            Field::Plain(bytes) => {
                all.update((bytes.len() as u64).to_be_bytes());
                all.update(bytes);
            }
            Field::Absent => all.update([0u8]),
            Field::Present(bytes) => {
                all.update([1u8]);
                all.update((bytes.len() as u64).to_be_bytes());
                all.update(bytes);
            }
        }
    }
    all.finalize().to_vec()
}

enum Field<'a> {
    Plain(&'a [u8]),
    Absent,
    Present(Vec<u8>),
}

fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn uuid(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().replace('-', "").as_bytes()).unwrap()
}

fn perhaps(value: &Value, bytes: impl Fn(&Value) -> Vec<u8>) -> Field<'static> {
    if value.is_null() { Field::Absent } else { Field::Present(bytes(value)) }
}

fn text(value: &Value) -> Vec<u8> {
    value.as_str().unwrap().as_bytes().to_vec()
}

fn number(value: &Value) -> Vec<u8> {
    value.as_i64().unwrap().to_be_bytes().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_can_be_checked_without_the_database() {
    for backend in backends() {
        let site = used(backend).await;
        let exported = site.run(&["audit", "export"]).await.code(0).stdout;
        let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut heads: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
        let mut rows: Vec<&Value> = lines.iter().filter(|line| line["type"] == "event").collect();
        rows.sort_by_key(|row| (row["lane"].as_i64(), row["seq"].as_i64()));
        for row in &rows {
            let commitment =
                hash("durward audit private v1", &[Field::Plain(&hex(&row["salt"])), perhaps(&row["ip"], text)]);
            assert_eq!(commitment, hex(&row["commitment"]), "{row}");
            let previous = heads.entry(row["lane"].as_i64().unwrap()).or_default();
            // The members of what is in these details stand in order.
            let detail = row["detail"].to_string();
            let made = hash(
                "durward audit row v1",
                &[
                    Field::Plain(&number(&row["lane"])),
                    Field::Plain(&number(&row["seq"])),
                    Field::Plain(previous),
                    Field::Plain(&uuid(&row["id"])),
                    Field::Plain(&number(&row["at_micros"])),
                    Field::Plain(&text(&row["event"])),
                    perhaps(&row["actor"], number),
                    perhaps(&row["subject"], number),
                    perhaps(&row["session_id"], uuid),
                    perhaps(&row["request_id"], text),
                    perhaps(&row["node"], text),
                    Field::Plain(canonical(&row["detail"], &detail).as_bytes()),
                    Field::Plain(&commitment),
                ],
            );
            assert_eq!(made, hex(&row["hash"]), "{row}");
            *previous = made;
        }
        assert!(rows.iter().any(|row| row["event"] == "login"), "{exported}");
        let states = lines
            .iter()
            .filter(|line| line["type"] == "checkpoint")
            .flat_map(|line| line["statement"]["heads"].as_array().unwrap());
        let last = states.map(|head| (head[0].as_i64().unwrap(), hex(&head[2]))).collect::<BTreeMap<_, _>>();
        assert_eq!(last, heads, "the last checkpoint, made when the server stopped, states the newest rows");

        let some = site.run(&["audit", "export", "--event", "login", "--format", "cef"]).await.code(0).stdout;
        assert!(
            !some.is_empty()
                && some
                    .lines()
                    .all(|line| line.starts_with("CEF:0|durward|durward|") && line.contains("|login|login|")),
            "{some}"
        );
        let none =
            site.run(&["audit", "export", "--format", "cef", "--until", "2020-01-01T00:00:00Z"]).await.code(0).stdout;
        assert_eq!(none, "");
    }
}

/// The members by name, as the hash has them.
fn canonical(detail: &Value, as_it_is: &str) -> String {
    let Value::Object(members) = detail else { return as_it_is.to_owned() };
    let sorted: BTreeMap<_, _> = members.iter().collect();
    serde_json::to_string(&sorted).unwrap()
}
