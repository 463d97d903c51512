//! What can go wrong with an answer, whether it counts for the breaker, and what the user is told.

use std::time::Duration;

use durward_core::Fault;
use durward_proto::{Code, Problem};
use http::StatusCode;

/// When a failed question may be asked again, in seconds, where nobody knows better.
const RETRY_AFTER: u64 = 5;

/// Why an answer did not come, or not to its end. The words are for the log; none holds the API key.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The program cannot ask at all.
    #[error("cannot be asked: {0}")]
    Setup(String),
    /// No connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// Nothing came for too long.
    #[error("{0} within {secs} s", secs = .1.as_secs_f32())]
    Late(&'static str, Duration),
    /// The connection ended before the answer did.
    #[error("broke off: {0}")]
    Cut(String),
    /// Something that the dialect does not have.
    #[error("sent what is not understood: {0}")]
    Garbage(&'static str),
    /// The server itself says that it failed, with a 5xx or in the middle of an answer.
    #[error("failed: {0}")]
    Failed(String),
    /// The server does not have the model.
    #[error("does not have the model: {0}")]
    NoModel(String),
    /// Another 4xx.
    #[error("refused: {status}: {said}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// What it said.
        said: String,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
}

impl Trouble {
    /// Whether the server failed: whoever says no is there. `None` when it was not even asked.
    pub(super) fn is_failure(&self) -> Option<bool> {
        match self {
            Self::Setup(_) => None,
            Self::NoModel(_) | Self::Refused { .. } => Some(false),
            Self::Connect(_) | Self::Late(..) | Self::Cut(_) | Self::Garbage(_) | Self::Failed(_) => Some(true),
        }
    }

    /// What the user is told who asked for an answer of `model`; `begun`: a part of it has come.
    pub(super) fn fault(&self, model: &str, begun: bool) -> Fault {
        let problem = match self {
            Self::NoModel(_) => Problem::new(Code::ValidationFailed).detail(format!(
                "The answering side has no model \"{model}\". Choose another one: `chat_model` in your settings."
            )),
            Self::Refused { status, .. } if is_about_the_message(*status) => Problem::new(Code::ValidationFailed)
                .detail("The answering side does not accept this message. A shorter one or a new conversation may help."),
            Self::Refused { status, retry_after, .. } if *status == StatusCode::TOO_MANY_REQUESTS => {
                Problem::new(Code::Unavailable)
                    .detail("The answering side has too much to do. Please try again in a moment.")
                    .retry_after(retry_after.unwrap_or(RETRY_AFTER))
            }
            Self::Setup(_) | Self::Refused { .. } => Problem::new(Code::Unavailable).detail(
                "The answering side cannot be used as it is set up. Whoever runs this server finds the reason in its log.",
            ),
            _ if begun => {
                Problem::new(Code::Unavailable).detail("The answer broke off. Please try again.").retry_after(RETRY_AFTER)
            }
            _ => Problem::new(Code::Unavailable)
                .detail("The answering side does not answer at the moment. Please try again.")
                .retry_after(RETRY_AFTER),
        };
        Fault::of(problem).because(format!("the answering side: {self}"))
    }
}

/// What the user is told when nobody is asked, because it has failed too often.
pub(super) fn not_asked(retry_after: Duration) -> Fault {
    let seconds = retry_after.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX).max(1);
    let detail = format!("The answering side is not available. Please try again in {seconds} s.");
    Fault::of(Problem::new(Code::Unavailable).detail(detail).retry_after(seconds))
}

/// Whether another message might be accepted: the body was looked at.
fn is_about_the_message(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY)
}
