//! Who answers: what every answering side has to offer.

use std::fmt;
use std::pin::Pin;

use durward_proto::wire::chat::Author;
use futures_util::Stream;

/// One earlier message of a conversation.
#[derive(Debug, Clone)]
pub struct Past {
    /// Who said it.
    pub author: Author,
    /// What was said.
    pub content: String,
}

/// What is to be answered.
#[derive(Debug, Clone)]
pub struct Question {
    /// The model that the user chose (`chat_model`).
    pub model: String,
    /// The conversation so far, oldest first.
    pub past: Vec<Past>,
    /// The new message.
    pub content: String,
}

/// The answering side did not answer, or not to the end.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AnswerFault(pub String);

/// An answer, piece by piece.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<String, AnswerFault>> + Send>>;

/// An answering side.
pub trait Answerer: Send + Sync + 'static {
    /// Begins to answer. Dropping the stream stops it.
    fn answer(&self, question: Question) -> Pieces;

    /// Its name, for logs and checks.
    fn name(&self) -> &'static str;
}

impl fmt::Debug for dyn Answerer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
