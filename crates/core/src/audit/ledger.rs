//! What the checkpoints say, taken together.

use std::collections::{BTreeMap, HashSet};

use data_encoding::HEXLOWER;
use durward_proto::UserId;
use durward_store::{CheckpointKind, CheckpointRow, Head, Read, SeesAudit, StoreError, SystemStore};
use serde_json::{Value, json};

/// How many statements are read at once.
const PAGE: u32 = 1_000;

/// What is known of the lanes and of whom was erased.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The number of the newest statement.
    pub(super) last: i64,
    /// Where the rows of a lane begin: the last one that was cut off.
    pub(super) cuts: BTreeMap<i64, Head>,
    /// The newest head of each lane that was stated.
    pub(super) tops: BTreeMap<i64, Head>,
    /// Whose addresses were erased.
    pub(super) erased: HashSet<UserId>,
    /// Whether a server has started since there are chains: no row may stand outside of them.
    pub(super) has_started: bool,
}

impl Ledger {
    /// Everything that was stated.
    pub(super) async fn read(system: &SystemStore) -> Result<Self, StoreError> {
        let mut ledger = Self::default();
        let mut read = system.read().await?;
        while let Some(rows) = next_page(&mut read, ledger.last).await? {
            rows.iter().for_each(|row| ledger.add(row));
        }
        Ok(ledger)
    }

    /// Takes in one more statement.
    pub(super) fn add(&mut self, row: &CheckpointRow) {
        self.last = row.number;
        match row.kind {
            CheckpointKind::Start => self.has_started = true,
            CheckpointKind::Pruned => self.cuts.extend(cut_of(row).map(|cut| (cut.lane, cut))),
            CheckpointKind::Erased => {
                self.erased.extend(row.body().get("user").and_then(Value::as_i64).map(UserId));
            }
            CheckpointKind::Heads => {}
        }
        self.tops.extend(heads_of(row).into_iter().map(|head| (head.lane, head)));
    }

    /// Where the rows of a lane begin.
    pub(super) fn cut(&self, lane: i64) -> Head {
        self.cuts.get(&lane).cloned().unwrap_or_else(|| Head::before_all(lane))
    }

    /// Whether a head says something new.
    pub(super) fn is_news(&self, head: &Head) -> bool {
        self.tops.get(&head.lane).map_or(head.seq > 0, |top| head.seq > top.seq)
    }

    /// Whether a lane has gone back behind what was stated, which no server does.
    pub(super) fn went_back(&self, head: &Head) -> bool {
        let top = self.tops.get(&head.lane);
        top.is_some_and(|top| head.seq < top.seq || (head.seq == top.seq && head.hash != top.hash))
    }
}

/// The statements after a number; `None` when there are no more.
pub(super) async fn next_page<S: SeesAudit>(
    read: &mut Read<S>,
    after: i64,
) -> Result<Option<Vec<CheckpointRow>>, StoreError> {
    let rows = read.checkpoints_after(after, PAGE).await?;
    Ok((!rows.is_empty()).then_some(rows))
}

/// What `start` and `heads` state.
pub(super) fn heads_body(heads: &[Head]) -> Value {
    let heads: Vec<_> = heads.iter().map(|head| json!([head.lane, head.seq, HEXLOWER.encode(&head.hash)])).collect();
    json!({ "heads": heads })
}

/// The heads that a statement names.
pub(super) fn heads_of(row: &CheckpointRow) -> Vec<Head> {
    let body = row.body();
    let heads = body.get("heads").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    heads.iter().filter_map(|head| head_of(head.get(0)?, head.get(1)?, head.get(2)?)).collect()
}

fn cut_of(row: &CheckpointRow) -> Option<Head> {
    let body = row.body();
    head_of(body.get("lane")?, body.get("through")?, body.get("hash")?)
}

fn head_of(lane: &Value, seq: &Value, hash: &Value) -> Option<Head> {
    let hash = HEXLOWER.decode(hash.as_str()?.as_bytes()).ok()?;
    Some(Head { lane: lane.as_i64()?, seq: seq.as_i64()?, hash })
}
