//! Reading, and writing in a transaction that names its audit event.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;

use durward_proto::{Random, Timestamp, UserId};

use crate::audit::{Audit, AuditKeys, AuditOptions};
use crate::error::StoreError;
use crate::link::Link;
use crate::open::Backend;
use crate::tables::Settling;

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

    /// What audit rows are authenticated with, and the name of this node.
    pub(crate) fn auditor(&self) -> Result<(AuditKeys, Arc<str>), StoreError> {
        let AuditOptions { keys, node } = &self.link.shared.audit;
        let keys = keys.clone().ok_or_else(|| {
            let why = "tokens.secret is not set: the audit trail is authenticated with keys made from it or from keys.master_key";
            StoreError::Broken(why.to_owned())
        })?;
        Ok((keys, node.clone()))
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
    /// Which budgets are settled at the commit, in the order of their keys.
    pub(crate) budgets: BTreeMap<String, Settling>,
    /// What is appended to the audit trail at the commit.
    pub(crate) audits: Vec<Audit>,
    /// Whose addresses are erased from it at the commit.
    pub(crate) forgotten: Vec<UserId>,
}

impl<S> Write<S> {
    pub(crate) fn new(read: Read<S>) -> Self {
        Self { read, rings: false, budgets: BTreeMap::new(), audits: Vec::new(), forgotten: Vec::new() }
    }

    /// Commits, with a row of the audit trail in the same transaction.
    ///
    /// # Errors
    /// When the commit fails nothing was written. When it is `Unavailable` because no answer came, it is not
    /// known whether it was.
    pub async fn commit(mut self, audit: Audit) -> Result<(), StoreError> {
        self.audits.push(audit);
        self.ending().await
    }

    /// Adds a row of the audit trail beside that of [`Write::commit`], where one transaction does more than one thing.
    /// It is written at the commit, too.
    ///
    /// # Errors
    /// None: what cannot be written is the commit's error.
    pub async fn also(&mut self, audit: &Audit) -> Result<(), StoreError> {
        self.audits.push(audit.clone());
        Ok(())
    }

    /// Commits without an audit row of its own; `why` says, in the code, why none is needed.
    ///
    /// # Errors
    /// As [`Write::commit`].
    pub async fn commit_unaudited(self, why: &'static str) -> Result<(), StoreError> {
        tracing::trace!(why, "a commit without an audit row");
        self.ending().await
    }

    fn ending(self) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>> {
        Box::pin(self.into_ending().end())
    }

    pub(crate) fn into_ending(self) -> Write<Ending> {
        let Self { read, rings, budgets, audits, forgotten } = self;
        Write { read: Read::new(read.link, Ending), rings, budgets, audits, forgotten }
    }
}

/// The scope of a transaction's last statements. They are the same for all scopes, and are compiled once.
#[derive(Debug)]
pub(crate) struct Ending;

impl Write<Ending> {
    async fn end(mut self) -> Result<(), StoreError> {
        self.settle_budgets().await?;
        self.append_audits().await?;
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
