//! What is wrong with a configuration, told all at once.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong. No field ever holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The check that reports it: `config`, `secrets`, `public_url`, `cors`, `cookies`, `passkeys` or `environment`.
    pub id: &'static str,
    /// The setting, or the name that should have been one.
    pub key: String,
    /// Where the value stands: `durward.toml:3`, `environment variable JWT_SECRET_KEY`, `default`.
    pub source: String,
    /// What was found.
    pub found: String,
    /// What would have been right.
    pub expected: String,
    /// What to do.
    pub cure: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.key, self.source)?;
        writeln!(f, "    found:    {}", self.found)?;
        writeln!(f, "    expected: {}", self.expected)?;
        write!(f, "    cure:     {}", self.cure)
    }
}

/// Why there is no configuration: every problem that was found, those of [`crate::config::Config::problems`] included.
#[derive(Debug, Clone)]
pub struct ConfigErrors {
    /// All of them, in the order of the settings.
    pub problems: Vec<Problem>,
    /// Whether the file itself could not be read, so that little can be said about the rest.
    pub unreadable: bool,
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "the configuration has {count} problem{}:", if count == 1 { "" } else { "s" })?;
        for problem in &self.problems {
            write!(f, "\n\n{problem}")?;
        }
        Ok(())
    }
}

/// The check that a setting's problems belong to.
pub(super) fn check_of(key: &str) -> &'static str {
    match key {
        "tokens.secret" | "csrf.secret" | "keys.master_key" => "secrets",
        "server.public_url" => "public_url",
        "cors.allowed_origins" => "cors",
        "cookies.domain" => "cookies",
        "passkeys.rp_id" | "passkeys.related_origins" => "passkeys",
        "environment" => "environment",
        _ => "config",
    }
}
