//! The database of durward: the only place with SQL.
//!
//! One SQL text serves SQLite and PostgreSQL ([`query`] names every statement), the schema is made by the
//! migrations alone ([`SystemStore::migrate`]), and a database that does not fit the program is found before
//! anybody is served ([`SystemStore::check_schema`]).
//!
//! What may be touched is decided by which store one holds. [`Store::own`] asks for the proof of who is
//! asking, and every statement under it carries that user's id, so another's row is simply not found:
//!
//! ```
//! fn good(store: &durward_store::Store, who: &durward_verify::Verified) -> durward_store::OwnStore {
//!     store.own(who)
//! }
//! ```
//! ```compile_fail
//! fn bad(store: &durward_store::Store, who: durward_proto::UserId) -> durward_store::OwnStore {
//!     store.own(&who)
//! }
//! ```
//!
//! [`Store::any_user`] asks for a permit, and goes no further than its right:
//!
//! ```
//! use durward_verify::{Permit, ReadUsers};
//! async fn good(store: &durward_store::Store, permit: &Permit<ReadUsers>) -> Result<(), durward_store::StoreError> {
//!     store.any_user(permit).read().await?.user(durward_proto::UserId(1)).await.map(drop)
//! }
//! ```
//! ```compile_fail
//! fn bad(store: &durward_store::Store, who: &durward_verify::Verified) -> durward_store::AnyUserStore {
//!     store.any_user(who)
//! }
//! ```
//! ```compile_fail,E0599
//! use durward_verify::{EndSessions, Permit};
//! async fn bad(store: &durward_store::Store, permit: &Permit<EndSessions>) -> Result<(), durward_store::StoreError> {
//!     store.any_user(permit).read().await?.user(durward_proto::UserId(1)).await.map(drop)
//! }
//! ```
//!
//! [`GateStore`] (credentials, before anybody is known) and [`SystemStore`] (jobs, checks, migrations) come
//! out of [`Opened`] alone, once, at the wiring. A [`Store`] leads to neither:
//!
//! ```
//! fn good(opened: durward_store::Opened) -> (durward_store::GateStore, durward_store::SystemStore) {
//!     (opened.gate, opened.system)
//! }
//! ```
//! ```compile_fail
//! fn bad(store: &durward_store::Store) -> durward_store::GateStore {
//!     durward_store::GateStore { shared: store.shared.clone(), scope: durward_store::Gate(()) }
//! }
//! ```
//! ```compile_fail
//! fn bad(store: durward_store::Store) -> durward_store::SystemStore {
//!     store.into()
//! }
//! ```

mod audit;
mod bell;
mod catalogue;
mod check;
mod connections;
mod encode;
mod error;
mod gather;
mod later;
mod link;
mod meters;
mod migrate;
mod open;
mod partitions;
mod query;
mod scope;
mod sqlite;
mod tables;
mod tally;
mod tx;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use audit::{
    Audit, AuditKeyFault, AuditKeys, AuditOptions, AuditRow, Broken, CheckpointFault, CheckpointKind, CheckpointRow,
    Head, signed_hash,
};
pub use bell::Bell;
pub use check::SchemaFault;
pub use error::StoreError;
pub use migrate::{SchemaState, rendered};
pub use open::{Backend, Opened, PgTarget, SslMode, StoreOptions, Target};
pub use scope::{
    AnyUser, AnyUserStore, ChangesUsers, EndsSessions, Gate, GateStore, Own, OwnStore, Scope, Scoped, SeesAttempts,
    SeesAudit, SeesFigures, SeesSessions, SeesUsers, Store, System, SystemStore,
};
pub use tables::{
    AUDIT_LANES, After, AlertRow, AnySessionRow, AttemptFilter, AttemptRow, AuditExtent, AuditFilter, BudgetRule,
    CeremonyBond, CeremonyPurpose, ChallengePurpose, ChallengeRow, Charge, ConversationRow, CredentialRow,
    DeviceChange, DeviceRow, EmailChangeRow, EventKind, EventRow, Expired, FactorsRow, FigureRow, HeadRow, Held,
    HeldPage, HeldPasskeyRow, KeyRow, LiveRow, LoginCountRow, MailRow, MessageRow, NewAlert, NewAttempt, NewChallenge,
    NewEmailChange, NewEvent, NewFigure, NewKey, NewMail, NewMessage, NewPasskey, NewRecoveryToken, NewRisk,
    NewSession, NewTicket, NewTrust, NewUser, OfferedPasskeyRow, OwnDeviceRow, PasskeyRow, PlaceCountRow,
    ProfileOutlineRow, RecoveryPurpose, RecoveryRow, RefreshRow, RegisteredRow, RiskEvidence, SecurityEventRow,
    SeenDevice, SeenEvent, SessionRow, TakenJob, TicketRow, TotpRow, TrustRow, UserFilter, UserRow, Waiting,
    WebhookRow,
};
pub use tally::{Spent, tallied};
pub use tx::{Read, Write};
