//! How one request was authenticated, step by step: for the user's own eyes at `/api/v1/profile/debug`.

use std::time::Duration;

use durward_proto::Clock;
use serde::Serialize;
use serde_json::Value;

use crate::carried::Source;
use crate::keys::Algorithm;
use crate::refusal::Refusal;

/// One step of the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Step {
    /// `carried`, `structure`, `key`, `signature`, `claims`, `time`, `audience` or `liveness`; `ticket` stands
    /// for the middle ones where a ticket came.
    pub name: &'static str,
    /// `ok`, or what was found, or the refusal's code and reason.
    pub result: String,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// How one request was authenticated. The token is not in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Trace {
    /// The steps that were taken, in order; after a refusal there are no more.
    pub steps: Vec<Step>,
    /// Where the credential was found.
    pub source: Option<Source>,
    /// The algorithm of the key that was chosen.
    pub algorithm: Option<Algorithm>,
    /// The key that was chosen.
    pub kid: Option<String>,
    /// The claims, once the signature held; else null.
    pub claims: Value,
}

/// Writes a trace where one is wanted, and does nothing, not even read the clock, where none is.
pub(crate) struct Steps<'t> {
    /// In a box, because every check carries this around, and few write.
    writing: Option<Box<Writing<'t>>>,
}

struct Writing<'t> {
    trace: &'t mut Trace,
    clock: &'t dyn Clock,
    /// When the step began that has not ended.
    began: Duration,
}

impl<'t> Steps<'t> {
    pub(crate) fn none() -> Self {
        Self { writing: None }
    }

    pub(crate) fn into(trace: &'t mut Trace, clock: &'t dyn Clock) -> Self {
        Self { writing: Some(Box::new(Writing { trace, clock, began: clock.monotonic() })) }
    }

    /// A step has ended; it began when the one before did. What came of it is only looked at: to hand it through here would be
    /// to move it twice.
    #[inline]
    pub(crate) fn end<T>(&mut self, name: &'static str, outcome: &Result<T, Refusal>) {
        self.end_with(name, "ok", outcome);
    }

    /// The same, with a word of its own for a good end.
    #[inline]
    pub(crate) fn end_with<T>(&mut self, name: &'static str, good: &str, outcome: &Result<T, Refusal>) {
        if let Some(writing) = &mut self.writing {
            writing.write(name, good, outcome.as_ref().err());
        }
    }

    /// Something to note beside the steps.
    #[inline]
    pub(crate) fn note(&mut self, note: impl FnOnce(&mut Trace)) {
        if let Some(writing) = &mut self.writing {
            note(writing.trace);
        }
    }
}

impl Writing<'_> {
    #[cold]
    fn write(&mut self, name: &'static str, good: &str, refusal: Option<&Refusal>) {
        let now = self.clock.monotonic();
        let result = match refusal {
            None => good.to_owned(),
            Some(refusal) => format!("{}: {refusal}", refusal.code()),
        };
        let micros = u64::try_from(now.saturating_sub(self.began).as_micros()).unwrap_or(u64::MAX);
        self.trace.steps.push(Step { name, result, micros });
        self.began = now;
    }
}
