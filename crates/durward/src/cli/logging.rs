//! The log: lines on standard error, for people or as JSON. Where traces are exported, their spans go another way from here.

use std::io::{IsTerminal, stderr};

use durward_proto::SPANS;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::config::{Config, LogFormat};
use crate::telemetry::Telemetry;

/// While the checks run, every request comes from the checks themselves. Those are told of elsewhere; whoever wants
/// to see them all the same sets the level to `debug`.
const CHECKS_OWN: &str = "durward_http=warn";

/// The log while the checks run.
#[must_use]
pub(crate) struct QuietLog {
    filter: reload::Handle<EnvFilter, Registry>,
    full: EnvFilter,
}

impl QuietLog {
    /// From here on requests are logged as the configuration says.
    pub(crate) fn open(self) {
        // It can only fail when the log is gone.
        let _ = self.filter.reload(self.full);
    }
}

/// Starts the log, without the requests of the checks, and the way of the spans to the export. Only the first call of a
/// process counts.
pub(crate) fn start(config: &Config, telemetry: Option<&Telemetry>) -> QuietLog {
    let level = config.log.level.as_str();
    let full = lines_at(level);
    let is_terse = full.max_level_hint().is_some_and(|level| level <= LevelFilter::INFO);
    let quiet = if is_terse { lines_at(&format!("{level},{CHECKS_OWN}")) } else { full.clone() };
    let (quiet, filter) = reload::Layer::new(quiet);
    let lines = fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    let lines = match config.log.format {
        LogFormat::Json => lines.json().flatten_event(true).with_filter(quiet.and(discreet())).boxed(),
        LogFormat::Text => lines.with_filter(quiet.and(discreet())).boxed(),
    };
    let layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> =
        [Some(lines), telemetry.map(Telemetry::layer)].into_iter().flatten().collect();
    // It can only fail where another log runs already.
    let _ = tracing_subscriber::registry().with(layers).try_init();
    QuietLog { filter, full }
}

/// The lines of these levels. Spans are no lines, and would stand before each of them.
fn lines_at(level: &str) -> EnvFilter {
    EnvFilter::new(format!("{level},{SPANS}=off"))
}

/// At `trace` libraries write down what they carry, tokens and passwords included: a WebSocket's frames, for one. Whatever
/// the level says, only our own lines go that far. Those of the passkeys' library are left out altogether: it writes an
/// error for each answer that it cannot read, which anybody can send, and our own line about the refusal says why.
fn discreet() -> FilterFn {
    let is_ours: fn(&Metadata<'_>) -> bool = |line| {
        let said_by = line.target();
        (*line.level() <= Level::DEBUG || said_by.starts_with("durward")) && !said_by.starts_with("webauthn_")
    };
    // It limits no level by itself; what is below the configured one is to cost nothing.
    filter_fn(is_ours).with_max_level_hint(LevelFilter::TRACE)
}
