//! Retention: old rows are cut off at the beginning of their lanes, and a signed statement says so.

use durward_proto::Timestamp;
use durward_store::{Broken, Head, SystemStore};

use super::ledger::Ledger;
use crate::fault::Fault;

/// How many rows are removed in one transaction.
const CHUNK: u32 = 2_000;

/// Removes the rows from before `before`, the oldest of each lane up to the first that is younger, in chunks, and says how
/// many there were. Each chunk leaves a signed statement, so that a verification accepts the gap. A lane whose
/// beginning does not verify is left as it is: what was tampered with must not be tidied away.
///
/// # Errors
/// When the database is away.
pub async fn prune(system: &SystemStore, before: Timestamp) -> Result<u64, Fault> {
    let ledger = Ledger::read(system).await?;
    let mut removed = 0;
    let heads = system.read().await?.audit_heads().await?;
    for head in heads {
        let mut cut = ledger.cut(head.lane);
        while let Some(through) = chunk(system, &ledger, &cut, before).await? {
            let mut write = system.write().await?;
            removed += write.cut_audit(&through, before).await?;
            write.commit_unaudited("the cut is in a signed statement").await?;
            cut = through;
        }
    }
    Ok(removed)
}

/// The last row that goes with the next chunk of a lane.
async fn chunk(system: &SystemStore, ledger: &Ledger, cut: &Head, before: Timestamp) -> Result<Option<Head>, Fault> {
    let mut read = system.read().await?;
    let canonical_text = read.keeps_json_text();
    let rows = read.audit_range(cut.lane, cut.seq, i64::MAX, CHUNK).await?;
    let mut through = cut.clone();
    for row in rows.iter().take_while(|row| row.at < before) {
        let follows = row.seq == Some(through.seq + 1);
        let is_erased = |broken| broken == Broken::Erased && ledger.erased.iter().any(|user| row.is_of(*user));
        if !follows || row.check(&through.hash, canonical_text).is_err_and(|broken| !is_erased(broken)) {
            tracing::error!(
                lane = cut.lane,
                seq = through.seq + 1,
                "the audit trail was tampered with, and is not pruned: durward audit verify"
            );
            break;
        }
        through = row.head();
    }
    Ok((through.seq > cut.seq).then_some(through))
}
