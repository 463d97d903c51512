//! Reading, and writing in a transaction that names its audit event.

use std::ops::{Deref, DerefMut};

use durward_proto::{Random, Timestamp};

use crate::audit::Audit;
use crate::error::StoreError;
use crate::link::Link;
use crate::open::Backend;

/// A connection within a scope. The statements are in `tables/`, one file per table.
#[derive(Debug)]
pub struct Read<S> {
    link: Link,
    pub(crate) scope: S,
}

impl<S> Read<S> {
    pub(crate) fn new(link: Link, scope: S) -> Self {
        Self { link, scope }
    }

    pub(crate) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.link.shared.clock.now()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.link.shared.random
    }

    pub(crate) fn backend(&self) -> Backend {
        self.link.shared.backend()
    }
}

/// A transaction within a scope; whatever can be read can be read in it. Dropped without a commit it is undone,
/// also when the future that held it is dropped in the middle of a statement.
#[derive(Debug)]
#[must_use = "a transaction that is not committed is undone"]
pub struct Write<S> {
    read: Read<S>,
    /// Whether events were appended, for which the bells have to ring.
    pub(crate) rings: bool,
}

impl<S> Write<S> {
    pub(crate) fn new(read: Read<S>) -> Self {
        Self { read, rings: false }
    }

    /// Commits, with a row of the audit trail in the same transaction.
    ///
    /// # Errors
    /// When the commit fails nothing was written. When it is `Unavailable` because no answer came, it is not
    /// known whether it was.
    pub async fn commit(mut self, audit: Audit) -> Result<(), StoreError> {
        self.insert_audit(&audit).await?;
        self.end().await
    }

    /// Adds a row of the audit trail beside that of [`Write::commit`], where one transaction does more than one thing.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn also(&mut self, audit: &Audit) -> Result<(), StoreError> {
        self.insert_audit(audit).await
    }

    /// Commits without an audit row; `why` says, in the code, why none is needed.
    ///
    /// # Errors
    /// As [`Write::commit`].
    pub async fn commit_unaudited(self, why: &'static str) -> Result<(), StoreError> {
        tracing::trace!(why, "a commit without an audit row");
        self.end().await
    }

    async fn end(self) -> Result<(), StoreError> {
        let shared = self.rings.then(|| self.read.link.shared.clone());
        let committed = self.read.link.commit().await;
        // Also when no answer came: it may have been committed, and to ring for nothing costs one read.
        if let Some(shared) = shared {
            shared.rung.send_modify(|commits| *commits += 1);
        }
        committed
    }
}

impl<S> Deref for Write<S> {
    type Target = Read<S>;
    fn deref(&self) -> &Read<S> {
        &self.read
    }
}

impl<S> DerefMut for Write<S> {
    fn deref_mut(&mut self) -> &mut Read<S> {
        &mut self.read
    }
}
