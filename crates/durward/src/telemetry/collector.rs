//! The way to the collector.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

use crate::answering::tls::{self, Connector};
use crate::config::{self, UpstreamUrl};

/// How much of an answer is read, in bytes: it says no more than how many spans were refused.
const ANSWER: usize = 64 * 1024;
/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(60);

/// Sends what is exported, with the program's own TLS. It is called by a thread without a runtime, and works in ours.
pub(super) struct Collector {
    client: Client<Connector, Full<Bytes>>,
    runtime: Handle,
    timeout: Duration,
    url: String,
    failing: Arc<AtomicBool>,
}

impl Collector {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// When `telemetry.ca_file` cannot be read.
    pub(super) fn new(endpoint: &UpstreamUrl, settings: &config::Telemetry) -> Result<Self, String> {
        let ca_file = settings.ca_file.as_deref();
        let connector = tls::connector(endpoint.is_https(), "telemetry.ca_file", ca_file, settings.export_timeout)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self {
            client,
            runtime: Handle::current(),
            timeout: settings.export_timeout,
            url: endpoint.to_string(),
            failing: Arc::default(),
        })
    }
}

impl HttpClient for Collector {
    fn send_bytes<'client, 'sending>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sending>>
    where
        'client: 'sending,
        Self: 'sending,
    {
        let (client, timeout) = (self.client.clone(), self.timeout);
        let sending = self.runtime.spawn(async move {
            let sent = tokio::time::timeout(timeout, send(&client, request)).await;
            sent.unwrap_or_else(|_| Err(format!("no answer within {timeout:?}").into()))
        });
        Box::pin(async move {
            let outcome = sending.await.unwrap_or_else(|error| Err(error.into()));
            self.note(&outcome);
            outcome
        })
    }
}

impl Collector {
    /// Counts it, and says in the log when it begins and ceases to fail: not once for each try.
    fn note(&self, outcome: &Result<Response<Bytes>, HttpError>) {
        let why = match outcome {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(response.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        let result = if why.is_none() { "ok" } else { "failed" };
        metrics::counter!("durward_trace_exports_total", "result" => result).increment(1);
        let was_failing = self.failing.swap(why.is_some(), Ordering::Relaxed);
        match why {
            Some(why) if !was_failing => {
                tracing::warn!(collector = self.url, why, "traces cannot be exported; spans are lost until they can");
            }
            None if was_failing => tracing::info!(collector = self.url, "traces are exported again"),
            _ => {}
        }
    }
}

async fn send(client: &Client<Connector, Full<Bytes>>, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (parts, body) = client.request(request.map(Full::new)).await?.into_parts();
    let body = Limited::new(body, ANSWER).collect().await?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("url", &self.url).finish_non_exhaustive()
    }
}
