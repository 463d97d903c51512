//! One connection, and how a statement runs on it.

use std::fmt;
use std::future::{Future, ready};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use rusqlite::OpenFlags;
use sqlx::{ConnectOptions, Connection, Either, Error, Execute, Executor, SqlStr, Transaction};
use sqlx_core::HashMap;
use sqlx_core::database::HasStatementCache;
use sqlx_core::transaction::TransactionManager;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::error::SqliteError;
use super::row::{SqliteColumn, SqliteRow, SqliteStatement};
use super::value::{SqliteArguments, SqliteTypeInfo, SqliteValue};
use super::{Sqlite, SqliteQueryResult};

/// How many prepared statements a connection keeps. The program has some four hundred, and most connections run few of them.
const KEPT: usize = 256;

/// How a connection is made.
#[derive(Debug, Clone)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub struct SqliteConnectOptions {
    /// None: a database in memory.
    path: Option<PathBuf>,
    read_only: bool,
    busy: Duration,
    foreign_keys: bool,
}

impl SqliteConnectOptions {
    /// To a file that is there.
    pub(crate) fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), ..Self::memory() }
    }

    /// To a database in memory, which goes with the connection.
    pub(crate) fn memory() -> Self {
        Self { path: None, read_only: false, busy: Duration::from_secs(5), foreign_keys: true }
    }

    /// Only to read.
    pub(crate) fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// How long a statement waits, with its thread, for another process that has locked what it needs.
    pub(crate) fn busy_timeout(self, busy: Duration) -> Self {
        Self { busy, ..self }
    }

    /// Without a look at what rows refer to.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn without_foreign_keys(self) -> Self {
        Self { foreign_keys: false, ..self }
    }

    /// Connects, which takes a moment and waits for nobody.
    pub(super) fn open(&self) -> Result<SqliteConnection, Error> {
        let access = if self.read_only { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
        // A connection has one user at a time: SQLite need not lock for that.
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let raw = match &self.path {
            Some(path) => rusqlite::Connection::open_with_flags(path, flags),
            None => rusqlite::Connection::open_in_memory(),
        };
        let raw = raw.map_err(SqliteError::of)?;
        let set_up = || {
            raw.busy_timeout(self.busy)?;
            raw.pragma_update(None, "foreign_keys", self.foreign_keys)
        };
        set_up().map_err(SqliteError::of)?;
        raw.set_prepared_statement_cache_capacity(KEPT);
        Ok(SqliteConnection { raw, columns: HashMap::new(), gives_way: false })
    }
}

impl FromStr for SqliteConnectOptions {
    type Err = Error;

    /// A path.
    fn from_str(path: &str) -> Result<Self, Error> {
        Ok(Self::file(path))
    }
}

impl ConnectOptions for SqliteConnectOptions {
    type Connection = SqliteConnection;

    fn from_url(url: &sqlx_core::Url) -> Result<Self, Error> {
        Ok(Self::file(url.path()))
    }

    fn connect(&self) -> impl Future<Output = Result<SqliteConnection, Error>> + Send + '_ {
        ready(self.open())
    }

    fn log_statements(self, _level: log::LevelFilter) -> Self {
        self
    }

    fn log_slow_statements(self, _level: log::LevelFilter, _duration: Duration) -> Self {
        self
    }
}

/// A connection. One statement after the other runs on it, each to its end.
#[allow(unreachable_pub, reason = "as Sqlite")]
pub struct SqliteConnection {
    raw: rusqlite::Connection,
    /// The columns of the statements that it keeps prepared.
    columns: HashMap<String, Arc<[SqliteColumn]>>,
    gives_way: bool,
}

impl fmt::Debug for SqliteConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteConnection").finish_non_exhaustive()
    }
}

/// How many rows are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    None,
    First,
    All,
}

/// What a statement gave.
struct Given {
    rows: Vec<SqliteRow>,
    changes: u64,
}

impl SqliteConnection {
    /// Whether its statements may take long: then what else waits for this thread goes to another meanwhile.
    pub(crate) fn gives_way(&mut self, gives_way: bool) {
        self.gives_way = gives_way;
    }

    /// Runs statements without parameters, one after the other.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Error> {
        aside(self.gives_way, || self.raw.execute_batch(sql)).map_err(SqliteError::of)
    }

    /// Runs a word that ends or begins a transaction, and has neither parameters nor rows.
    pub(crate) fn word(&mut self, word: &'static str) -> Result<(), Error> {
        let done = self.raw.prepare_cached(word).and_then(|mut statement| statement.raw_execute());
        done.map(drop).map_err(SqliteError::of)
    }

    /// How long a statement waits, with its thread, for another process, from now on.
    pub(super) fn busy_timeout(&mut self, busy: Duration) -> Result<(), Error> {
        self.raw.busy_timeout(busy).map_err(SqliteError::of)
    }

    /// Whether a transaction is open.
    pub(crate) fn is_in_transaction(&self) -> bool {
        !self.raw.is_autocommit()
    }

    /// The connection itself, for what `sqlx` has no word for.
    pub(super) fn raw(&mut self) -> &mut rusqlite::Connection {
        &mut self.raw
    }

    fn run<'q>(&mut self, mut query: impl Execute<'q, Sqlite>, wanted: Wanted) -> Result<Given, Error> {
        let arguments = query.take_arguments().map_err(Error::Encode)?;
        let keeps = query.persistent();
        let sql = query.sql();
        match arguments {
            Some(arguments) => aside(self.gives_way, || self.statement(sql.as_str(), &arguments, keeps, wanted)),
            None => self.script(sql.as_str()).map(|()| Given { rows: Vec::new(), changes: self.raw.changes() }),
        }
    }

    fn statement(
        &mut self,
        sql: &str,
        arguments: &SqliteArguments,
        keeps: bool,
        wanted: Wanted,
    ) -> Result<Given, Error> {
        let Self { raw, columns: known, .. } = self;
        let rows = if keeps {
            let mut statement = raw.prepare_cached(sql).map_err(SqliteError::of)?;
            let columns = match known.get(sql) {
                Some(columns) => columns.clone(),
                None => {
                    if known.len() >= KEPT {
                        known.clear();
                    }
                    known.entry(sql.to_owned()).insert(columns_of(&statement)).get().clone()
                }
            };
            step(&mut statement, arguments, &columns, wanted)?
        } else {
            let mut statement = raw.prepare(sql).map_err(SqliteError::of)?;
            let columns = columns_of(&statement);
            step(&mut statement, arguments, &columns, wanted)?
        };
        Ok(Given { rows, changes: raw.changes() })
    }
}

/// Runs a statement, and copies out the rows that are wanted.
fn step(
    statement: &mut rusqlite::Statement<'_>,
    arguments: &SqliteArguments,
    columns: &Arc<[SqliteColumn]>,
    wanted: Wanted,
) -> Result<Vec<SqliteRow>, Error> {
    bind(statement, arguments)?;
    let (mut rows, mut given) = (statement.raw_query(), Vec::new());
    while let Some(row) = rows.next().map_err(SqliteError::of)? {
        if wanted == Wanted::None {
            continue;
        }
        let values = (0..columns.len())
            .map(|index| SqliteValue::of(row.get_ref(index).map_err(SqliteError::of)?).map_err(Error::Decode))
            .collect::<Result<_, _>>()?;
        given.push(SqliteRow { values, columns: columns.clone() });
        if wanted == Wanted::First {
            break;
        }
    }
    Ok(given)
}

/// Gives a statement its parameters. SQLite takes `$2` for a name, which it numbers as it comes to it; everybody else means
/// the second parameter.
fn bind(statement: &mut rusqlite::Statement<'_>, arguments: &SqliteArguments) -> Result<(), Error> {
    for place in 1..=statement.parameter_count() {
        let name = statement.parameter_name(place).and_then(|name| name.strip_prefix('$'));
        let number = name.map_or(Some(place), |name| name.parse().ok());
        let value = number.and_then(|number: usize| arguments.0.get(number.checked_sub(1)?));
        let missing = || Error::InvalidArgument("a statement has more parameters than were given".to_owned());
        statement.raw_bind_parameter(place, value.ok_or_else(missing)?).map_err(SqliteError::of)?;
    }
    Ok(())
}

fn columns_of(statement: &rusqlite::Statement<'_>) -> Arc<[SqliteColumn]> {
    let column = |(ordinal, name): (usize, &str)| SqliteColumn { name: name.into(), ordinal };
    statement.column_names().into_iter().enumerate().map(column).collect()
}

/// Does what may take long. With `gives_way`, what else this thread would do goes to another first, which costs more than a
/// short statement does.
fn aside<T>(gives_way: bool, work: impl FnOnce() -> T) -> T {
    let has_others =
        || Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if gives_way && has_others() { tokio::task::block_in_place(work) } else { work() }
}

impl<'c> Executor<'c> for &'c mut SqliteConnection {
    type Database = Sqlite;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<SqliteQueryResult, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let given = self.run(query, Wanted::None);
        Box::pin(ready(given.map(|Given { changes, .. }| SqliteQueryResult { changes })))
    }

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        match self.run(query, Wanted::All) {
            Ok(Given { rows, changes }) => {
                let rows = stream::iter(rows).map(|row| Ok(Either::Right(row)));
                rows.chain(stream::iter([Ok(Either::Left(SqliteQueryResult { changes }))])).boxed()
            }
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        Box::pin(ready(self.run(query, Wanted::All).map(|given| given.rows)))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        Box::pin(ready(self.run(query, Wanted::First).map(|given| given.rows.into_iter().next())))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        _parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        let prepared = aside(self.gives_way, || {
            let statement = self.raw.prepare(sql.as_str()).map_err(SqliteError::of)?;
            Ok((statement.parameter_count(), columns_of(&statement)))
        });
        Box::pin(ready(prepared.map(|(parameters, columns)| SqliteStatement { sql, parameters, columns })))
    }
}

impl HasStatementCache for Sqlite {}

impl Connection for SqliteConnection {
    type Database = Sqlite;
    type Options = SqliteConnectOptions;

    fn close(self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        ready(self.raw.close().map_err(|(_, error)| SqliteError::of(error)))
    }

    fn close_hard(self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        self.close()
    }

    fn ping(&mut self) -> impl Future<Output = Result<(), Error>> + Send + '_ {
        // There is nothing on the way that could have been lost.
        ready(Ok(()))
    }

    fn begin(&mut self) -> impl Future<Output = Result<Transaction<'_, Sqlite>, Error>> + Send + '_ {
        Transaction::begin(self, None)
    }

    fn clear_cached_statements(&mut self) -> impl Future<Output = Result<(), Error>> + Send + '_ {
        self.raw.flush_prepared_statement_cache();
        self.columns.clear();
        ready(Ok(()))
    }

    fn shrink_buffers(&mut self) {}

    fn flush(&mut self) -> impl Future<Output = Result<(), Error>> + Send + '_ {
        ready(Ok(()))
    }

    fn should_flush(&self) -> bool {
        false
    }
}

/// Transactions as `sqlx` begins and ends them. One within another is refused.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub struct Transactions;

impl TransactionManager for Transactions {
    type Database = Sqlite;

    fn begin(
        conn: &mut SqliteConnection,
        statement: Option<SqlStr>,
    ) -> impl Future<Output = Result<(), Error>> + Send + '_ {
        ready(conn.script(statement.as_ref().map_or("BEGIN IMMEDIATE", SqlStr::as_str)))
    }

    fn commit(conn: &mut SqliteConnection) -> impl Future<Output = Result<(), Error>> + Send + '_ {
        ready(conn.word("COMMIT"))
    }

    fn rollback(conn: &mut SqliteConnection) -> impl Future<Output = Result<(), Error>> + Send + '_ {
        ready(conn.word("ROLLBACK"))
    }

    fn start_rollback(conn: &mut SqliteConnection) {
        drop(conn.word("ROLLBACK"));
    }

    fn get_transaction_depth(conn: &SqliteConnection) -> usize {
        usize::from(conn.is_in_transaction())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use sqlx::types::Json;

    use super::*;

    fn memory() -> SqliteConnection {
        SqliteConnectOptions::memory().open().unwrap()
    }

    #[tokio::test]
    async fn parameters_are_taken_by_their_numbers() {
        let mut conn = memory();
        let asked = sqlx::query_as("SELECT $2, $1, $2 || $3").bind(7_i64).bind("two").bind("three");
        let row: (String, i64, String) = asked.fetch_one(&mut conn).await.unwrap();
        assert_eq!(row, ("two".to_owned(), 7, "twothree".to_owned()));
        let few = sqlx::query("SELECT $1, $2").bind(1_i64).execute(&mut conn).await;
        assert!(matches!(few, Err(Error::InvalidArgument(_))), "{few:?}");
    }

    #[tokio::test]
    async fn values_come_back_as_they_went() {
        let mut conn = memory();
        conn.script("CREATE TABLE t (a TEXT, b BLOB, c INTEGER, d REAL, e TEXT) STRICT").unwrap();
        let given = ("a\0ü".to_owned(), vec![0_u8, 255], true, 0.5, Json(vec![1, 2]));
        let insert = sqlx::query("INSERT INTO t VALUES ($1, $2, $3, $4, $5)");
        let insert = insert.bind(&given.0).bind(&given.1).bind(given.2).bind(given.3).bind(&given.4);
        assert_eq!(insert.execute(&mut conn).await.unwrap().rows_affected(), 1);
        let row: (String, Vec<u8>, bool, f64, Json<Vec<i32>>) =
            sqlx::query_as("SELECT * FROM t").fetch_one(&mut conn).await.unwrap();
        assert_eq!(row, given);
        let nothing: (Option<String>, Option<i64>) =
            sqlx::query_as("SELECT NULL, $1").bind(None::<i64>).fetch_one(&mut conn).await.unwrap();
        assert_eq!(nothing, (None, None));
        let wrong = sqlx::query_scalar::<_, i64>("SELECT a FROM t").fetch_one(&mut conn).await;
        assert!(matches!(wrong, Err(Error::ColumnDecode { .. })), "{wrong:?}");
    }

    #[test]
    fn errors_say_what_kind_they_are() {
        let mut conn = memory();
        conn.script("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER NOT NULL)").unwrap();
        let kind = |conn: &mut SqliteConnection, sql| match conn.script(sql).unwrap_err() {
            Error::Database(error) => error.kind(),
            other => panic!("{other}"),
        };
        use sqlx::error::ErrorKind;
        assert!(matches!(kind(&mut conn, "INSERT INTO t VALUES (1, NULL)"), ErrorKind::NotNullViolation));
        conn.script("INSERT INTO t VALUES (1, 1)").unwrap();
        assert!(matches!(kind(&mut conn, "INSERT INTO t VALUES (1, 1)"), ErrorKind::UniqueViolation));
        assert!(matches!(kind(&mut conn, "SELECT nothing FROM t"), ErrorKind::Other));
    }

    /// With one thread, so that whoever holds it holds all others up.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_takes_long_lets_others_go_first() {
        let ticks = Arc::new(AtomicU32::new(0));
        let counted = ticks.clone();
        let long = tokio::spawn(async move {
            let mut conn = memory();
            conn.gives_way(true);
            let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)";
            let count = format!("{numbers} SELECT COUNT(*) FROM n");
            let before = counted.load(Ordering::Relaxed);
            let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&mut conn).await.unwrap();
            (rows, counted.load(Ordering::Relaxed) - before)
        });
        let ticking = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                ticks.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (rows, meanwhile) = long.await.unwrap();
        ticking.abort();
        assert_eq!(rows, 3_000_000);
        assert!(meanwhile > 5, "others had {meanwhile} turns in all that time");
    }
}
