//! What operators see of others.

use durward_proto::UserId;
use durward_proto::wire::auth::User;
use durward_proto::wire::list::{Page, PageQuery};
use durward_verify::{Admin, Permit};

use crate::fault::Fault;
use crate::page;
use crate::service::Core;

impl Core {
    /// Lists users by id; `query` is a part of an address or a name.
    ///
    /// # Errors
    /// `validation_failed` for a bad page; 503 when the database is away.
    pub async fn users(
        &self,
        permit: &Permit<Admin>,
        query: Option<&str>,
        paging: &PageQuery,
    ) -> Result<Page<User>, Fault> {
        let limit = page::limit(paging)?;
        if query.is_some_and(|query| query.contains('\0')) {
            return Err(Fault::field("/query", "the character U+0000 stands in no address and no name"));
        }
        let after = match paging.cursor.as_deref().map(str::parse::<UserId>) {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(_)) => return Err(page::bad_cursor()),
        };
        let mut rows = self.store.any_user(permit).read().await?.users(query, after, limit + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
        Ok(Page { items: rows.into_iter().map(User::from).collect(), next_cursor })
    }
}
