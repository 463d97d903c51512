//! A command that could not do what it was asked for.

use std::process::ExitCode;

use durward_core::{Fault, KeyFault};

use crate::config::ConfigErrors;

/// Why, in words for the person at the terminal, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    words: String,
    code: u8,
}

impl Failure {
    /// The thing that was asked for is not good: exit code 1.
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: 1 }
    }

    /// Wrong usage or configuration: exit code 2.
    pub(crate) fn usage(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: 2 }
    }

    /// Says it on standard error.
    #[allow(clippy::print_stderr, reason = "this is the command line's own voice")]
    pub(crate) fn tell(self) -> ExitCode {
        eprintln!("{}", self.words);
        ExitCode::from(self.code)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let details: Vec<&str> = fault.problem().errors.iter().map(|error| error.detail.as_str()).collect();
        let words = match (fault.cause(), details.is_empty()) {
            (Some(cause), _) => cause.to_owned(),
            (None, false) => details.join("\n"),
            (None, true) => fault.problem().detail.clone(),
        };
        Self::new(words)
    }
}

impl From<KeyFault> for Failure {
    fn from(fault: KeyFault) -> Self {
        let words = format!("{fault}\n    cure: {}", fault.cure());
        match fault {
            KeyFault::Bad(_)
            | KeyFault::NoSecret
            | KeyFault::ShortMaster { .. }
            | KeyFault::NoMaster { .. }
            | KeyFault::Chosen { .. } => Self::usage(words),
            _ => Self::new(words),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::usage(errors.to_string())
    }
}

impl From<durward_store::StoreError> for Failure {
    fn from(error: durward_store::StoreError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}
