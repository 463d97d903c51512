//! One turn of a conversation.

use std::sync::Arc;

use durward_proto::wire::chat::Author;
use durward_proto::{Clock, Code, ConversationId, MessageId};
use durward_store::{NewMessage, OwnStore};
use durward_verify::Verified;
use futures_util::StreamExt;
use futures_util::stream::Fuse;
use tokio::task::JoinHandle;

use super::answerer::{Past, Pieces, Question};
use crate::fault::Fault;
use crate::service::Core;

/// The most bytes of a message.
const MESSAGE: usize = 32 * 1_024;
/// The most bytes of an answer: what goes beyond is cut off, so that nobody's memory is filled.
pub const MAX_ANSWER: usize = 256 * 1_024;
/// How many earlier messages the answering side is told.
const PAST: u32 = 20;
/// How many characters of the first message become the conversation's title.
const TITLE: usize = 80;

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The next words.
    Delta(String),
    /// The whole answer; it has been kept.
    Done(String),
}

/// An answer on its way.
pub struct Answering {
    /// The answer's id.
    pub message_id: MessageId,
    /// The conversation, perhaps a new one.
    pub conversation_id: ConversationId,
    /// The id under which the question was kept.
    pub in_reply_to: MessageId,
    pieces: Fuse<Pieces>,
    whole: String,
    model: String,
    own: OwnStore,
    clock: Arc<dyn Clock>,
    keeping: Option<JoinHandle<Result<(), Fault>>>,
    finished: bool,
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answering").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

impl Core {
    /// Keeps a message and begins to answer it.
    ///
    /// # Errors
    /// `validation_failed`, `not_found` for a conversation that is not the caller's; 503 when the database is away.
    pub async fn say(
        &self,
        who: &Verified,
        content: String,
        conversation: Option<ConversationId>,
    ) -> Result<Answering, Fault> {
        if content.trim().is_empty() || content.len() > MESSAGE || content.contains('\0') {
            return Err(Fault::field("/content", "a message has 1 byte to 32 KiB of text"));
        }
        let own = self.store.own(who);
        let now = self.clock.now();
        let model = self.chat_model(who).await?;
        // The answer does not wait for the disk: it says that it is done when the question is there as well as itself.
        let mut write = own.write_ahead().await?;
        let (conversation_id, past) = match conversation {
            Some(id) => {
                let past = write.recent_messages(id, PAST).await?;
                (id, past.into_iter().map(|row| Past { author: row.author, content: row.content }).collect())
            }
            None => {
                let id = ConversationId::new(now, &*self.random);
                let title: String = content.trim().chars().take(TITLE).collect();
                write.insert_conversation(id, &title, now).await?;
                (id, Vec::new())
            }
        };
        let in_reply_to = MessageId::new(now, &*self.random);
        let question = NewMessage { id: in_reply_to, author: Author::User, content: &content, model: None, now };
        if !write.insert_message(conversation_id, &question).await? {
            return Err(Fault::new(Code::NotFound));
        }
        write.commit_unaudited("what people say is not for the audit trail").await?;
        metrics::counter!("durward_chat_messages_total").increment(1);
        Ok(Answering {
            message_id: MessageId::new(self.clock.now(), &*self.random),
            conversation_id,
            in_reply_to,
            pieces: self.answerer.answer(Question { model: model.clone(), past, content }).fuse(),
            whole: String::new(),
            model,
            own,
            clock: self.clock.clone(),
            keeping: None,
            finished: false,
        })
    }
}

impl Answering {
    /// The next piece; `None` after the last one. Can be dropped while it waits, and asked again.
    ///
    /// An answer that breaks off is not kept: the question is, so that it can be asked again. What had come of the
    /// answer is gone, since nobody could tell it from a whole one later.
    pub async fn next(&mut self) -> Option<Result<Piece, Fault>> {
        if self.finished {
            return None;
        }
        match self.pieces.next().await {
            Some(Ok(piece)) if self.whole.len() + piece.len() <= MAX_ANSWER => {
                // No text column holds a NUL, and nobody is to lose an answer over one.
                let piece = if piece.contains('\0') { piece.replace('\0', "") } else { piece };
                self.whole.push_str(&piece);
                Some(Ok(Piece::Delta(piece)))
            }
            Some(Err(fault)) => {
                self.finished = true;
                Some(Err(fault))
            }
            Some(Ok(_)) | None => Some(self.keep().await),
        }
    }

    /// Keeps the whole answer, and only then says that it is done. In a task of its own: whoever waits here may stop
    /// and ask again, and the answer must not be kept twice, nor be given up half kept.
    async fn keep(&mut self) -> Result<Piece, Fault> {
        let keeping = self.keeping.get_or_insert_with(|| {
            let answer = Answer {
                own: self.own.clone(),
                conversation_id: self.conversation_id,
                message_id: self.message_id,
                content: self.whole.clone(),
                model: self.model.clone(),
                clock: self.clock.clone(),
            };
            tokio::spawn(answer.insert())
        });
        let outcome = keeping.await.unwrap_or_else(|error| Err(Fault::unavailable(error.to_string())));
        self.finished = true;
        outcome.map(|()| Piece::Done(std::mem::take(&mut self.whole)))
    }
}

/// A whole answer that is to be kept.
struct Answer {
    own: OwnStore,
    conversation_id: ConversationId,
    message_id: MessageId,
    content: String,
    model: String,
    clock: Arc<dyn Clock>,
}

impl Answer {
    async fn insert(self) -> Result<(), Fault> {
        let mut write = self.own.write().await?;
        let answer = NewMessage {
            id: self.message_id,
            author: Author::Assistant,
            content: &self.content,
            model: Some(&self.model),
            now: self.clock.now(),
        };
        if !write.insert_message(self.conversation_id, &answer).await? {
            // It was deleted while the answer came.
            return Err(Fault::new(Code::NotFound));
        }
        write.commit_unaudited("what people say is not for the audit trail").await?;
        Ok(())
    }
}
