//! `/metrics`: that everything is there, is described, and counts what it says.

use std::collections::BTreeSet;
use std::path::Path;

use durward::metering::{Family, Kind, families};
use serde_json::json;

use super::on_sites;
use crate::kit::{Metrics, PASSWORD, Process, email};

/// Where metrics are recorded.
const SOURCES: [&str; 4] = ["../store/src", "../core/src", "../http/src", "src"];

/// Somebody registers, is taken for somebody else, logs in, refreshes, chats and logs out.
async fn walk(process: &Process) {
    let visitor = process.visitor();
    let body = |password: &str| json!({ "email": email("ann"), "password": password });
    visitor.post("/api/v1/auth/register", body(PASSWORD)).await.is(201);
    visitor.post("/api/v1/auth/login", body("not hers at all")).await.is(401);
    let ann = process.visitor();
    ann.post("/api/v1/auth/login", body(PASSWORD)).await.is(200);
    ann.get("/api/v1/profile").await.is(200);
    ann.get("/api/v1/profile").await.is(200);
    ann.post_empty("/api/v1/auth/refresh").await.is(200);
    process.app_client().with_bearer("not.a.token").get("/api/v1/profile").await.is(401);
    process.app_client().get("/api/v1/profile").await.is(401);
    process.visitor().get("/api/v1/nothing/ann@example.com").await.is(404);
    let mut socket = ann.socket("/api/v1/ws/chat").await;
    socket.expect("ready").await;
    socket.send(json!({ "type": "message", "content": "hello" })).await;
    while socket.next().await["type"] != "message.done" {}
    drop(socket);
    let mut turned_away = process.app_client().socket("/api/v1/ws/chat?token=no.t.good").await;
    turned_away.closed().await;
}

on_sites! {
    async fn what_happens_is_counted(site) {
        let site = site.with("DURWARD_WEBSOCKET__TOKEN_IN_URL", "true");
        let process = site.serve().await;
        let before = Metrics::of(&process.visitor()).await;
        walk(&process).await;
        let page = process.visitor().get("/metrics").await.is(200).text();
        let after = Metrics::read(&page);
        let rose = |name: &str, labels: &[(&str, &str)]| after.sum(name, labels) - before.sum(name, labels);

        let login = [("method", "POST"), ("route", "/api/v1/auth/login")];
        assert_eq!(rose("durward_http_requests_total", &[login[0], login[1], ("status", "200")]), 1.0);
        assert_eq!(rose("durward_http_requests_total", &[login[0], login[1], ("status", "401")]), 1.0);
        assert_eq!(rose("durward_http_request_duration_seconds_count", &login), 2.0);
        assert_eq!(rose("durward_http_requests_total", &[("route", "unmatched"), ("status", "404")]), 1.0);
        assert_eq!(rose("durward_refusals_total", &[("code", "invalid_credentials")]), 1.0);
        assert_eq!(rose("durward_logins_total", &[("method", "password"), ("result", "ok")]), 1.0);
        assert_eq!(rose("durward_logins_total", &[("method", "password"), ("result", "invalid_credentials")]), 1.0);
        assert_eq!(rose("durward_refreshes_total", &[("result", "ok")]), 1.0);

        let checks = |source, result| rose("durward_token_checks_total", &[("source", source), ("result", result)]);
        // Two profiles and the socket.
        assert_eq!(checks("cookie", "ok"), 3.0);
        assert_eq!(checks("authorization_header", "token_malformed"), 1.0);
        assert_eq!(checks("none", "token_missing"), 1.0);
        assert_eq!(checks("url", "token_malformed"), 1.0);
        assert_eq!(rose("durward_websockets_closed_total", &[("reason", "token_malformed")]), 1.0);
        assert_eq!(rose("durward_chat_messages_total", &[]), 1.0);
        assert!(after.get("durward_roster_sessions", &[]) >= 1.0);

        // One to register and two to log in.
        for histogram in ["durward_password_hash_seconds_count", "durward_password_hash_wait_seconds_count"] {
            assert!(rose(histogram, &[]) >= 3.0, "{histogram}");
        }
        assert_eq!((after.get("durward_password_hash_running", &[]), after.get("durward_password_hash_queue", &[])), (0.0, 0.0));
        for scope in ["own", "gate"] {
            assert!(rose("durward_database_statement_seconds_count", &[("scope", scope)]) >= 2.0, "{scope}");
            assert!(rose("durward_database_wait_seconds_count", &[("scope", scope)]) >= 1.0, "{scope}");
        }
        assert!(after.get("durward_database_statement_seconds_count", &[("scope", "system")]) >= 1.0, "the checks");
        assert_eq!(rose("durward_database_statement_seconds_count", &[("scope", "any_user")]), 0.0);
        assert!(after.sum("durward_database_connections_in_use", &[]) <= 2.0, "all were given back, but those of jobs");
        assert_eq!(after.get("durward_database_connections_max", &[]), 10.0);

        assert!(after.get("process_resident_memory_bytes", &[]) > 1e6);
        assert!((3.0..after.get("process_max_fds", &[])).contains(&after.get("process_open_fds", &[])));
        assert!(after.get("process_start_time_seconds", &[]) > 1.7e9);
        assert_eq!(after.get("durward_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
        everything_is_described(&page, &after);
        assert!(!page.contains('@') && !page.contains("nothing/"), "nothing that a client chose: {page}");
    }
}

/// Every sample belongs to a metric of the catalogue, has its labels and its words.
#[track_caller]
fn everything_is_described(page: &str, metrics: &Metrics) {
    for sample in metrics.samples() {
        let family = family_of(&sample.name).unwrap_or_else(|| panic!("{} is not in the catalogue", sample.name));
        let labels: BTreeSet<&str> = sample.labels.keys().map(String::as_str).filter(|label| *label != "le").collect();
        assert_eq!(labels, BTreeSet::from_iter(family.labels.iter().copied()), "{}", sample.name);
        assert!(page.contains(&format!("# HELP {} {}\n", family.name, family.help)), "{} has no words", family.name);
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        assert!(page.contains(&format!("# TYPE {} {kind}\n", family.name)), "{} is no {kind}", family.name);
    }
}

/// The metric that a sample of this name belongs to.
pub(super) fn family_of(name: &str) -> Option<&'static Family> {
    families().find(|family| match family.kind {
        Kind::Histogram => {
            name.strip_prefix(family.name).is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest))
        }
        Kind::Counter | Kind::Gauge => name == family.name,
    })
}

/// What the code records and what the catalogue has are the same, with the same labels.
#[test]
fn the_catalogue_is_what_the_code_records() {
    let mut recorded = BTreeSet::new();
    for source in SOURCES {
        look(&Path::new(env!("CARGO_MANIFEST_DIR")).join(source), &mut recorded);
    }
    let mut known = BTreeSet::new();
    for family in families() {
        let kind = format!("{:?}", family.kind).to_lowercase();
        known.insert((
            family.name.to_owned(),
            kind,
            BTreeSet::from_iter(family.labels.iter().map(|label| (*label).to_owned())),
        ));
    }
    assert!(recorded.len() > 30, "{recorded:#?}");
    let (unknown, gone): (Vec<_>, Vec<_>) =
        (recorded.difference(&known).collect(), known.difference(&recorded).collect());
    assert!(unknown.is_empty() && gone.is_empty(), "only recorded: {unknown:#?}, only in the catalogue: {gone:#?}");
}

type Recorded = (String, String, BTreeSet<String>);

fn look(directory: &Path, recorded: &mut BTreeSet<Recorded>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, recorded);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            calls(&std::fs::read_to_string(&path).unwrap(), recorded);
        }
    }
}

/// The calls of `counter!`, `gauge!` and `histogram!` in a source: name, kind and labels.
fn calls(source: &str, recorded: &mut BTreeSet<Recorded>) {
    for kind in ["counter", "gauge", "histogram"] {
        for (at, word) in source.match_indices(&format!("{kind}!(")) {
            let is_whole = !source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let Some(text) = source[at + word.len()..].trim_start().strip_prefix('"').filter(|_| is_whole) else {
                continue;
            };
            let (name, rest) = text.split_once('"').unwrap();
            // No value of a label has a bracket in it that is not closed.
            let mut depth = 1;
            let end = rest.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            let arguments: Vec<&str> = rest[..end.unwrap()].split("=>").collect();
            let labels = arguments[..arguments.len() - 1].iter();
            let labels =
                labels.map(|before| before.trim_end().trim_end_matches('"').rsplit('"').next().unwrap().to_owned());
            recorded.insert((name.to_owned(), kind.to_owned(), labels.collect()));
        }
    }
}
