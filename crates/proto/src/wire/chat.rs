//! Conversations, as REST shows them.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, MessageId};
use crate::time::Timestamp;

/// A conversation in the list.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The beginning of its first message.
    pub title: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When its last message came.
    pub updated_at: Timestamp,
}

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The user.
    User,
    /// The answering side.
    Assistant,
}

impl Author {
    /// As it stands on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// A message of a conversation.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who said it.
    pub role: Author,
    /// What was said.
    pub content: String,
    /// When.
    pub created_at: Timestamp,
}
