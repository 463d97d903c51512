//! W3C Trace Context: which trace a request belongs to, and what is said of it to those whom we ask.

use durward_http::Traces;
use http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Reads `traceparent` and `tracestate`.
#[derive(Debug, Default)]
pub(crate) struct Contexts(TraceContextPropagator);

impl Traces for Contexts {
    fn continue_from(&self, span: &Span, headers: &HeaderMap) {
        let context = self.0.extract(&HeaderExtractor(headers));
        if context.span().span_context().is_valid() {
            // It can only fail for a span that has begun to be exported, and this one is new.
            let _ = span.set_parent(context);
        }
    }

    fn trace_id(&self, span: &Span) -> Option<String> {
        let context = span.context();
        let span = context.span();
        let span = span.span_context();
        span.is_sampled().then(|| span.trace_id().to_string())
    }
}

/// Says to whom we ask which trace the question belongs to. Without an export there is nothing to say.
pub(crate) fn pass_on(headers: &mut HeaderMap) {
    let span = Span::current();
    if !span.is_disabled() {
        TraceContextPropagator::new().inject_context(&span.context(), &mut HeaderInjector(headers));
    }
}
