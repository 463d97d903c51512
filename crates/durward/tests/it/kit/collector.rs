//! A collector of traces: takes what is exported by OpenTelemetry's protocol, as its test tells it to.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1 as otlp;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long spans may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes everything.
    Takes,
    /// Says 503.
    Refuses,
    /// Says nothing.
    Stalls,
}

/// The collector. It stops when this goes.
pub struct Collector {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    running: JoinHandle<()>,
}

struct Kept {
    mood: Mood,
    asked: usize,
    headers: HeaderMap,
    bodies: Vec<Bytes>,
}

/// A span that came.
#[derive(Debug, Clone)]
pub struct Span {
    pub name: String,
    pub trace: String,
    pub id: String,
    /// Empty where it is the first of its trace.
    pub parent: String,
    pub kind: otlp::span::SpanKind,
    pub failed: bool,
    pub took: Duration,
    /// Names and values, each as text.
    pub attributes: Vec<(String, String)>,
    /// `service.name`.
    pub service: String,
}

impl Span {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

impl Collector {
    pub async fn start() -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// At this address, where another may have been before.
    pub async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Kept { mood: Mood::Takes, asked: 0, headers: HeaderMap::new(), bodies: Vec::new() };
        let kept = Arc::new(Mutex::new(kept));
        let state = kept.clone();
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = state.clone();
                let service = service_fn(move |request| take(state.clone(), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, kept, running }
    }

    /// The base of its URLs.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn is(&self, mood: Mood) {
        self.kept.lock().unwrap().mood = mood;
    }

    /// How often something was sent, whether it was taken or not.
    pub fn asked(&self) -> usize {
        self.kept.lock().unwrap().asked
    }

    /// The headers of what was sent last.
    pub fn headers(&self) -> HeaderMap {
        self.kept.lock().unwrap().headers.clone()
    }

    /// All that was taken, as it came.
    pub fn bytes(&self) -> Vec<u8> {
        self.kept.lock().unwrap().bodies.concat()
    }

    /// All spans that were taken.
    pub fn spans(&self) -> Vec<Span> {
        let bodies = self.kept.lock().unwrap().bodies.clone();
        bodies.iter().flat_map(spans).collect()
    }

    /// Waits for the first span that is so.
    pub async fn span(&self, what: &str, is_it: impl Fn(&Span) -> bool) -> Span {
        let start = Instant::now();
        loop {
            let spans = self.spans();
            if let Some(span) = spans.iter().find(|span| is_it(span)) {
                return span.clone();
            }
            assert!(start.elapsed() < PATIENCE, "no span of {what}: {spans:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn take(kept: Arc<Mutex<Kept>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let is_ours = parts.uri.path() == "/v1/traces" && parts.headers["content-type"] == "application/x-protobuf";
    let body = body.collect().await.unwrap().to_bytes();
    let mood = {
        let mut kept = kept.lock().unwrap();
        kept.asked += 1;
        kept.headers = parts.headers;
        if kept.mood == Mood::Takes && is_ours {
            kept.bodies.push(body);
        }
        kept.mood
    };
    let status = match mood {
        Mood::Takes if is_ours => 200,
        Mood::Takes => 404,
        Mood::Refuses => 503,
        Mood::Stalls => return std::future::pending().await,
    };
    Ok(Response::builder().status(status).body(Full::default()).unwrap())
}

fn spans(body: &Bytes) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body.clone()).unwrap();
    let mut all = Vec::new();
    for resource in request.resource_spans {
        let about = resource.resource.unwrap_or_default().attributes;
        let service = about.iter().find(|pair| pair.key == "service.name").map(|pair| text(pair.value.as_ref()));
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            all.push(Span {
                kind: span.kind(),
                failed: span.status.as_ref().is_some_and(|status| status.code() == otlp::status::StatusCode::Error),
                took: Duration::from_nanos(span.end_time_unix_nano - span.start_time_unix_nano),
                attributes: span.attributes.iter().map(|pair| (pair.key.clone(), text(pair.value.as_ref()))).collect(),
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                service: service.clone().unwrap_or_default(),
            });
        }
    }
    all
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
