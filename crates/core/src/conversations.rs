//! The caller's conversations.

use durward_proto::wire::chat::{Conversation, Message};
use durward_proto::wire::list::{Page, PageQuery};
use durward_proto::{Code, ConversationId};
use durward_verify::Verified;

use crate::client::Client;
use crate::fault::Fault;
use crate::page;
use crate::service::Core;

impl Core {
    /// Lists them, the one that was used last first.
    ///
    /// # Errors
    /// `validation_failed` for a bad page; 503 when the database is away.
    pub async fn conversations(&self, who: &Verified, query: &PageQuery) -> Result<Page<Conversation>, Fault> {
        let (limit, after) = (page::limit(query)?, page::after(query)?);
        let rows = self.store.own(who).read().await?.conversations(after, limit + 1).await?;
        Ok(page::page(
            rows,
            limit,
            |row| page::place(row.updated_at, row.id),
            |row| Conversation { id: row.id, title: row.title, created_at: row.created_at, updated_at: row.updated_at },
        ))
    }

    /// Lists the messages of one, oldest first.
    ///
    /// # Errors
    /// `not_found`, `validation_failed` for a bad page; 503 when the database is away.
    pub async fn messages(
        &self,
        who: &Verified,
        conversation: ConversationId,
        query: &PageQuery,
    ) -> Result<Page<Message>, Fault> {
        let (limit, after) = (page::limit(query)?, page::after(query)?);
        let mut read = self.store.own(who).read().await?;
        let rows = read.messages(conversation, after, limit + 1).await?;
        let rows = rows.ok_or_else(|| Fault::new(Code::NotFound))?;
        Ok(page::page(
            rows,
            limit,
            |row| page::place(row.created_at, row.id),
            |row| Message { id: row.id, role: row.author, content: row.content, created_at: row.created_at },
        ))
    }

    /// Deletes one with all its messages.
    ///
    /// # Errors
    /// `not_found`; 503 when the database is away.
    pub async fn delete_conversation(
        &self,
        who: &Verified,
        conversation: ConversationId,
        client: &Client,
    ) -> Result<(), Fault> {
        let mut write = self.store.own(who).write().await?;
        if !write.delete_conversation(conversation).await? {
            return Err(Fault::new(Code::NotFound));
        }
        let audit = client.audit("conversation_deleted").actor(who.user_id()).subject(who.user_id());
        write.commit(audit.session(who.session_id())).await?;
        Ok(())
    }
}
