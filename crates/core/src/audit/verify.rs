//! Whether the trail is as it was written. Rows are read in pieces, as many at once as there are cores; a piece begins with
//! the hash of the row before it, so that all pieces together are the chain.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use durward_proto::UserId;
use durward_store::{
    AUDIT_LANES, AuditKeys, AuditRow, Broken, CheckpointFault, CheckpointKind, Head, HeadRow, StoreError, SystemStore,
};
use futures_util::StreamExt;
use futures_util::stream;

use super::findings::{Anchor, Finding, Verdict};
use super::ledger::{self, Ledger};
use crate::fault::Fault;

/// How many rows a piece has.
const PIECE: i64 = 5_000;
/// How many rows outside of the chains are named.
const OUTSIDE: u32 = 1_000;
/// Retention and erasure may go on meanwhile: then it is looked again, so often at most.
const AGAIN: usize = 30;

/// How far a verification has got.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// How many rows were read.
    pub rows: u64,
    /// How many there are.
    pub of: u64,
}

/// Verifies the whole trail. `anchor` is a checkpoint that has to be in it still; `tell` hears now and then how far it is.
///
/// # Errors
/// When the database is away, the keys are not known, or rows are removed all the time. What is wrong with the trail is no error: it is in the verdict.
pub async fn verify(
    system: &SystemStore,
    workers: usize,
    anchor: Option<&Anchor>,
    tell: impl Fn(Progress) + Send + Sync,
) -> Result<Verdict, Fault> {
    let keys = system
        .audit_keys()
        .ok_or_else(|| Fault::unavailable("tokens.secret is not set: the trail's keys are not known"))?;
    let mut turn = 1;
    loop {
        let (mut verdict, last) = once(system, keys, workers, anchor, &tell).await?;
        verdict.good = verdict.count == 0;
        if verdict.good || !rows_went_after(system, last).await? {
            return Ok(verdict);
        }
        if turn == AGAIN {
            return Err(Fault::unavailable(
                "retention or erasure changes the trail all the time: verify when they are done",
            ));
        }
        turn += 1;
    }
}

/// Whether retention or erasure has changed rows since this checkpoint.
async fn rows_went_after(system: &SystemStore, number: i64) -> Result<bool, StoreError> {
    let rows = system.read().await?.checkpoints_after(number, 100).await?;
    Ok(rows.iter().any(|row| matches!(row.kind, CheckpointKind::Pruned | CheckpointKind::Erased)))
}

/// What the checkpoints say, once they are verified.
#[derive(Default)]
struct Statements {
    ledger: Ledger,
    /// Lane, number, hash, and the checkpoint that states it.
    stated: BTreeMap<i64, BTreeMap<i64, (Vec<u8>, i64)>>,
    /// All is signed under a key that is not ours: nothing can be believed, and that is said once.
    other_key: bool,
}

async fn once(
    system: &SystemStore,
    keys: &AuditKeys,
    workers: usize,
    anchor: Option<&Anchor>,
    tell: &(impl Fn(Progress) + Send + Sync),
) -> Result<(Verdict, i64), Fault> {
    let mut verdict = Verdict::default();
    let statements = statements(system, keys, anchor, &mut verdict).await?;
    let last = statements.ledger.last;
    let mut read = system.read().await?;
    // Before the heads: what is committed later has higher numbers than either.
    let extents: BTreeMap<_, _> = read.audit_extents().await?.into_iter().map(|extent| (extent.lane, extent)).collect();
    let heads: BTreeMap<_, _> = read.audit_heads().await?.into_iter().map(|head| (head.lane, head)).collect();
    let canonical_text = read.keeps_json_text();
    drop(read);
    outside(system, statements.ledger.has_started, &mut verdict).await?;

    let mut pieces = Vec::new();
    let lanes: BTreeSet<i64> = (0..AUDIT_LANES).chain(heads.keys().chain(extents.keys()).copied()).collect();
    for lane in lanes {
        let cut = statements.ledger.cut(lane);
        let extent = extents.get(&lane);
        let last_row = extent.map_or(cut.seq, |extent| extent.last);
        let end = head_of(lane, heads.get(&lane), keys, &statements, last_row, &mut verdict);
        if extent.is_some_and(|extent| extent.first <= cut.seq) {
            pieces.push(Piece { lane, from: i64::MIN, to: cut.seq, place: Place::Before });
        }
        if last_row > end {
            pieces.push(Piece { lane, from: end, to: i64::MAX, place: Place::Behind });
        }
        if end > cut.seq && extent.is_none() && is_empty(system, lane, cut.seq, end).await? {
            let words = "all rows of the lane are gone";
            verdict.add(Finding::new("missing", words).at(lane, cut.seq + 1).through(end));
            continue;
        }
        let mut from = cut.seq;
        while from < end {
            let to = from.saturating_add(PIECE).min(end);
            pieces.push(Piece { lane, from, to, place: Place::Within });
            from = to;
        }
        verdict.lanes += usize::from(end > 0);
        let top = statements.ledger.tops.get(&lane).map_or(0, |top| top.seq);
        verdict.unstated += (end - top.max(cut.seq)).max(0);
    }

    let of = extents.values().map(|extent| u64::try_from(extent.count).unwrap_or_default()).sum();
    let known = Arc::new(Known {
        cuts: statements.ledger.cuts,
        erased: statements.ledger.erased,
        stated: statements.stated,
        canonical_text,
    });
    let work = stream::iter(pieces).map(|piece| {
        let (system, known) = (system.clone(), known.clone());
        async move {
            let (lane, from) = (piece.lane, piece.from);
            match tokio::spawn(async move { piece.verified(&system, &known).await }).await {
                Ok(outcome) => outcome,
                // A value that the driver cannot take apart.
                Err(_) => Ok(Outcome::only(
                    Finding::new("unreadable", "rows from here on cannot be read").at(lane, from.max(0) + 1),
                )),
            }
        }
    });
    let mut work = work.buffer_unordered(workers.max(1));
    while let Some(outcome) = work.next().await {
        let outcome = outcome?;
        verdict.rows += outcome.rows;
        verdict.erased += outcome.erased;
        outcome.findings.into_iter().for_each(|finding| verdict.add(finding));
        tell(Progress { rows: verdict.rows, of });
    }
    verdict.findings.sort_by_key(|finding| (finding.checkpoint, finding.lane, finding.seq));
    Ok((verdict, last))
}

/// Whether a lane has no row between these numbers now: its first may have come after the extents were read.
async fn is_empty(system: &SystemStore, lane: i64, from: i64, to: i64) -> Result<bool, Fault> {
    match system.read().await?.audit_range(lane, from, to, 1).await {
        Ok(rows) => Ok(rows.is_empty()),
        // There is one. Its own piece says what is wrong with it.
        Err(StoreError::Broken(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Verifies the checkpoints, and takes what they state.
async fn statements(
    system: &SystemStore,
    keys: &AuditKeys,
    anchor: Option<&Anchor>,
    verdict: &mut Verdict,
) -> Result<Statements, Fault> {
    let mut all = Statements::default();
    let (mut previous, mut number) = (String::new(), 0);
    let mut seen_current = false;
    let mut is_anchored = anchor.is_none();
    let mut read = system.read().await?;
    loop {
        let rows = match ledger::next_page(&mut read, number).await {
            Ok(Some(rows)) => rows,
            Ok(None) => break,
            Err(StoreError::Broken(why)) => {
                verdict.add(Finding::new("unreadable", why).checkpoint(number + 1));
                break;
            }
            Err(error) => return Err(error.into()),
        };
        for row in rows {
            verdict.checkpoints += 1;
            let follows = row.number == number + 1;
            if !follows {
                let words = format!("checkpoints {} to {} are missing", number + 1, row.number - 1);
                verdict.add(Finding::new("checkpoint", words).checkpoint(number + 1));
                previous = row.body().get("previous").and_then(|text| text.as_str()).unwrap_or_default().to_owned();
            }
            number = row.number;
            let key = row.body().get("key").and_then(|key| key.as_str()).unwrap_or_default().to_owned();
            let checked = row.check(&previous, keys, read.keeps_json_text());
            previous = data_encoding::HEXLOWER.encode(&row.hash);
            is_anchored |= anchor.is_some_and(|anchor| anchor.number == row.number && anchor.hash == row.hash);
            match checked {
                Ok(()) if seen_current && keys.is_former(&key) => {
                    let words = "it is signed under a key that was no longer in use";
                    verdict.add(Finding::new("checkpoint", words).checkpoint(number));
                    continue;
                }
                Ok(()) => seen_current |= !keys.is_former(&key),
                Err(CheckpointFault::Key { .. }) if all.other_key => {}
                Err(fault @ CheckpointFault::Key { .. }) => {
                    all.other_key = true;
                    verdict.add(Finding::new("key", fault.to_string()).checkpoint(number));
                }
                Err(fault) => {
                    verdict.add(Finding::new("checkpoint", fault.to_string()).checkpoint(number));
                    // What it states cannot be believed; that it was made can.
                    all.ledger.last = number;
                    continue;
                }
            }
            for head in ledger::heads_of(&row) {
                all.stated.entry(head.lane).or_default().insert(head.seq, (head.hash, number));
            }
            if row.kind == CheckpointKind::Pruned {
                verdict.pruned += row.body().get("rows").and_then(serde_json::Value::as_u64).unwrap_or_default();
            }
            all.ledger.add(&row);
        }
    }
    if number > 0 {
        let hash = data_encoding::HEXLOWER.decode(previous.as_bytes()).unwrap_or_default();
        verdict.last = Some(Anchor { number, hash });
    }
    if let (false, Some(anchor)) = (is_anchored, anchor) {
        let words =
            format!("the checkpoint {anchor} is not in the trail: it was put back to an older state, or begun anew");
        verdict.add(Finding::new("anchor", words).checkpoint(anchor.number));
    }
    Ok(all)
}

/// Looks at a lane's head, and says up to where there have to be rows.
fn head_of(
    lane: i64,
    row: Option<&HeadRow>,
    keys: &AuditKeys,
    statements: &Statements,
    last_row: i64,
    verdict: &mut Verdict,
) -> i64 {
    let top = statements.ledger.tops.get(&lane);
    let at_least = top.map_or(0, |top| top.seq).max(statements.ledger.cut(lane).seq);
    let Some(row) = row else {
        let words = "the lane's head is gone, and with it how far its rows reached";
        verdict.add(Finding::new("head", words).at(lane, statements.ledger.cut(lane).seq + 1));
        return at_least;
    };
    let head = row.head();
    if let Some(top) = top.filter(|top| top.seq > head.seq) {
        let words = format!("a checkpoint states row {}, and the head is at row {}", top.seq, head.seq);
        verdict.add(Finding::new("truncated", words).at(lane, head.seq + 1).through(top.seq));
    }
    if keys.authenticates(&head, &row.mac) || statements.other_key {
        return head.seq.max(at_least);
    }
    let words = if verdict.checkpoints == 0 {
        "the lane's head is not one that a server with these keys wrote: was keys.master_key changed?"
    } else {
        "the lane's head is not one that a server wrote: rows from here on may be gone"
    };
    verdict.add(Finding::new("head", words).at(lane, head.seq.saturating_add(1)));
    // Its number cannot be believed, so the rows are asked.
    last_row.max(at_least).min(at_least.saturating_add(1_000_000_000))
}

/// Rows that stand in no chain: from before there were any, or put in.
async fn outside(system: &SystemStore, has_started: bool, verdict: &mut Verdict) -> Result<(), Fault> {
    match system.read().await?.audit_outside(OUTSIDE).await {
        Ok(rows) if !has_started => verdict.waiting = rows.len(),
        Ok(rows) => {
            for row in rows {
                verdict.add(Finding::new("inserted", "it stands in no chain").id(row.id));
            }
        }
        Err(StoreError::Broken(why)) => {
            verdict.add(Finding::new("unreadable", format!("outside of the chains: {why}")))
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// What pieces are held against.
struct Known {
    cuts: BTreeMap<i64, Head>,
    erased: HashSet<UserId>,
    stated: BTreeMap<i64, BTreeMap<i64, (Vec<u8>, i64)>>,
    canonical_text: bool,
}

/// Rows of one lane after the number `from` and up to `to`.
struct Piece {
    lane: i64,
    from: i64,
    to: i64,
    place: Place,
}

enum Place {
    /// Where rows have to be.
    Within,
    /// Where retention has removed all.
    Before,
    /// Behind the head.
    Behind,
}

#[derive(Default)]
struct Outcome {
    rows: u64,
    erased: u64,
    findings: Vec<Finding>,
}

impl Outcome {
    fn only(finding: Finding) -> Self {
        Self { findings: vec![finding], ..Self::default() }
    }
}

impl Piece {
    async fn verified(&self, system: &SystemStore, known: &Known) -> Result<Outcome, Fault> {
        match self.place {
            Place::Within => self.within(system, known).await,
            Place::Before => self.stray(system, "it is older than what retention has cut off").await,
            Place::Behind => self.stray(system, "it stands behind the lane's head").await,
        }
    }

    /// Where no row may be.
    async fn stray(&self, system: &SystemStore, words: &str) -> Result<Outcome, Fault> {
        let rows = system.read().await?.audit_range(self.lane, self.from, self.to, OUTSIDE).await;
        let mut outcome = Outcome::default();
        match rows {
            Ok(rows) => {
                outcome.rows = rows.len() as u64;
                let named = |row: AuditRow| {
                    Finding::new("inserted", words).at(self.lane, row.seq.unwrap_or_default()).id(row.id)
                };
                outcome.findings.extend(rows.into_iter().map(named));
            }
            Err(StoreError::Broken(_)) => outcome.findings.push(Finding::new("inserted", words).lane(self.lane)),
            Err(error) => return Err(error.into()),
        }
        Ok(outcome)
    }

    async fn within(&self, system: &SystemStore, known: &Known) -> Result<Outcome, Fault> {
        let mut outcome = Outcome::default();
        let mut previous = self.previous(system, known).await?;
        if previous.is_none() {
            outcome.findings.push(
                Finding::new("missing", "what comes after it cannot be checked without it").at(self.lane, self.from),
            );
        }
        let mut seq = self.from;
        let stated = known.stated.get(&self.lane);
        for found in read_all(system, self.lane, self.from, self.to).await? {
            outcome.rows += 1;
            let row = match found {
                Found::Row(row) => row,
                Found::Unreadable(at) => {
                    self.missing(&mut outcome, &mut seq, at);
                    outcome
                        .findings
                        .push(Finding::new("unreadable", "it has a form that no server writes").at(self.lane, at));
                    (seq, previous) = (at, None);
                    continue;
                }
            };
            let at = row.seq.unwrap_or_default();
            let finding = |what, words: String| Finding::new(what, words).at(self.lane, at).id(row.id);
            if at == seq {
                outcome.findings.push(finding("twice", "there is another row with this number".to_owned()));
                continue;
            }
            if at != seq + 1 {
                self.missing(&mut outcome, &mut seq, at);
                previous = None;
            }
            seq = at;
            // The first row behind a gap follows from one that is not there: that it is gone is said already.
            match previous.as_deref().map(|previous| row.check(previous, known.canonical_text)) {
                Some(Err(Broken::Erased)) if is_erased(&row, &known.erased) => outcome.erased += 1,
                Some(Err(broken @ Broken::Erased)) => outcome.findings.push(finding("erased", broken.to_string())),
                Some(Err(broken)) => outcome.findings.push(finding("changed", broken.to_string())),
                Some(Ok(())) | None => {}
            }
            if let Some((hash, number)) = stated.and_then(|stated| stated.get(&at))
                && row.hash.as_ref() != Some(hash)
            {
                let words =
                    "its hash is not the one that the checkpoint states: it or rows before it were written anew";
                outcome.findings.push(finding("changed", words.to_owned()).checkpoint(*number));
            }
            previous = row.hash.clone();
        }
        self.missing(&mut outcome, &mut seq, self.to + 1);
        Ok(outcome)
    }

    /// Names the rows between `seq` and `at`, when there should be any.
    fn missing(&self, outcome: &mut Outcome, seq: &mut i64, at: i64) {
        if at > *seq + 1 {
            let words = if at - *seq == 2 { "it is gone" } else { "they are gone" };
            outcome.findings.push(Finding::new("missing", words).at(self.lane, *seq + 1).through(at - 1));
            *seq = at - 1;
        }
    }

    /// The hash of the row before the first. `None` when that one cannot be had; its own piece says why.
    async fn previous(&self, system: &SystemStore, known: &Known) -> Result<Option<Vec<u8>>, Fault> {
        let cut = known.cuts.get(&self.lane).cloned().unwrap_or_else(|| Head::before_all(self.lane));
        if self.from == cut.seq {
            return Ok(Some(cut.hash));
        }
        let found = read_all(system, self.lane, self.from - 1, self.from).await?;
        Ok(match found.into_iter().next() {
            Some(Found::Row(row)) => row.hash,
            _ => None,
        })
    }
}

fn is_erased(row: &AuditRow, erased: &HashSet<UserId>) -> bool {
    let whose = row.actor_user_id.or(row.subject_user_id);
    whose.is_some_and(|user| erased.contains(&user))
}

/// A row, or the number of one that has a form that no server writes.
enum Found {
    Row(Box<AuditRow>),
    Unreadable(i64),
}

/// Rows of a lane. Where they cannot be read at once they are read in halves, so that the one at fault can be named.
async fn read_all(system: &SystemStore, lane: i64, from: i64, to: i64) -> Result<Vec<Found>, StoreError> {
    let mut all = Vec::new();
    let mut stack = vec![(from, to)];
    let mut read = system.read().await?;
    while let Some((from, to)) = stack.pop() {
        let limit = u32::try_from(to - from).unwrap_or(u32::MAX).saturating_mul(2).saturating_add(8);
        match read.audit_range(lane, from, to, limit).await {
            Ok(rows) => all.extend(rows.into_iter().map(|row| Found::Row(Box::new(row)))),
            Err(StoreError::Broken(_)) if to - from <= 1 => all.push(Found::Unreadable(to)),
            Err(StoreError::Broken(_)) => {
                let middle = from + (to - from) / 2;
                stack.push((middle, to));
                stack.push((from, middle));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}
