//! Who answers: what every answering side has to offer.

use std::fmt;
use std::pin::Pin;

use durward_proto::wire::chat::Author;
use futures_util::Stream;

use crate::fault::Fault;

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

/// An answer, piece by piece; nothing comes after a fault. The fault's problem is what the user is told, its cause is
/// for the log and never holds a secret.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<String, Fault>> + Send>>;

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
