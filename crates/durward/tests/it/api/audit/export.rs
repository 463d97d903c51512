//! `/api/v1/admin/audit/export`.

use std::time::Duration;

use durward_core::audit::{AuditExport, ExportFormat};
use durward_proto::{Clock, Timestamp};
use durward_store::AuditFilter;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::kit::{Actor, App, PASSWORD, email, on_both};

const EXPORT: &str = "/api/v1/admin/audit/export";

/// What the command line would write now.
async fn by_command(app: &App, format: ExportFormat) -> String {
    let mut export = AuditExport::new(app.database.opened.system.clone(), AuditFilter::default(), format);
    let mut text = String::new();
    while let Some(piece) = export.next().await.unwrap() {
        text += &piece;
    }
    text
}

async fn lines(actor: &Actor, query: &str) -> Vec<Value> {
    let text = actor.get(&format!("{EXPORT}?{query}")).await.is(200).text();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The words of the rows, without the checkpoints.
fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter(|line| line["type"] == "event").map(|line| line["event"].as_str().unwrap()).collect()
}

on_both! {
    /// It is the file that the command line writes, and the trail says who asked for it.
    async fn it_is_what_the_command_line_writes(app) {
        let root = app.admin("root").await;
        app.user("ann").await;
        let answer = root.get(EXPORT).await.is(200);
        assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"audit.jsonl\""));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.text(), by_command(&app, ExportFormat::Jsonl).await);
        let written = lines(&root, "format=jsonl").await;
        let asked = written.iter().rfind(|line| line["event"] == "audit_exported").unwrap();
        assert_eq!(asked["detail"], json!({ "filters": [], "format": "jsonl" }));
        let me = root.get("/api/v1/auth/status").await.is(200).json();
        assert_eq!((&asked["actor"], &asked["session_id"]), (&me["user"]["id"], &me["session_id"]));
        assert!(asked["hash"].is_string() && asked["salt"].is_string() && asked["ip"].is_string(), "{asked}");

        let answer = root.get(&format!("{EXPORT}?format=cef")).await.is(200);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"audit.cef\""));
        assert_eq!(answer.text(), by_command(&app, ExportFormat::Cef).await);
        assert!(answer.text().lines().all(|line| line.starts_with("CEF:0|durward|durward|")), "{}", answer.text());
    }

    /// By anything that the list can be searched by.
    async fn it_can_be_narrowed(app) {
        let root = app.admin("root").await;
        let ann = app.register("ann").await;
        let wrong = json!({ "email": email("ann"), "password": "not the password at all" });
        app.visitor().post("/api/v1/auth/login", wrong).await.refused(401, "invalid_credentials");
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        let session = app.visitor().post("/api/v1/auth/login", body).await.is(200).json();
        let session = session["session_id"].as_str().unwrap();
        let all = lines(&root, "").await;
        let failed = all.iter().find(|line| line["event"] == "login_failed").unwrap();
        let (request, at) = (failed["request_id"].as_str().unwrap(), failed["at"].as_str().unwrap());
        app.clock.advance(Duration::from_secs(1));
        let later = app.clock.now();
        for (query, expected) in [
            (format!("subject={ann}"), &["registered", "login_failed", "login"][..]),
            (format!("subject={ann}&event=login_failed"), &["login_failed"]),
            ("event=login_failed".to_owned(), &["login_failed"]),
            (format!("actor={ann}"), &["registered", "login"]),
            (format!("actor={ann}&session_id={session}"), &["login"]),
            (format!("session_id={session}"), &["login"]),
            (format!("request_id={request}"), &["login_failed"]),
            (format!("subject={ann}&since={at}"), &["login_failed", "login"]),
            (format!("subject={ann}&since={later}"), &[]),
            (format!("subject={ann}&until={at}"), &["registered"]),
            ("ip=192.0.2.77".to_owned(), &[]),
            ("actor=987654".to_owned(), &[]),
        ] {
            let found = lines(&root, &query).await;
            assert_eq!(events(&found), expected, "{query}");
            let listed = root.get(&format!("/api/v1/admin/audit?{query}")).await.is(200).json();
            let mut listed: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
            listed.reverse();
            let exported = found.iter().filter(|line| line["type"] == "event").map(|line| &line["id"]);
            assert_eq!(exported.collect::<Vec<_>>(), listed, "{query}");
        }
        // What narrowed it stands in the trail by its name alone.
        lines(&root, "ip=192.0.2.77&until=2020-01-01T00:00:00Z&format=cef").await;
        let exported = lines(&root, "event=audit_exported").await;
        let details: Vec<&Value> = exported.iter().filter(|line| line["type"] == "event").map(|line| &line["detail"]).collect();
        let named = json!({ "filters": ["ip", "until"], "format": "cef" });
        assert_eq!(details[details.len() - 2], &named);
        assert_eq!(details[details.len() - 1], &json!({ "filters": ["event"], "format": "jsonl" }));
    }

    /// Not for everybody, and only with a query that can be read: none of the others is in the trail.
    async fn who_may_not_and_what_is_wrong(app) {
        let (ann, root) = (app.user("ann").await, app.admin("root").await);
        app.visitor().get(EXPORT).await.refused(401, "token_missing");
        ann.get(EXPORT).await.refused(403, "forbidden");
        for query in ["format=xml", "format=", "actor=ann", "session_id=1", "ip=nowhere", "since=yesterday", "event=%00", "request_id=%00", "limit=5", "cursor=x"] {
            root.get(&format!("{EXPORT}?{query}")).await.refused(422, "validation_failed");
        }
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'audit_exported'").await, 0);
    }

    /// However long it is, it comes in pieces and whole, each row once and in order.
    async fn more_than_a_page(app) {
        let root = app.admin("root").await;
        let ann = app.user("ann").await;
        for number in 0..520 {
            ann.put("/api/v1/settings", json!({ "theme": number.to_string() })).await.is(200);
        }
        let written = lines(&root, "event=settings_changed").await;
        assert_eq!(events(&written).len(), 520);
        let all = lines(&root, "").await;
        // As times: the text of one ends where its zeros begin, and says nothing about the order.
        let rows: Vec<(Timestamp, &str)> = all
            .iter()
            .filter(|line| line["type"] == "event")
            .map(|line| (line["at"].as_str().unwrap().parse().unwrap(), line["id"].as_str().unwrap()))
            .collect();
        let count = app.database.count("SELECT COUNT(*) FROM security_audit").await;
        assert_eq!(i64::try_from(rows.len()).unwrap(), count);
        for pair in rows.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
    }

    /// Who reads nothing holds up nobody: no connection to the database waits for them.
    async fn a_reader_who_stops_holds_up_nobody(app) {
        let root = app.admin("root").await;
        app.register("ann").await;
        let is_postgres = matches!(app.database.options.target, durward_store::Target::Postgres(_));
        let long = if is_postgres { "to_jsonb(repeat('x', 8000000))" } else { "'\"' || hex(zeroblob(4000000)) || '\"'" };
        app.database.sql(&format!("UPDATE security_audit SET detail = {long} WHERE event = 'registered'")).await;
        let token = root.cookie("access_token").unwrap();
        let mut stalled = Vec::new();
        for _ in 0..10 {
            let mut stream = TcpStream::connect(app.address).await.unwrap();
            let head = format!("GET {EXPORT} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n", app.address);
            stream.write_all(head.as_bytes()).await.unwrap();
            stalled.push(stream);
        }
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        let begun = std::time::Instant::now();
        // While such rows are read they take their time; afterwards nothing is held.
        while app.visitor().post("/api/v1/auth/login", body.clone()).await.status != 200 {
            assert!(begun.elapsed() < Duration::from_secs(60), "those who read nothing hold up others");
        }
        drop(stalled);
        assert!(root.get(EXPORT).await.is(200).body.len() > 16_000_000);
    }
}
