//! What goes over a WebSocket (contract section 6): JSON text frames with a `type`.

use serde::{Deserialize, Serialize};

use crate::account::Role;
use crate::code::Code;
use crate::ids::{ConversationId, MessageId, SessionId, UserId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// `POST /api/v1/ws/ticket`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct TicketAnswer {
    /// What to send as `?ticket=`: good for one socket.
    pub ticket: Secret,
    /// Its life in seconds.
    pub expires_in: u64,
}

/// From the client.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FromClient {
    /// Something to be answered.
    Message {
        /// The text: not empty, at most 32 KiB.
        content: String,
        /// The conversation it belongs to; a new one is begun without it.
        #[serde(default)]
        conversation_id: Option<ConversationId>,
    },
    /// Asks for a `pong`.
    Ping {},
    /// Goes on with a newer access token of the same session.
    Auth {
        /// The new access token.
        token: Secret,
    },
}

/// Who a socket belongs to.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct SocketUser {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// Their role.
    pub role: Role,
}

/// From the server.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(tag = "type")]
pub enum FromServer {
    /// The first message: the socket is authenticated.
    #[serde(rename = "ready")]
    Ready {
        /// Who it belongs to.
        user: SocketUser,
        /// Their session.
        session_id: SessionId,
        /// When it closes unless it is renewed.
        expires_at: Timestamp,
    },
    /// An answer begins.
    #[serde(rename = "message.started")]
    Started {
        /// The answer's id.
        message_id: MessageId,
        /// The conversation's id.
        conversation_id: ConversationId,
        /// The id under which the question was kept.
        in_reply_to: MessageId,
    },
    /// The next piece of an answer.
    #[serde(rename = "message.delta")]
    Delta {
        /// The answer's id.
        message_id: MessageId,
        /// The conversation's id.
        conversation_id: ConversationId,
        /// The piece.
        delta: String,
    },
    /// An answer is whole and has been kept.
    #[serde(rename = "message.done")]
    Done {
        /// The answer's id.
        message_id: MessageId,
        /// The conversation's id.
        conversation_id: ConversationId,
        /// The whole answer.
        content: String,
    },
    /// The answer to `ping`.
    #[serde(rename = "pong")]
    Pong {},
    /// The answer to `auth`.
    #[serde(rename = "auth.renewed")]
    Renewed {
        /// When the socket closes unless it is renewed again.
        expires_at: Timestamp,
    },
    /// Sent 60 s before the socket closes.
    #[serde(rename = "auth.expiring")]
    Expiring {
        /// When it closes.
        expires_at: Timestamp,
    },
    /// The last message was not accepted; the socket stays.
    #[serde(rename = "error")]
    Error {
        /// Why.
        #[schemars(with = "String")]
        code: Code,
        /// In words.
        detail: String,
        /// In how many seconds to try again, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// The id of the answer that broke off; its question was kept, what had come of it was not.
        #[serde(skip_serializing_if = "Option::is_none")]
        message_id: Option<MessageId>,
    },
}
