//! A connection while it is in use: every wait on it is bounded, and whoever drops it in the middle leaves
//! neither an open transaction nor a stuck place in the pool.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, SqlSafeStr, Sqlite};
use tracing::Instrument;

use crate::batch::Batch;
use crate::connections::{Held, is_lost};
use crate::error::StoreError;
use crate::meters::Who;
use crate::open::{Pools, Shared};
use crate::query::{Statement, name_span, span_within};
use crate::tally;

/// One of the two typed connections.
#[derive(Debug)]
pub(crate) enum Conn {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(Held),
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
    /// What waits to be asked, in SQLite.
    batch: Batch,
    /// When the statement that runs was begun, by the monotonic clock.
    began: Duration,
    who: Who,
}

impl Link {
    /// A connection that may only read.
    pub(crate) async fn reader(shared: &Arc<Shared>, who: Who) -> Result<Self, StoreError> {
        Self::take(shared, who, async {
            Ok(match &shared.pools {
                Pools::Sqlite { readers, .. } => Conn::Sqlite(readers.acquire().await?),
                Pools::Postgres(pool) => Conn::Postgres(pool.acquire().await?),
            })
        })
        .await
    }

    /// A connection with a write transaction; SQLite's begins with what is asked first.
    pub(crate) async fn writer(shared: &Arc<Shared>, who: Who) -> Result<Self, StoreError> {
        let link = Self::take(shared, who, async {
            Ok(match &shared.pools {
                Pools::Sqlite { writer, .. } => Conn::Sqlite(writer.acquire().await?),
                Pools::Postgres(pool) => Conn::Postgres(pool.acquire().await?),
            })
        });
        let mut link = link.await?;
        if matches!(shared.pools, Pools::Sqlite { .. }) {
            link.batch = Batch::beginning();
            return Ok(link);
        }
        link.in_transaction = true;
        link.run_named("BEGIN", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
        Ok(link)
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
            batch: Batch::default(),
            began,
            who,
        })
    }

    /// Ends the transaction for good.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        match self.conn {
            Some(Conn::Sqlite(_)) => {
                self.batch.word("COMMIT");
                self.ask().await?;
            }
            _ => self.run_named("COMMIT", "COMMIT").await?,
        }
        self.in_transaction = false;
        Ok(())
    }

    /// Puts a statement off in SQLite, to be asked with what comes next: its parameters are to be added to what comes back.
    /// None in PostgreSQL, which is asked at once.
    pub(crate) fn put_off(&mut self, statement: Statement) -> Option<&mut SqliteArguments> {
        if !matches!(self.conn, Some(Conn::Sqlite(_))) {
            return None;
        }
        statement.trace();
        Some(self.batch.statement(statement))
    }

    /// Asks what was put off, and gives its rows, one statement's after the other's.
    pub(crate) async fn ask(&mut self) -> Result<Vec<SqliteRow>, StoreError> {
        if self.batch.is_empty() {
            return Ok(Vec::new());
        }
        let (text, arguments, mut names) = std::mem::take(&mut self.batch).into_parts();
        let limit = self.limit();
        self.in_transaction = true;
        let Conn::Sqlite(conn) = self.begin_statement()? else { return Ok(Vec::new()) };
        let run = async {
            if tracing::enabled!(target: durward_proto::SPANS, tracing::Level::INFO) {
                names.dedup();
                name_span(&names.join(" + "));
            }
            sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(&mut **conn).await
        };
        let done = bounded(limit, Box::pin(run)).await;
        self.end_statement(done)
    }

    /// Runs a statement without parameters or rows.
    pub(crate) async fn run(&mut self, sql: impl SqlSafeStr + Send) -> Result<(), StoreError> {
        self.run_named("migration", sql).await
    }

    async fn run_named(&mut self, name: &'static str, sql: impl SqlSafeStr + Send) -> Result<(), StoreError> {
        self.ask().await?;
        let limit = self.limit();
        let done = match self.begin_statement()? {
            Conn::Sqlite(conn) => {
                let run = async {
                    name_span(name);
                    sqlx::raw_sql(sql).execute(&mut **conn).await.map(drop)
                };
                bounded(limit, Box::pin(run)).await
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
                give_up(self.conn.take());
                Err(StoreError::Unavailable(format!("no answer within {:?}", self.limit())))
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.meters.of(self.who).given_back();
        let Some(conn) = self.conn.take() else { return };
        if !self.unsettled && !self.in_transaction {
            return give_back(conn);
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(clean(conn, self.limit()))),
            Err(_) => give_up(Some(conn)),
        }
    }
}

/// Ends whatever is open on a connection before the pool gets it back. `ROLLBACK` without a transaction is a
/// warning in PostgreSQL and an error in SQLite, and means the same: nothing is open.
async fn clean(conn: Conn, limit: Duration) {
    match conn {
        Conn::Sqlite(mut conn) => {
            let outcome = bounded(limit, Box::pin(sqlx::raw_sql("ROLLBACK").execute(&mut *conn))).await;
            let nothing_open = |error: &sqlx::Error| error.to_string().contains("no transaction is active");
            if !matches!(&outcome, Outcome::Done(Ok(_)))
                && !matches!(&outcome, Outcome::Done(Err(error)) if nothing_open(error))
            {
                conn.close_on_drop();
            }
        }
        Conn::Postgres(mut held) => {
            let outcome = bounded(limit, Box::pin(sqlx::raw_sql("ROLLBACK").execute(&mut held.conn))).await;
            if matches!(outcome, Outcome::Done(Ok(_))) {
                held.give_back();
            }
        }
    }
}

/// Keeps a connection, on which nothing is open, for the next who asks.
fn give_back(conn: Conn) {
    match conn {
        Conn::Sqlite(conn) => drop(conn),
        Conn::Postgres(held) => held.give_back(),
    }
}

/// Closes a connection, and with it whatever was going on there.
fn give_up(conn: Option<Conn>) {
    match conn {
        Some(Conn::Sqlite(conn)) => drop(conn.detach()),
        Some(Conn::Postgres(held)) => drop(held),
        None => {}
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

/// Runs one body on whichever typed connection is there:
///
/// ```text
/// on!(self, |c, sql| sqlx::query_as(sql(FIND)).bind(id).fetch_optional(c).await)
/// ```
///
/// `c` is the connection and `sql` turns a [`Statement`](crate::query::Statement) into this database's text.
macro_rules! on {
    ($read:expr, |$conn:ident, $sql:ident| $body:expr) => {{
        let link = $read.link();
        link.ask().await?;
        let limit = link.limit();
        let outcome = match link.begin_statement()? {
            $crate::link::Conn::Sqlite(conn) => {
                let $conn = &mut **conn;
                let $sql = <sqlx::Sqlite as $crate::query::Dialect>::text;
                $crate::link::bounded(limit, Box::pin(async { $body })).await
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
pub(crate) use on;

/// Runs a statement whose result nobody waits for: in SQLite with what is asked next, at the latest with the commit, which
/// then says what was wrong with it.
///
/// ```text
/// later!(self, TOUCH, [id.uuid(), Db(now)])
/// ```
macro_rules! later {
    ($write:expr, $statement:expr, [$($value:expr),+ $(,)?]) => {
        match $write.link().put_off($statement) {
            Some(arguments) => $crate::batch::add!(arguments, [$($value),+]),
            None => $crate::link::on!($write, |c, sql| {
                let query = sqlx::query(sql($statement));
                $(let query = query.bind($value);)+
                query.execute(c).await.map(drop)
            }),
        }
    };
}
pub(crate) use later;
