//! A connection while it is in use: every wait on it is bounded, and whoever drops it in the middle leaves
//! neither an open transaction nor a stuck place in the pool.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow, SqlSafeStr};
use tracing::Instrument;

use crate::connections::{self, is_lost};
use crate::error::StoreError;
use crate::later::Later;
use crate::meters::Who;
use crate::open::{Pools, Shared};
use crate::query::{Statement, name_span, span_within};
use crate::{sqlite, tally};

/// One of the two typed connections.
#[derive(Debug)]
pub(crate) enum Conn {
    Sqlite(Box<sqlite::Held>),
    Postgres(connections::Held),
}

/// When what is committed is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Before the commit is acknowledged.
    Now,
    /// A moment later, or with a later commit. If the machine loses its power before that, it is undone, and nothing that came
    /// after it stays.
    Later,
}

/// A connection taken from its pool.
///
/// A future that is dropped in the middle of a statement (the client went away) leaves `unsettled` set. Then,
/// or with a transaction open, the connection is cleaned up by a task of its own before others get it.
#[derive(Debug)]
pub(crate) struct Link {
    conn: Option<Conn>,
    pub(crate) shared: Arc<Shared>,
    limit: Duration,
    unsettled: bool,
    in_transaction: bool,
    durability: Durability,
    /// When the statement that runs was begun, by the monotonic clock.
    began: Duration,
    who: Who,
    /// What is still to be run of a transaction.
    later: Option<Box<Later>>,
}

impl Link {
    /// A connection that may only read.
    pub(crate) async fn reader(shared: &Arc<Shared>, who: Who) -> Result<Self, StoreError> {
        Self::take(shared, who, async {
            Ok(match &shared.pools {
                Pools::Sqlite(files) => Conn::Sqlite(Box::new(files.reader().await?.giving_way(who.is_patient()))),
                Pools::Postgres(pool) => Conn::Postgres(pool.acquire().await?),
            })
        })
        .await
    }

    /// A connection with a write transaction.
    pub(crate) async fn writer(shared: &Arc<Shared>, who: Who, durability: Durability) -> Result<Self, StoreError> {
        let link = Self::take(shared, who, async {
            Ok(match &shared.pools {
                Pools::Sqlite(files) => Conn::Sqlite(Box::new(files.writer().await?.giving_way(who.is_patient()))),
                Pools::Postgres(pool) => Conn::Postgres(pool.acquire().await?),
            })
        });
        let mut link = link.await?;
        link.in_transaction = true;
        link.durability = durability;
        link.begin().await?;
        Ok(link)
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        match (self.begin_statement()?, &shared.pools) {
            (Conn::Sqlite(held), Pools::Sqlite(files)) => {
                let run = async {
                    name_span("BEGIN");
                    files.begin(held).await
                };
                let begun = at_once(Box::pin(run)).await;
                self.end_statement(begun)
            }
            _ => {
                let begin = match self.durability {
                    Durability::Now => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
                    Durability::Later => {
                        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit TO off"
                    }
                };
                self.run_named("BEGIN", begin).await
            }
        }
    }

    /// Waits for a connection, and counts the wait.
    async fn take(
        shared: &Arc<Shared>,
        who: Who,
        acquire: impl Future<Output = Result<Conn, sqlx::Error>>,
    ) -> Result<Self, StoreError> {
        let meter = shared.meters.of(who);
        let began = shared.clock.monotonic();
        let span = span_within!("connection");
        let acquired = acquire.instrument(span).await;
        let waited = shared.clock.monotonic().saturating_sub(began);
        tally::wait(waited);
        meter.waited(waited);
        let conn = acquired.map_err(StoreError::from).inspect_err(|error| meter.failed(error))?;
        // The server's own limit is shorter, so that it speaks first where it can.
        let limit = shared.limit.saturating_add(Duration::from_secs(1));
        meter.taken();
        Ok(Self {
            conn: Some(conn),
            shared: shared.clone(),
            limit,
            unsettled: false,
            in_transaction: false,
            durability: Durability::Now,
            began,
            who,
            later: None,
        })
    }

    /// Ends the transaction for good.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if self.has_later() {
            self.catch_up().await?;
        }
        let shared = self.shared.clone();
        match (self.conn.take(), &shared.pools) {
            (Some(Conn::Sqlite(mut held)), Pools::Sqlite(files)) => {
                self.began = shared.clock.monotonic();
                let durability = self.durability;
                let run = async {
                    name_span("COMMIT");
                    let committed = held.conn.word("COMMIT");
                    // What could not be committed is undone. Others may write while this one waits for the disk.
                    held.give_back();
                    committed?;
                    files.committed(durability).await
                };
                let done = at_once(Box::pin(run)).await;
                self.end_statement(done)
            }
            (conn, _) => {
                self.conn = conn;
                self.run_named("COMMIT", "COMMIT").await?;
                self.in_transaction = false;
                Ok(())
            }
        }
    }

    /// Lets a statement wait for the next one that is waited for. Its values are added to what this gives, in order.
    pub(crate) async fn later(&mut self, statement: Statement) -> Result<&mut Later, StoreError> {
        if self.later.as_ref().is_some_and(|later| !later.takes(statement)) {
            self.catch_up().await?;
        }
        let later = self.later.get_or_insert_default();
        later.push(statement);
        Ok(later)
    }

    /// Whether something waits.
    pub(crate) fn has_later(&self) -> bool {
        self.later.is_some()
    }

    /// Runs what waits together with a statement that has nothing to do with it, and gives that one's row, if there is one.
    pub(crate) async fn catch_up_and_ask<T>(&mut self, statement: Statement) -> Result<Option<T>, StoreError>
    where
        T: for<'r> FromRow<'r, PgRow>,
    {
        self.later(statement).await?;
        let row = self.catch_up().await?;
        Ok(row.as_ref().map(T::from_row).transpose()?)
    }

    /// Runs what waits, and gives the row of the last of it, if that has one. Boxed: it is seldom, and stands before every
    /// statement.
    pub(crate) fn catch_up(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<PgRow>, StoreError>> + Send + '_>> {
        Box::pin(async {
            let Some(later) = self.later.take() else { return Ok(None) };
            let (text, arguments, name) = later.into_one();
            let limit = self.limit();
            let done = match self.begin_statement()? {
                // Nothing ever waits there.
                Conn::Sqlite(_) => Outcome::Done(Ok(None)),
                Conn::Postgres(held) => {
                    let run = async {
                        name_span(&name);
                        sqlx::query_with(AssertSqlSafe(text), arguments).fetch_optional(&mut held.conn).await
                    };
                    bounded(limit, Box::pin(run)).await
                }
            };
            self.end_statement(done)
        })
    }

    /// Runs a statement without parameters or rows.
    pub(crate) async fn run(&mut self, sql: impl SqlSafeStr + Send) -> Result<(), StoreError> {
        self.run_named("migration", sql).await
    }

    async fn run_named(&mut self, name: &'static str, sql: impl SqlSafeStr + Send) -> Result<(), StoreError> {
        let limit = self.limit();
        let done = match self.begin_statement()? {
            Conn::Sqlite(held) => {
                let run = async {
                    name_span(name);
                    sqlx::raw_sql(sql).execute(&mut held.conn).await.map(drop)
                };
                at_once(Box::pin(run)).await
            }
            Conn::Postgres(conn) => {
                let run = async {
                    name_span(name);
                    sqlx::raw_sql(sql).execute(&mut conn.conn).await.map(drop)
                };
                bounded(limit, Box::pin(run)).await
            }
        };
        self.end_statement(done)
    }

    /// How long one statement may take, as seen from here.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Waits longer from now on: migrations.
    pub(crate) fn wait_up_to(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// The connection, marked as busy until [`Link::end_statement`].
    pub(crate) fn begin_statement(&mut self) -> Result<&mut Conn, StoreError> {
        self.unsettled = true;
        self.began = self.shared.clock.monotonic();
        self.conn.as_mut().ok_or_else(|| StoreError::Unavailable("the connection was given up".to_owned()))
    }

    /// Takes the outcome of a statement. A connection that did not answer in time is given up.
    pub(crate) fn end_statement<T>(&mut self, outcome: Outcome<T>) -> Result<T, StoreError> {
        let took = self.shared.clock.monotonic().saturating_sub(self.began);
        tally::statement(took);
        let settled = self.settle(outcome);
        let meter = self.shared.meters.of(self.who);
        meter.took(took);
        settled.inspect_err(|error| meter.failed(error))
    }

    fn settle<T>(&mut self, outcome: Outcome<T>) -> Result<T, StoreError> {
        match outcome {
            Outcome::Done(Err(error)) if is_lost(&error) => {
                if let Some(Conn::Postgres(held)) = self.conn.take() {
                    held.lost();
                }
                Err(error.into())
            }
            Outcome::Done(done) => {
                self.unsettled = false;
                Ok(done?)
            }
            Outcome::Late => {
                // Closed, and with it whatever was going on there.
                drop(self.conn.take());
                Err(StoreError::Unavailable(format!("no answer within {:?}", self.limit())))
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.meters.of(self.who).given_back();
        match self.conn.take() {
            Some(Conn::Postgres(held)) if self.unsettled || self.in_transaction => {
                match tokio::runtime::Handle::try_current() {
                    Ok(runtime) => drop(runtime.spawn(clean(held, self.limit()))),
                    Err(_) => drop(held),
                }
            }
            Some(conn) => give_back(conn),
            None => {}
        }
    }
}

/// Ends whatever is open on a connection before the pool gets it back. `ROLLBACK` without a transaction is a warning in
/// PostgreSQL, and means the same: nothing is open.
async fn clean(mut held: connections::Held, limit: Duration) {
    let outcome = bounded(limit, Box::pin(sqlx::raw_sql("ROLLBACK").execute(&mut held.conn))).await;
    if matches!(outcome, Outcome::Done(Ok(_))) {
        held.give_back();
    }
}

/// Keeps a connection for the next who asks.
fn give_back(conn: Conn) {
    match conn {
        Conn::Sqlite(held) => held.give_back(),
        Conn::Postgres(held) => held.give_back(),
    }
}

/// What became of a statement.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Done(Result<T, sqlx::Error>),
    Late,
}

/// A statement under way. Boxed, so that what is around it is compiled once for each kind of answer and not for each
/// statement, and so that those who wait for one are small.
pub(crate) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'a>>;

/// Waits for a statement, but not for ever.
pub(crate) async fn bounded<T>(limit: Duration, work: Work<'_, T>) -> Outcome<T> {
    let span = span_within!("statement", otel.kind = "client", otel.name = tracing::field::Empty);
    match tokio::time::timeout(limit, work.instrument(span)).await {
        Ok(done) => Outcome::Done(done),
        Err(_) => Outcome::Late,
    }
}

/// Runs a statement that is over before anybody could wait for it.
pub(crate) async fn at_once<T>(work: Work<'_, T>) -> Outcome<T> {
    Outcome::Done(
        work.instrument(span_within!("statement", otel.kind = "client", otel.name = tracing::field::Empty)).await,
    )
}

/// Runs one body on whichever typed connection is there:
///
/// ```text
/// on!(self, |c, sql| sqlx::query_as(sql(FIND)).bind(id).fetch_optional(c).await)
/// ```
///
/// `c` is the connection and `sql` turns a [`Statement`](crate::query::Statement) into this database's text.
macro_rules! on {
    ($read:expr, |$conn:ident, $sql:ident| $body:expr) => {{
        if $read.link().has_later() {
            $read.link().catch_up().await?;
        }
        $crate::link::ahead!($read, |$conn, $sql| $body)
    }};
}
pub(crate) use on;

/// The same before what waits: for what has nothing to do with it.
macro_rules! ahead {
    ($read:expr, |$conn:ident, $sql:ident| $body:expr) => {{
        let link = $read.link();
        let limit = link.limit();
        let outcome = match link.begin_statement()? {
            $crate::link::Conn::Sqlite(held) => {
                let $conn = &mut held.conn;
                let $sql = <$crate::sqlite::Sqlite as $crate::query::Dialect>::text;
                $crate::link::at_once(Box::pin(async { $body })).await
            }
            $crate::link::Conn::Postgres(held) => {
                let $conn = &mut held.conn;
                let $sql = <sqlx::Postgres as $crate::query::Dialect>::text;
                $crate::link::bounded(limit, Box::pin(async { $body })).await
            }
        };
        link.end_statement(outcome)
    }};
}
pub(crate) use ahead;

/// Runs a statement that gives no rows:
///
/// ```text
/// run!(self, TOUCH, [id.uuid(), Db(now)])
/// ```
macro_rules! run {
    ($write:expr, $statement:expr, [$($value:expr),+ $(,)?]) => {
        $crate::link::on!($write, |c, sql| {
            let query = sqlx::query(sql($statement));
            $(let query = query.bind($value);)+
            query.execute(c).await.map(drop)
        })
    };
}
pub(crate) use run;
