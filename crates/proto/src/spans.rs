//! How the parts of a request are marked for traces.

/// The target of every `tracing` span that may be exported as a span of a trace (OpenTelemetry), and of nothing else. Where
/// nothing is exported these spans are turned off, and cost next to nothing. Their fields never hold a secret, an address
/// or anything that somebody typed.
pub const SPANS: &str = "durward_spans";
