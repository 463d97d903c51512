//! The log: lines on standard error, for people or as JSON.

use std::io::{IsTerminal, stderr};

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat};

/// While the checks run, every request comes from the checks themselves. Those are told of elsewhere; whoever wants
/// to see them all the same sets the level to `debug`.
const CHECKS_OWN: &str = "durward_http=warn";

/// The log while the checks run.
#[must_use]
pub(crate) struct QuietLog {
    open: Box<dyn FnOnce()>,
}

impl QuietLog {
    /// From here on requests are logged as the configuration says.
    pub(crate) fn open(self) {
        (self.open)();
    }
}

/// Starts the log, without the requests of the checks. Only the first call of a process counts.
pub(crate) fn start(config: &Config) -> QuietLog {
    let full = EnvFilter::new(config.log.level.as_str());
    let quiet = if full.max_level_hint().is_some_and(|level| level <= LevelFilter::INFO) {
        EnvFilter::new(format!("{},{CHECKS_OWN}", config.log.level.as_str()))
    } else {
        full.clone()
    };
    let lines = tracing_subscriber::fmt().with_env_filter(quiet).with_writer(stderr).with_ansi(stderr().is_terminal());
    // Both ways it can only fail where another log runs already.
    let open: Box<dyn FnOnce()> = match config.log.format {
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_filter_reloading();
            let handle = lines.reload_handle();
            let _ = lines.finish().with(discreet()).try_init();
            Box::new(move || drop(handle.reload(full)))
        }
        LogFormat::Text => {
            let lines = lines.with_filter_reloading();
            let handle = lines.reload_handle();
            let _ = lines.finish().with(discreet()).try_init();
            Box::new(move || drop(handle.reload(full)))
        }
    };
    QuietLog { open }
}

/// At `trace` libraries write down what they carry, tokens and passwords included: a WebSocket's frames, for one. Whatever
/// the level says, only our own lines go that far. Those of the passkeys' library are left out altogether: it writes an
/// error for each answer that it cannot read, which anybody can send, and our own line about the refusal says why.
fn discreet() -> FilterFn {
    filter_fn(|line| {
        let said_by = line.target();
        (*line.level() <= Level::DEBUG || said_by.starts_with("durward")) && !said_by.starts_with("webauthn_")
    })
}
