//! What a verification says.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use durward_proto::EventId;
use serde::Serialize;

/// So many findings are named one by one; the others are counted.
const NAMED: usize = 1_000;

/// Something that no server does to the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable word: `changed`, `missing`, `inserted`, `twice`, `erased`, `unreadable`, `truncated`, `head`, `checkpoint`,
    /// `key`, `anchor`.
    pub what: &'static str,
    /// In which lane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<i64>,
    /// The row's number there; of several the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// Of several the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<i64>,
    /// The row's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
    /// The checkpoint's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<i64>,
    /// In words.
    pub detail: String,
}

impl Finding {
    pub(super) fn new(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, lane: None, seq: None, through: None, id: None, checkpoint: None, detail: detail.into() }
    }

    pub(super) fn at(mut self, lane: i64, seq: i64) -> Self {
        (self.lane, self.seq) = (Some(lane), Some(seq));
        self
    }

    pub(super) fn lane(mut self, lane: i64) -> Self {
        self.lane = Some(lane);
        self
    }

    pub(super) fn through(mut self, seq: i64) -> Self {
        self.through = self.seq.filter(|first| *first < seq).map(|_| seq);
        self
    }

    pub(super) fn id(mut self, id: EventId) -> Self {
        self.id = Some(id);
        self
    }

    pub(super) fn checkpoint(mut self, number: i64) -> Self {
        self.checkpoint = Some(number);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        if let Some(lane) = self.lane {
            write!(f, " lane {lane}")?;
        }
        if let Some(seq) = self.seq {
            write!(f, " row {seq}")?;
        }
        if let Some(through) = self.through {
            write!(f, " to {through}")?;
        }
        if let Some(id) = self.id {
            write!(f, " ({id})")?;
        }
        if let Some(number) = self.checkpoint {
            write!(f, " checkpoint {number}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

/// A checkpoint that somebody has written down outside of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its number.
    pub number: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, HEXLOWER.encode(&self.hash))
    }
}

impl Serialize for Anchor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Anchor {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (number, hash) = text.split_once(':')?;
            let hash = HEXLOWER.decode(hash.as_bytes()).ok().filter(|hash| hash.len() == 32)?;
            Some(Self { number: number.parse().ok()?, hash })
        };
        parse().ok_or("a checkpoint is written as NUMBER:HASH, the hash in 64 hexadecimal digits")
    }
}

/// What a verification found.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Whether every row is as it was written, and none is missing or was put in.
    pub good: bool,
    /// How many rows were read.
    pub rows: u64,
    /// How many lanes something was ever written to.
    pub lanes: usize,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// How many rows were cut off by retention, as signed statements say.
    pub pruned: u64,
    /// How many of the rows had their address erased, as signed statements say.
    pub erased: u64,
    /// How many rows no checkpoint states yet. Until one does, whoever can write to the database could put back an older
    /// state of theirs.
    pub unstated: i64,
    /// How many rows are from before there were chains; the next start of a server takes them in.
    pub waiting: usize,
    /// The newest checkpoint. Written down elsewhere it shows later that the trail was not put back behind it.
    pub last: Option<Anchor>,
    /// What is wrong; a thousand at most.
    pub findings: Vec<Finding>,
    /// How much is wrong.
    pub count: u64,
}

impl Verdict {
    pub(super) fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.findings.len() < NAMED {
            self.findings.push(finding);
        }
    }
}
