//! `conversations`: the chats of a user.

use durward_proto::ids::UuidId;
use durward_proto::{ConversationId, Timestamp};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Own;
use crate::tables::After;
use crate::tx::{Read, Write};

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ConversationRow {
    /// Its id.
    #[sqlx(try_from = "Db<ConversationId>")]
    pub id: ConversationId,
    /// The beginning of its first message.
    pub title: String,
    /// When it was begun.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// When its last message came.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub updated_at: Timestamp,
}

queries! {
    /// Begins one.
    INSERT = "INSERT INTO conversations (id, user_id, title, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)";
    /// A page of a user's, the last used first.
    PAGE = "SELECT id, title, created_at, updated_at FROM conversations \
        WHERE user_id = $1 AND (updated_at, id) < ($2, $3) ORDER BY updated_at DESC, id DESC LIMIT $4";
    /// Deletes one with its messages.
    DELETE = "DELETE FROM conversations WHERE id = $1 AND user_id = $2";
}

impl Read<Own> {
    /// A page of the asking user's conversations, the last used first; `After::at` is `updated_at`.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn conversations(
        &mut self,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<ConversationRow>, StoreError> {
        let user = self.scope.user;
        let after = after.unwrap_or(After::newest());
        on!(self, |c, sql| sqlx::query_as(sql(PAGE))
            .bind(user.0)
            .bind(Db(after.at))
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }
}

impl Write<Own> {
    /// Begins a conversation of the asking user.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Conflict` for a text with U+0000.
    pub async fn insert_conversation(
        &mut self,
        id: ConversationId,
        title: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(id.uuid())
            .bind(user.0)
            .bind(title)
            .bind(Db(now))
            .execute(c)
            .await
            .map(drop))
    }

    /// Deletes a conversation with its messages; `false` when it is not the asking user's.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn delete_conversation(&mut self, id: ConversationId) -> Result<bool, StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query(sql(DELETE))
            .bind(id.uuid())
            .bind(user.0)
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }
}
