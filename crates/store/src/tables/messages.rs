//! `conversation_messages`: what was said. Every statement asks whose the conversation is.

use durward_proto::ids::UuidId;
use durward_proto::wire::chat::Author;
use durward_proto::{ConversationId, MessageId, Timestamp};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Own;
use crate::tables::After;
use crate::tx::{Read, Write};

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MessageRow {
    /// Its id.
    #[sqlx(try_from = "Db<MessageId>")]
    pub id: MessageId,
    /// Who said it.
    #[sqlx(try_from = "Db<Author>")]
    pub author: Author,
    /// What was said.
    pub content: String,
    /// Which model answered.
    pub model: Option<String>,
    /// When.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
}

/// A message to keep.
#[derive(Debug, Clone)]
pub struct NewMessage<'a> {
    /// Its id.
    pub id: MessageId,
    /// Who said it.
    pub author: Author,
    /// What was said.
    pub content: &'a str,
    /// Which model answered.
    pub model: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

queries! {
    /// Notes the message's time on its conversation, if that is the user's.
    TOUCH = "UPDATE conversations SET updated_at = $3 WHERE id = $1 AND user_id = $2";
    /// Keeps a message.
    INSERT = "INSERT INTO conversation_messages (id, conversation_id, author, content, model, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// Whether the conversation is the user's.
    OWNED = "SELECT 1 FROM conversations WHERE id = $1 AND user_id = $2";
    /// A page, oldest first.
    PAGE = "SELECT m.id, m.author, m.content, m.model, m.created_at FROM conversation_messages m \
        JOIN conversations c ON c.id = m.conversation_id WHERE c.id = $1 AND c.user_id = $2 \
        AND (m.created_at, m.id) > ($3, $4) ORDER BY m.created_at, m.id LIMIT $5";
    /// The last ones, newest first.
    RECENT = "SELECT m.id, m.author, m.content, m.model, m.created_at FROM conversation_messages m \
        JOIN conversations c ON c.id = m.conversation_id WHERE c.id = $1 AND c.user_id = $2 \
        ORDER BY m.created_at DESC, m.id DESC LIMIT $3";
}

impl Read<Own> {
    /// A page of a conversation, oldest first. `None` when it is not the asking user's.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn messages(
        &mut self,
        conversation: ConversationId,
        after: Option<After>,
        limit: u32,
    ) -> Result<Option<Vec<MessageRow>>, StoreError> {
        let user = self.scope.user;
        let after = after.unwrap_or(After::oldest());
        let page: Vec<MessageRow> = on!(self, |c, sql| sqlx::query_as(sql(PAGE))
            .bind(conversation.uuid())
            .bind(user.0)
            .bind(Db(after.at))
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        // Rows are proof enough; only an empty page leaves the question open.
        if page.is_empty() && !self.owns(conversation).await? {
            return Ok(None);
        }
        Ok(Some(page))
    }

    /// The last messages of a conversation, oldest first. Empty when it is not the asking user's.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn recent_messages(
        &mut self,
        conversation: ConversationId,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let user = self.scope.user;
        let mut messages: Vec<MessageRow> = on!(self, |c, sql| sqlx::query_as(sql(RECENT))
            .bind(conversation.uuid())
            .bind(user.0)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        messages.reverse();
        Ok(messages)
    }

    async fn owns(&mut self, conversation: ConversationId) -> Result<bool, StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query(sql(OWNED))
            .bind(conversation.uuid())
            .bind(user.0)
            .fetch_optional(c)
            .await
            .map(|row| row.is_some()))
    }
}

impl Write<Own> {
    /// Keeps a message and notes its time on the conversation; `false` when that is not the asking user's.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Conflict` for a text with U+0000.
    pub async fn insert_message(
        &mut self,
        conversation: ConversationId,
        new: &NewMessage<'_>,
    ) -> Result<bool, StoreError> {
        let user = self.scope.user;
        // This holds the conversation's row until the commit, so it cannot be deleted in between.
        let owned = on!(self, |c, sql| sqlx::query(sql(TOUCH))
            .bind(conversation.uuid())
            .bind(user.0)
            .bind(Db(new.now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))?;
        if !owned {
            return Ok(false);
        }
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(new.id.uuid())
            .bind(conversation.uuid())
            .bind(Db(new.author))
            .bind(new.content)
            .bind(new.model)
            .bind(Db(new.now))
            .execute(c)
            .await
            .map(drop))?;
        Ok(true)
    }
}
