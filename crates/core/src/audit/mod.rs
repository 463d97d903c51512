//! The audit trail as a whole: checkpoints while the server runs, and what an auditor or operator does with it. The rows
//! themselves are written by [`Write::commit`]; how they are chained is in the store's `audit`.

mod checkpoints;
mod export;
mod findings;
mod ledger;
mod prune;
mod query;
#[cfg(test)]
mod tests;
mod verify;

pub use checkpoints::Checkpoints;
pub use export::{AuditExport, ExportFormat, UnknownFormat};
pub use findings::{Anchor, Finding, Verdict};
pub use prune::prune;
pub use query::AuditPieces;
pub use verify::{Progress, verify};

use durward_proto::UserId;
use durward_store::Write;

/// Erases a person from the audit trail when this transaction commits: the addresses in the rows of what they did, and of
/// what nobody known did to them. The rows stay, with the numbers of users that no longer are; a signed statement says
/// what was erased, so that [`verify`] accepts it. What the transaction itself says about the person has no address.
pub fn erase_person<S>(write: &mut Write<S>, user: UserId) {
    write.forget_person(user);
}
