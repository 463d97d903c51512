//! `audit_lanes`: the heads of the audit trail's chains. Whoever appends takes a lane that is free, so that writers do not
//! wait for each other, and holds it until the commit. Nothing else is locked after it.

use crate::audit::{AuditKeys, Head};
use crate::error::StoreError;
use crate::later::later;
use crate::link::on;
use crate::query::queries;
use crate::scope::System;
use crate::tx::{Read, Write};

/// How many there are, as the migration made them.
pub const AUDIT_LANES: i64 = 64;

queries! {
    /// Takes a lane that nobody holds.
    TAKE = {
        sqlite: "SELECT lane, seq, hash, mac FROM audit_lanes ORDER BY lane LIMIT 1",
        pg: "SELECT lane, seq, hash, mac FROM audit_lanes ORDER BY lane LIMIT 1 FOR UPDATE SKIP LOCKED"
    };
    /// Waits for one lane.
    WAIT = {
        sqlite: "SELECT lane, seq, hash, mac FROM audit_lanes WHERE lane = $1",
        pg: "SELECT lane, seq, hash, mac FROM audit_lanes WHERE lane = $1 FOR UPDATE"
    };
    /// Moves a head on.
    MOVE = "UPDATE audit_lanes SET seq = $2, hash = $3, mac = $4 WHERE lane = $1";
    /// All heads, as they are committed.
    HEADS = "SELECT lane, seq, hash, mac FROM audit_lanes ORDER BY lane";
    /// One of them.
    HEAD = "SELECT lane, seq, hash, mac FROM audit_lanes WHERE lane = $1";
}

/// A head as it stands in the database, with the MAC that says who put it there.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HeadRow {
    /// Which lane.
    pub lane: i64,
    /// The number of its newest row, 0 before the first.
    pub seq: i64,
    /// That row's hash.
    pub hash: Vec<u8>,
    /// Made with the server's key.
    pub mac: Vec<u8>,
}

impl HeadRow {
    /// The head itself.
    pub fn head(&self) -> Head {
        Head { lane: self.lane, seq: self.seq, hash: self.hash.clone() }
    }
}

/// A lane that this transaction holds.
pub(crate) struct Taken {
    pub(crate) head: Head,
    mac: Mac,
}

/// What the lane's next head is authenticated with.
enum Mac {
    Good(AuditKeys),
    /// Somebody else has put the head there: it must not get a good MAC by going on from it.
    Spoilt(Vec<u8>),
}

impl Taken {
    /// The MAC of what the lane's head becomes.
    pub(crate) fn mac_of(&self, head: &Head) -> Vec<u8> {
        match &self.mac {
            Mac::Good(keys) => keys.mac(head),
            Mac::Spoilt(kept) => kept.clone(),
        }
    }
}

impl<S> Write<S> {
    /// Takes a lane for this transaction: a free one, or else it waits for one at random.
    pub(crate) async fn take_lane(&mut self) -> Result<Taken, StoreError> {
        match self.free_lane().await? {
            Some(row) => self.taken(row),
            None => {
                let [byte] = durward_proto::random::bytes::<1>(self.random());
                self.wait_for_lane(i64::from(byte) % AUDIT_LANES).await
            }
        }
    }

    /// A lane that nobody holds. What waits to be run goes to PostgreSQL with the question.
    async fn free_lane(&mut self) -> Result<Option<HeadRow>, StoreError> {
        if !self.link().has_later() {
            return on!(self, |c, sql| sqlx::query_as(sql(TAKE)).fetch_optional(c).await);
        }
        self.link().catch_up_and_ask(TAKE).await
    }

    /// Takes one lane, when it is free.
    pub(crate) async fn wait_for_lane(&mut self, lane: i64) -> Result<Taken, StoreError> {
        let row: Option<HeadRow> = on!(self, |c, sql| sqlx::query_as(sql(WAIT)).bind(lane).fetch_optional(c).await)?;
        let row = row.ok_or_else(|| StoreError::Broken(format!("lane {lane} of audit_lanes is gone")))?;
        self.taken(row)
    }

    fn taken(&self, row: HeadRow) -> Result<Taken, StoreError> {
        let head = row.head();
        let (keys, _) = self.auditor()?;
        let is_ours = keys.authenticates(&head, &row.mac);
        if !is_ours {
            tracing::error!(
                lane = row.lane,
                "the head of an audit lane is not one that a server wrote: durward audit verify"
            );
        }
        let mac = if is_ours { Mac::Good(keys) } else { Mac::Spoilt(row.mac) };
        Ok(Taken { head, mac })
    }

    /// Moves the head of a lane that is held.
    pub(crate) async fn move_head(&mut self, head: &Head, mac: &[u8]) -> Result<(), StoreError> {
        later!(self, MOVE, [head.lane, head.seq, &head.hash, mac])
    }
}

impl Read<System> {
    /// The heads of all lanes at one moment.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn audit_heads(&mut self) -> Result<Vec<HeadRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(HEADS)).fetch_all(c).await)
    }

    /// One head.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn audit_head(&mut self, lane: i64) -> Result<Option<HeadRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(HEAD)).bind(lane).fetch_optional(c).await)
    }
}
