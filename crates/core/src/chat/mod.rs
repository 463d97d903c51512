//! The chat: a message comes in, is kept, is answered piece by piece, and the answer is kept.

mod answerer;
mod echo;
mod turn;

pub use answerer::{Answerer, Past, Pieces, Question};
pub use echo::Echo;
pub use turn::{Answering, MAX_ANSWER, Piece};
