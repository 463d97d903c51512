//! The export of traces, to a collector that takes them, refuses them, says nothing or is not there.

use std::net::TcpListener;
use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rustix::process::Signal;
use serde_json::json;
use tokio::time::Instant;

use super::on_sites;
use crate::kit::collector::{Collector, Mood, Span};
use crate::kit::upstream::{Plan, Upstream};
use crate::kit::{Actor, Metrics, PASSWORD, Process, Site, email};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

fn exporting(site: Site, to: &str) -> Site {
    site.with("DURWARD_TELEMETRY__OTLP_ENDPOINT", to).with("DURWARD_TELEMETRY__EXPORT_INTERVAL", "50ms")
}

async fn ann(process: &Process) -> Actor {
    let body = json!({ "email": email("ann"), "password": PASSWORD });
    process.visitor().post("/api/v1/auth/register", body.clone()).await.is(201);
    let actor = process.visitor();
    actor.post("/api/v1/auth/login", body).await.is(200);
    actor
}

fn children<'a>(spans: &'a [Span], of: &Span) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.parent == of.id && span.trace == of.trace).collect()
}

on_sites! {
    /// A login that belongs to its client's trace: the request, its statements and its password hash.
    async fn a_login_as_a_trace(site) {
        let collector = Collector::start().await;
        let site = exporting(site, &collector.url())
            .with("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20the-collectors-key,x-team=blue")
            .with("OTEL_SERVICE_NAME", "front-door")
            .with("DURWARD_LOG__FORMAT", "json");
        let process = site.serve().await;
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        process.visitor().post("/api/v1/auth/register", body.clone()).await.is(201);
        let actor = process.visitor().with("traceparent", &traceparent("01")).with("x-request-id", "the-login");
        actor.post("/api/v1/auth/login", body).await.is(200);

        let login = collector.span("the login", |span| span.name == "POST /api/v1/auth/login").await;
        assert_eq!((login.trace.as_str(), login.parent.as_str(), login.kind), (TRACE, PARENT, SpanKind::Server));
        assert_eq!((login.service.as_str(), login.failed), ("front-door", false));
        for (name, value) in [
            ("http.request.method", "POST"),
            ("http.route", "/api/v1/auth/login"),
            ("http.response.status_code", "200"),
            ("durward.request_id", "the-login"),
        ] {
            assert_eq!(login.get(name), Some(value), "{login:#?}");
        }
        let spans = collector.spans();
        let inside = children(&spans, &login);
        let names: Vec<&str> = inside.iter().flat_map(|span| span.name.split(" + ")).collect();
        for name in ["password hash", "connection", "BEGIN", "COMMIT", "budgets::CHARGE", "sessions::INSERT"] {
            assert!(names.contains(&name), "no {name}: {names:?}");
        }
        let statements = inside.iter().filter(|span| span.kind == SpanKind::Client).count();
        assert_eq!(Some(statements.to_string().as_str()), login.get("durward.statements"));
        assert!(inside.iter().all(|span| span.took <= login.took), "{inside:#?}");

        let headers = collector.headers();
        assert_eq!(headers["authorization"], "Bearer the-collectors-key");
        assert_eq!(headers["x-team"], "blue");
        let line = process.line("\"request_id\":\"the-login\"").await;
        assert!(line.contains(&format!("\"trace_id\":\"{TRACE}\"")), "the line leads to the trace: {line}");
        assert!(!process.stderr().contains("the-collectors-key"));
    }

    /// What jobs do all the time, and what monitors ask, is in no trace.
    async fn nothing_but_what_is_done_for_somebody(site) {
        let collector = Collector::start().await;
        let site = exporting(site, &collector.url());
        let process = site.serve().await;
        let visitor = process.visitor();
        for path in ["/health/live", "/health/ready", "/metrics"] {
            visitor.get(path).await.is(200);
        }
        visitor.get("/api/v1/profile").await.is(401);
        visitor.get("/nowhere").await.is(404);
        collector.span("the refusal", |span| span.get("durward.code") == Some("token_missing")).await;
        // The outbox is looked at every second.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let spans = collector.spans();
        let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_empty()).collect();
        assert!(roots.iter().all(|span| span.kind == SpanKind::Server), "{roots:#?}");
        let in_traces = |span: &&Span| span.parent.is_empty() || spans.iter().any(|other| other.id == span.parent);
        assert!(spans.iter().all(|span| in_traces(&span)), "{spans:#?}");
        assert!(!spans.iter().any(|span| span.name.contains("health") || span.name.contains("metrics")), "{spans:#?}");
    }

    /// A message over a socket is a part of the trace that the handshake named, and the server that answers is told so.
    async fn a_message_and_the_server_that_answers(site) {
        let collector = Collector::start().await;
        let upstream = Upstream::start(Plan::pieces("{\"message\":{\"content\":\"hi\"},\"done\":true}\n")).await;
        let site = exporting(site, &collector.url())
            .with("DURWARD_CHAT__ANSWERING", "ollama")
            .with("DURWARD_CHAT__URL", &upstream.url);
        let process = site.serve().await;
        let actor = ann(&process).await.with("traceparent", &traceparent("01"));
        let mut socket = actor.socket("/api/v1/ws/chat").await;
        socket.expect("ready").await;
        socket.send(json!({ "type": "message", "content": "hello" })).await;
        while socket.next().await["type"] != "message.done" {}
        let message = collector.span("the message", |span| span.name == "chat message" && span.trace == TRACE).await;
        assert_eq!(message.parent, PARENT);
        // The walk of the Golden Path has asked it before, in a trace of its own.
        let asked = upstream.asked();
        let mut told = asked.iter().filter_map(|asked| asked.headers.get("traceparent")?.to_str().ok());
        let told = told.rfind(|told| told.contains(TRACE)).unwrap();
        assert_eq!(told, format!("00-{TRACE}-{}-01", message.id));
        assert!(children(&collector.spans(), &message).iter().any(|span| span.name == "messages::INSERT"));
    }

    /// A client can say that its trace is not wanted, but not that it is.
    async fn a_share_of_all_traces(site) {
        let collector = Collector::start().await;
        let site = exporting(site, &collector.url()).with("DURWARD_TELEMETRY__SAMPLING_RATIO", "0.5");
        let process = site.serve().await;
        // By the trace's id: the lower half is taken.
        let (low, high) = ("00000000000000000000000000000001", "ffffffffffffffffffffffffffffffff");
        for (trace, flags) in [(low, "01"), (high, "01"), ("00000000000000000000000000000002", "00")] {
            let visitor = process.visitor().with("traceparent", &format!("00-{trace}-{PARENT}-{flags}"));
            visitor.get("/api/v1/auth/status").await.is(200);
        }
        for garbage in ["", "00", "00-0-0-0", "ff-x", "00-00000000000000000000000000000000-0000000000000000-01"] {
            process.visitor().with("traceparent", garbage).get("/api/v1/auth/csrf-token").await.is(200);
        }
        collector.span("the one", |span| span.trace == low).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let foreign: Vec<_> = collector.spans().into_iter().filter(|span| span.parent == PARENT).collect();
        assert_eq!(foreign.len(), 1, "{foreign:#?}");
    }

    /// Without a collector, with one that takes nothing and with one that says nothing: everybody is served as ever.
    async fn a_collector_that_is_no_help(site) {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let site = exporting(site, &format!("http://{free}")).with("DURWARD_TELEMETRY__EXPORT_TIMEOUT", "30s");
        let mut process = site.serve().await;
        let actor = ann(&process).await;
        let failed = process.line("traces cannot be exported").await;
        assert!(failed.contains("WARN"), "{failed}");
        are_served(&actor).await;
        let metrics = Metrics::of(&process.visitor()).await;
        assert!(metrics.get("durward_trace_exports_total", &[("result", "failed")]) >= 1.0);
        assert_eq!(process.stderr().matches("traces cannot be exported").count(), 1, "it is said once");

        let collector = Collector::at(free).await;
        actor.get("/api/v1/profile").await.is(200);
        collector.span("a profile", |span| span.name == "GET /api/v1/profile").await;
        process.line("traces are exported again").await;

        collector.is(Mood::Refuses);
        are_served(&actor).await;
        while process.stderr().matches("traces cannot be exported").count() < 2 {
            actor.get("/api/v1/profile").await.is(200);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }

        collector.is(Mood::Stalls);
        let asked = collector.asked();
        while collector.asked() == asked {
            actor.get("/api/v1/profile").await.is(200);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        are_served(&actor).await;
        let end = Instant::now();
        process.signal(Signal::TERM);
        process.ended().await.code(0);
        assert!(end.elapsed() < Duration::from_secs(8), "it does not wait for a collector: {:?}", end.elapsed());
    }

    /// What is still there when the server stops is sent.
    async fn the_last_spans(site) {
        let collector = Collector::start().await;
        let site = exporting(site, &collector.url()).with("DURWARD_TELEMETRY__EXPORT_INTERVAL", "1h");
        let mut process = site.serve().await;
        process.visitor().get("/api/v1/auth/status").await.is(200);
        assert_eq!(collector.asked(), 0);
        process.signal(Signal::TERM);
        process.ended().await.code(0);
        collector.span("the status", |span| span.name == "GET /api/v1/auth/status").await;
    }
}

/// Far more requests than there is room for spans, and none of them waits for the collector.
async fn are_served(actor: &Actor) {
    let start = Instant::now();
    for _ in 0..200 {
        actor.get("/api/v1/profile").await.is(200);
    }
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}
