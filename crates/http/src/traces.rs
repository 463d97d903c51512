//! Spans of what is done for a client, for traces. Whoever exports them is the program around the server; without it they
//! are turned off.

use durward_proto::SPANS;
use http::{HeaderMap, HeaderName};
use tracing::Span;
use tracing::field::Empty;

use crate::app::Site;
use crate::routes::{Access, Row};

/// The headers of W3C Trace Context.
const CONTEXT: [HeaderName; 2] = [HeaderName::from_static("traceparent"), HeaderName::from_static("tracestate")];

/// Ties spans to traces that began elsewhere.
pub trait Traces: Send + Sync + 'static {
    /// Makes a new span a part of the trace that these headers name, where they name one (W3C Trace Context).
    fn continue_from(&self, span: &Span, headers: &HeaderMap);
    /// The trace that a span belongs to, where it is recorded.
    fn trace_id(&self, span: &Span) -> Option<String>;
}

/// The span of one request. Probes and metrics have none: they come every few seconds and say nothing.
pub(crate) fn of_request(site: &Site, row: Option<&Row>, headers: &HeaderMap) -> Span {
    let Some(row) = row.filter(|row| row.access != Access::Operator) else { return Span::none() };
    let (method, route) = (row.method_name(), row.path);
    let span = tracing::info_span!(
        target: SPANS,
        "request",
        otel.kind = "server",
        otel.name = %format_args!("{method} {route}"),
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        user.id = Empty,
        durward.request_id = Empty,
        durward.code = Empty,
        durward.statements = Empty,
    );
    adopt(site, &span, headers);
    span
}

/// The span of a message that came over a socket: what the handshake said of a trace holds for each.
pub(crate) fn of_message(site: &Site, context: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        target: SPANS,
        "message",
        otel.kind = "server",
        otel.name = "chat message",
        otel.status_code = Empty
    );
    adopt(site, &span, context);
    span
}

/// What a request's headers say of a trace.
pub(crate) fn context(headers: &HeaderMap) -> HeaderMap {
    let named = |name: &HeaderName| headers.get(name).map(|value| (name.clone(), value.clone()));
    CONTEXT.iter().filter_map(named).collect()
}

/// The trace that a span belongs to, where it is recorded.
pub(crate) fn trace_id(site: &Site, span: &Span) -> Option<String> {
    site.traces.as_ref().filter(|_| !span.is_disabled())?.trace_id(span)
}

fn adopt(site: &Site, span: &Span, headers: &HeaderMap) {
    if let Some(traces) = site.traces.as_ref().filter(|_| !span.is_disabled()) {
        traces.continue_from(span, headers);
    }
}
