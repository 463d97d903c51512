//! Which log lines are written.

use serde_json::Value as Json;
use tracing_subscriber::EnvFilter;

use crate::config::candidate::Raw;
use crate::config::value::Value;

/// A filter in the words of `tracing`'s `EnvFilter`, known to be well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for LogFilter {
    fn expected() -> String {
        "error, warn, info, debug or trace, or by module such as info,durward_core=debug".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?.trim();
        // A bare word that is no level would be taken as a module's name and silence everything else.
        let known = |level: &str| {
            ["off", "error", "warn", "info", "debug", "trace"].iter().any(|known| known.eq_ignore_ascii_case(level))
        };
        let levels_are_known =
            text.split(',').all(|directive| known(directive.rsplit('=').next().unwrap_or_default().trim()));
        if levels_are_known && EnvFilter::builder().parse(text).is_ok() {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err("not a log level".to_owned())
        }
    }

    fn shown(&self) -> Json {
        Json::from(self.0.as_str())
    }
}
