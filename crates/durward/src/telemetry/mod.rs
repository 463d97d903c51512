//! Traces: the spans of [`SPANS`] are exported by OpenTelemetry's protocol, where a collector is configured.
//!
//! Spans are gathered in a bounded queue and sent by a thread of their own. A collector that is slow or away costs spans and
//! never a request: what finds the queue full is dropped.

mod collector;
mod context;

use std::collections::HashMap;
use std::time::Duration;

use durward_proto::SPANS;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, ParentBasedSampler, Sampler, SdkTracerProvider,
};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, Registry};

use crate::config;
use collector::Collector;
pub(crate) use context::{Contexts, pass_on};

/// How many spans wait to be sent at most.
const QUEUE: usize = 8_192;
/// How many are sent at once at most.
const BATCH: usize = 512;
/// How long the last ones may take when the server stops.
const LAST: Duration = Duration::from_secs(2);

/// The export, running.
pub(crate) struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Starts the export; none where no collector is configured. Nothing is connected yet.
    ///
    /// # Errors
    /// When `telemetry.ca_file` cannot be read.
    pub(crate) fn start(settings: &config::Telemetry) -> Result<Option<Self>, String> {
        let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
        let collector = Collector::new(endpoint, settings)?;
        let headers: HashMap<String, String> = settings
            .otlp_headers
            .iter()
            .flat_map(|headers| headers.pairs())
            .map(|(name, value)| (name.to_owned(), value.expose().to_owned()))
            .collect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_headers(headers)
            .with_timeout(settings.export_timeout)
            .build()
            .map_err(|error| format!("telemetry cannot be exported: {error}"))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(settings.export_interval)
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
            .with_sampler(sampler(settings.sampling_ratio.into()))
            .with_resource(
                Resource::builder_empty()
                    .with_service_name(settings.service_name.clone())
                    .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                    .build(),
            )
            .build();
        Ok(Some(Self { provider }))
    }

    /// What hands our spans, and nothing else, to the export.
    pub(crate) fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("durward"))
            // Where in the code a span began helps nobody who operates it.
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            // Nobody looks for OpenTelemetry's own notion of where one is; and a span that has not begun by it can still get
            // its name, as those of statements do.
            .with_context_activation(false)
            .with_filter(Targets::new().with_target(SPANS, Level::INFO))
            .boxed()
    }

    /// Sends what is still there, as far as that is quick.
    pub(crate) async fn finish(self) {
        // It waits for the thread that sends, which needs this runtime meanwhile.
        let finished = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(LAST));
        if !matches!(tokio::time::timeout(LAST, finished).await, Ok(Ok(Ok(())))) {
            tracing::debug!("the last spans could not be sent");
        }
    }
}

/// Which traces are exported. A client's word that its trace is wanted does not count, or anybody could fill the collector;
/// its word that it is not wanted does.
fn sampler(ratio: f64) -> ParentBasedSampler {
    let share = || Sampler::TraceIdRatioBased(ratio);
    ParentBasedSampler::new(share()).with_remote_parent_sampled(share())
}
