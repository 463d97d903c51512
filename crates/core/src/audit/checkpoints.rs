//! Signed checkpoints: at the start, every minute in which something was written, and at the end.

use std::future::Future;
use std::time::Duration;

use data_encoding::HEXLOWER;
use durward_store::{CheckpointKind, CheckpointRow, Head, HeadRow, Read, StoreError, System, SystemStore};

use super::ledger::{self, Ledger};
use crate::fault::Fault;

/// How often the heads are looked at.
const EVERY: Duration = Duration::from_secs(60);
/// How many rows from before there were chains are taken in at once.
const JOINED: u32 = 500;

/// Makes checkpoints, as one of the nodes that do.
pub struct Checkpoints {
    system: SystemStore,
    /// What was stated since this node started, by whichever node.
    known: Ledger,
}

impl std::fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoints").field("last", &self.known.last).finish_non_exhaustive()
    }
}

impl Checkpoints {
    /// States all heads. Before the first such statement ever, rows from before there were chains are taken into one.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn start(system: SystemStore) -> Result<Self, Fault> {
        if !system.read().await?.has_started_audit().await? {
            join(&system).await?;
        }
        let mut write = system.write().await?;
        write.hold_checkpoints().await?;
        let heads: Vec<Head> = write.audit_heads().await?.iter().map(HeadRow::head).collect();
        let written: Vec<Head> = heads.into_iter().filter(|head| !head.is_empty()).collect();
        let row = write.add_checkpoint(CheckpointKind::Start, ledger::heads_body(&written)).await?;
        write.commit_unaudited("a checkpoint is signed itself").await?;
        tell(&row);
        let mut known = Ledger::default();
        known.add(&row);
        Ok(Self { system, known })
    }

    /// States the heads that are others than when they were last stated; nothing when none is.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn state(&mut self) -> Result<Option<CheckpointRow>, Fault> {
        if self.news(&mut self.system.read().await?).await?.is_empty() {
            return Ok(None);
        }
        let mut write = self.system.write().await?;
        write.hold_checkpoints().await?;
        // Another node may just have done it.
        let news = self.news(&mut write).await?;
        if news.is_empty() {
            return Ok(None);
        }
        let row = write.add_checkpoint(CheckpointKind::Heads, ledger::heads_body(&news)).await?;
        write.commit_unaudited("a checkpoint is signed itself").await?;
        tell(&row);
        self.known.add(&row);
        Ok(Some(row))
    }

    /// Goes on until it is told to stop, and makes a last one then.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        loop {
            let is_over = tokio::select! {
                () = &mut stop => true,
                () = tokio::time::sleep(EVERY) => false,
            };
            if let Err(fault) = self.state().await {
                tracing::warn!(cause = fault.cause(), "no checkpoint of the audit trail could be made");
            }
            if is_over {
                return;
            }
        }
    }

    /// The heads that were not stated yet.
    async fn news(&mut self, read: &mut Read<System>) -> Result<Vec<Head>, StoreError> {
        while let Some(rows) = ledger::next_page(read, self.known.last).await? {
            rows.iter().for_each(|row| self.known.add(row));
        }
        let heads = read.audit_heads().await?;
        let mut news = Vec::new();
        for head in heads.iter().map(HeadRow::head) {
            if self.known.went_back(&head) {
                tracing::error!(
                    lane = head.lane,
                    seq = head.seq,
                    "rows of the audit trail were taken away: durward audit verify"
                );
                metrics::counter!("durward_audit_lanes_cut_back_total").increment(1);
            } else if self.known.is_news(&head) {
                news.push(head);
            }
        }
        Ok(news)
    }
}

async fn join(system: &SystemStore) -> Result<(), StoreError> {
    let mut total = 0;
    loop {
        let mut write = system.write().await?;
        let joined = write.join_audit(JOINED).await?;
        write.commit_unaudited("rows that were written before are taken into a chain").await?;
        total += joined;
        if joined == 0 {
            if total > 0 {
                tracing::info!(rows = total, "took the audit trail from before there were chains into one");
            }
            return Ok(());
        }
    }
}

/// In the log, which is kept elsewhere: whoever puts an old database back cannot take this back.
fn tell(row: &CheckpointRow) {
    tracing::info!(number = row.number, hash = HEXLOWER.encode(&row.hash), "made a checkpoint of the audit trail");
}
