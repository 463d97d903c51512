//! SQLite as one of `sqlx`'s databases, by direct calls.
//!
//! `sqlx` has a driver for SQLite that gives each connection a thread and asks that thread for every statement. The way there
//! and back costs several times what most of our statements do, and a login has some twenty of them. Here a statement runs
//! where it is asked: it is a matter of microseconds, since SQLite is a library that reads memory. What may take long gives
//! way to others first ([`SqliteConnection::gives_way`]), and what waits for the disk does so in a thread of its own
//! (`durable.rs`).
//!
//! Everything around it is `sqlx`'s: `query_as`, `FromRow`, parameters and rows, so that one text and one call serve both
//! databases.

mod connection;
mod durable;
mod error;
mod files;
mod row;
mod value;

use sqlx::database::Database;

pub(crate) use self::connection::{SqliteConnectOptions, SqliteConnection};
pub(crate) use self::files::{Files, Held};
pub(crate) use self::row::SqliteRow;
use self::row::{SqliteColumn, SqliteStatement};
use self::value::{SqliteArguments, SqliteTypeInfo, SqliteValue, SqliteValueRef};

/// The database, as `sqlx` wants it described.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "it stands in the bounds of public rows' derived code")]
pub struct Sqlite;

impl Database for Sqlite {
    type Connection = SqliteConnection;
    type TransactionManager = connection::Transactions;
    type Row = SqliteRow;
    type QueryResult = SqliteQueryResult;
    type Column = SqliteColumn;
    type TypeInfo = SqliteTypeInfo;
    type Value = SqliteValue;
    type ValueRef<'r> = SqliteValueRef<'r>;
    type Arguments = SqliteArguments;
    type ArgumentBuffer = Vec<SqliteValue>;
    type Statement = SqliteStatement;
    const NAME: &'static str = "SQLite";
    const URL_SCHEMES: &'static [&'static str] = &["sqlite"];
}

/// What a statement changed.
#[derive(Debug, Default)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub struct SqliteQueryResult {
    changes: u64,
}

impl SqliteQueryResult {
    /// How many rows it inserted, updated or deleted.
    #[allow(unreachable_pub, reason = "as Sqlite")]
    pub fn rows_affected(&self) -> u64 {
        self.changes
    }
}

impl Extend<Self> for SqliteQueryResult {
    fn extend<T: IntoIterator<Item = Self>>(&mut self, others: T) {
        for other in others {
            self.changes += other.changes;
        }
    }
}
