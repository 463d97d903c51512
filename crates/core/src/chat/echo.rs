//! The answering side that is built in: says what it was told, word by word.

use futures_util::stream;

use super::answerer::{Answerer, Pieces, Question};

/// Answers every message with itself.
#[derive(Debug, Clone, Copy)]
pub struct Echo;

impl Answerer for Echo {
    fn answer(&self, question: Question) -> Pieces {
        let pieces: Vec<_> = question.content.split_inclusive(' ').map(|piece| Ok(piece.to_owned())).collect();
        Box::pin(stream::iter(pieces))
    }

    fn name(&self) -> &'static str {
        "echo"
    }
}
