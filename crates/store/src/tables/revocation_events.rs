//! `revocation_events`: what every node has to forget, in the order of the commits and without a gap.

use durward_proto::{SessionId, Timestamp, UserId};
use sqlx::error::BoxDynError;

use crate::encode::{Column, Db};
use crate::error::StoreError;
use crate::link::on;
use crate::open::Backend;
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::{Read, Write};

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// One session.
    Session,
    /// A user: all their sessions, or what is remembered of the account.
    User,
    /// The signing keys; nobody's, so `user_id` is 0.
    Keys,
}

impl EventKind {
    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::User => "user",
            Self::Keys => "keys",
        }
    }
}

impl Column for EventKind {
    type Sqlite = String;
    type Postgres = String;
    fn to_sqlite(&self) -> String {
        self.as_str().to_owned()
    }
    fn to_postgres(&self) -> String {
        self.to_sqlite()
    }
    fn from_sqlite(raw: String) -> Result<Self, BoxDynError> {
        [Self::Session, Self::User, Self::Keys]
            .into_iter()
            .find(|kind| kind.as_str() == raw)
            .ok_or_else(|| "not a kind".into())
    }
    fn from_postgres(raw: String) -> Result<Self, BoxDynError> {
        Self::from_sqlite(raw)
    }
}

impl From<Db<EventKind>> for EventKind {
    fn from(column: Db<EventKind>) -> Self {
        column.0
    }
}

/// An event to append.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// What it is about.
    pub kind: EventKind,
    /// Whose.
    pub user_id: UserId,
    /// Which, for `Session`.
    pub session_id: Option<SessionId>,
    /// A stable word.
    pub reason: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// An event that was appended.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EventRow {
    /// Its number: 1, 2, 3, … in the order of the commits.
    pub seq: i64,
    /// What it is about.
    #[sqlx(try_from = "Db<EventKind>")]
    pub kind: EventKind,
    /// Whose.
    #[sqlx(try_from = "Db<UserId>")]
    pub user_id: UserId,
    /// Which, for `Session`.
    #[sqlx(try_from = "Db<Option<SessionId>>")]
    pub session_id: Option<SessionId>,
    /// A stable word.
    pub reason: String,
    /// When.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub at: Timestamp,
}

queries! {
    /// Takes the next number, and with it the right to be next to commit.
    NEXT = "UPDATE revocation_counter SET last_seq = last_seq + 1 WHERE id = 1 RETURNING last_seq";
    /// Rings the bells of all nodes at the commit; SQLite has none outside the process.
    RING = { sqlite: "SELECT 1", pg: "SELECT pg_notify('durward_revocations', '')" };
    /// Appends.
    INSERT = "INSERT INTO revocation_events (seq, kind, user_id, session_id, reason, at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// What came after a number.
    AFTER = "SELECT seq, kind, user_id, session_id, reason, at FROM revocation_events WHERE seq > $1 \
        ORDER BY seq LIMIT $2";
    /// The newest number.
    LATEST = "SELECT last_seq FROM revocation_counter WHERE id = 1";
    /// Whether the counter's row is missing or behind: a number would be used twice.
    COUNTER_BEHIND = "SELECT NOT EXISTS (SELECT 1 FROM revocation_counter WHERE id = 1 \
        AND last_seq >= (SELECT COALESCE(MAX(seq), 0) FROM revocation_events))";
}

impl<S> Write<S> {
    /// Appends an event and gives its number. Others that append wait until this transaction ends, so it
    /// belongs at its end.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn append_event(&mut self, new: &NewEvent<'_>) -> Result<i64, StoreError> {
        // Before the number is taken, so that others wait less for theirs.
        if !self.rings && self.backend() == Backend::Postgres {
            on!(self, |c, sql| sqlx::query(sql(RING)).execute(c).await.map(drop))?;
        }
        self.rings = true;
        let seq: Option<i64> = on!(self, |c, sql| sqlx::query_scalar(sql(NEXT)).fetch_optional(c).await)?;
        let seq = seq.ok_or_else(no_counter)?;
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(seq)
            .bind(Db(new.kind))
            .bind(new.user_id.0)
            .bind(new.session_id.map(Db))
            .bind(new.reason)
            .bind(Db(new.now))
            .execute(c)
            .await
            .map(drop))?;
        Ok(seq)
    }
}

impl Read<Gate> {
    /// The events after `seq`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn events_after(&mut self, seq: i64, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(AFTER)).bind(seq).bind(i64::from(limit)).fetch_all(c).await)
    }

    /// The number of the newest event, 0 when there was none.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn latest_event(&mut self) -> Result<i64, StoreError> {
        let latest: Option<i64> = on!(self, |c, sql| sqlx::query_scalar(sql(LATEST)).fetch_optional(c).await)?;
        latest.ok_or_else(no_counter)
    }
}

fn no_counter() -> StoreError {
    StoreError::Broken("the one row of revocation_counter is gone".to_owned())
}
