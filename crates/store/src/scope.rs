//! What may be touched. A store is of one scope, and a statement is a method of the scope that may run it.

use std::marker::PhantomData;
use std::sync::Arc;

use durward_proto::{SessionId, UserId};
use durward_verify::{
    Admin, ChangeUsers, EndSessions, Permit, ReadAudit, ReadOverview, ReadSessions, ReadUsers, Right, Verified,
};

use crate::audit::AuditKeys;
use crate::error::StoreError;
use crate::link::{Durability, Link};
use crate::meters::Who;
use crate::open::Shared;
use crate::tx::{Read, Write};

/// The rows of the user who asks. Made from the proof of who that is.
#[derive(Debug, Clone)]
pub struct Own {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
}

/// Any user's rows, as far as the right `R` goes.
#[derive(Debug)]
pub struct AnyUser<R = Admin>(PhantomData<fn() -> R>);

impl<R> Clone for AnyUser<R> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

/// Credentials, sessions and budgets before anybody is known: the login flows.
#[derive(Debug, Clone)]
pub struct Gate(());

/// Jobs, checks and migrations, which depend on nobody's authentication.
#[derive(Debug, Clone)]
pub struct System(());

/// Gives scopes what their statements ask for.
macro_rules! reaches {
    ($($(#[doc = $doc:literal])+ $Reach:ident $(+ $More:ident)?: $($Scope:ty),+;)+) => {$(
        $(#[doc = $doc])+
        pub trait $Reach: $($More +)? Clone + Send + Sync {}
        $(impl $Reach for $Scope {})+
    )+};
}

reaches! {
    /// Any account may be read.
    SeesUsers: System, AnyUser<ReadUsers>;
    /// Anybody's sessions and devices may be read.
    SeesSessions: System, AnyUser<ReadSessions>;
    /// The login trail of everybody may be read.
    SeesAttempts: System, AnyUser<ReadAudit>;
    /// The audit trail may be read.
    SeesAudit: System, AnyUser<ReadAudit>;
    /// Counts of everything may be read.
    SeesFigures: System, AnyUser<ReadOverview>;
    /// Anybody's sessions may be ended.
    EndsSessions: System, AnyUser<EndSessions>, AnyUser<ChangeUsers>;
    /// Any account may be changed.
    ChangesUsers + EndsSessions: System, AnyUser<ChangeUsers>;
}

/// The database within one scope. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scoped<S> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scope: S,
}

/// The asking user's own rows.
pub type OwnStore = Scoped<Own>;
/// Any user's rows.
pub type AnyUserStore<R = Admin> = Scoped<AnyUser<R>>;
/// What the login flows hold.
pub type GateStore = Scoped<Gate>;
/// What jobs, checks and migrations hold.
pub type SystemStore = Scoped<System>;

/// What a request's handler holds: it leads to rows only together with a proof. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

impl Store {
    /// The rows of the user who asks.
    pub fn own(&self, who: &Verified) -> OwnStore {
        Scoped::own(&self.shared, who.user_id(), who.session_id())
    }

    /// Any user's rows, as far as the permit's right goes.
    pub fn any_user<R: Right>(&self, _permit: &Permit<R>) -> AnyUserStore<R> {
        Scoped { shared: self.shared.clone(), scope: AnyUser(PhantomData) }
    }
}

impl Scoped<Own> {
    pub(crate) fn own(shared: &Arc<Shared>, user: UserId, session: SessionId) -> Self {
        Self { shared: shared.clone(), scope: Own { user, session } }
    }
}

/// One of the four scopes.
pub trait Scope: Clone + sealed::Named {}
impl<S: Clone + sealed::Named> Scope for S {}

pub(crate) mod sealed {
    use crate::meters::Who;

    /// What only this crate can say of a type.
    pub trait Named {
        /// For whom its statements are counted.
        #[doc(hidden)]
        const WHO: Who;
    }
}

impl sealed::Named for Own {
    const WHO: Who = Who::Own;
}
impl<R> sealed::Named for AnyUser<R> {
    const WHO: Who = Who::AnyUser;
}
impl sealed::Named for Gate {
    const WHO: Who = Who::Gate;
}
impl sealed::Named for System {
    const WHO: Who = Who::System;
}

impl<S: Scope> Scoped<S> {
    /// A connection to read with. Each statement sees what is committed when it starts.
    ///
    /// # Errors
    /// `Unavailable` when no connection becomes free within `acquire_timeout`.
    pub async fn read(&self) -> Result<Read<S>, StoreError> {
        Ok(Read::new(Link::reader(&self.shared, S::WHO).await?, self.scope.clone()))
    }

    /// A transaction. It is undone unless it is committed.
    ///
    /// # Errors
    /// `Unavailable` when no connection becomes free within `acquire_timeout`.
    pub async fn write(&self) -> Result<Write<S>, StoreError> {
        self.begin(Durability::Now).await
    }

    /// A transaction whose commit waits for no disk: a later one of the same flow does, before anybody is answered. What is
    /// committed later comes to the disk later, so that this one is there by then.
    ///
    /// # Errors
    /// As [`Scoped::write`].
    pub async fn write_ahead(&self) -> Result<Write<S>, StoreError> {
        self.begin(Durability::Later).await
    }

    async fn begin(&self, durability: Durability) -> Result<Write<S>, StoreError> {
        let link = Link::writer(&self.shared, S::WHO, durability).await?;
        Ok(Write::new(Read::new(link, self.scope.clone())))
    }
}

impl Scoped<System> {
    /// What the audit trail is authenticated and signed with, where that is known.
    pub fn audit_keys(&self) -> Option<&AuditKeys> {
        self.shared.audit.keys.as_ref()
    }
}

/// What [`Store::any_user`] gives for a permit.
#[cfg(test)]
pub(crate) fn any_user<R: Right>(shared: &Arc<Shared>) -> AnyUserStore<R> {
    Scoped { shared: shared.clone(), scope: AnyUser(PhantomData) }
}

/// The three capabilities that come out of opening a database.
pub(crate) fn capabilities(shared: Arc<Shared>) -> (Store, GateStore, SystemStore) {
    (
        Store { shared: shared.clone() },
        Scoped { shared: shared.clone(), scope: Gate(()) },
        Scoped { shared, scope: System(()) },
    )
}
