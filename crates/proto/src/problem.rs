//! The body of every error: RFC 9457 `application/problem+json`.

use serde::Serialize;

use crate::code::Code;

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct FieldError {
    /// Where, as a JSON Pointer (RFC 6901); empty for the whole body.
    pub pointer: String,
    /// What is wrong with it and what would be right.
    pub detail: String,
}

impl FieldError {
    /// An error at a pointer.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// An error as it is sent. It never holds SQL, a stack, a path of a machine or a secret.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Problem {
    /// A URI that stands for the kind of error.
    pub r#type: String,
    /// The kind of error in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence in words, and what to do next.
    pub detail: String,
    /// The stable name a client switches on.
    #[schemars(with = "String")]
    pub code: Code,
    /// The `X-Request-Id` of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What is wrong with the body, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// In how many seconds to try again (429 and 503).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// For `csrf_failed`: `missing`, `mismatch`, `malformed`, `expired` or `signature`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl Problem {
    /// An error of this kind, with the kind's own words as its detail.
    pub fn new(code: Code) -> Self {
        Self {
            r#type: format!("urn:durward:error:{code}"),
            title: code.title(),
            status: code.status(),
            detail: code.title().to_owned(),
            code,
            request_id: None,
            errors: Vec::new(),
            retry_after: None,
            reason: None,
        }
    }

    /// With words for this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With what is wrong field by field.
    #[must_use]
    pub fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// With the time to wait, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }
}
