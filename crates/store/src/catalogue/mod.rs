//! What a database's own catalogue says about its tables, in one form for both databases.

mod postgres;
mod sqlite;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::open::Backend;

/// The tables of a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Catalogue {
    pub(crate) tables: BTreeMap<String, Table>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) columns: BTreeMap<String, Column>,
    /// By name; without those that a constraint brings along.
    pub(crate) indexes: BTreeMap<String, Index>,
    /// Definitions by name. SQLite does not tell names: there the definition stands for it.
    pub(crate) constraints: BTreeMap<String, String>,
    /// How and by what its partitions are told apart, where it has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) partitioned_by: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// The type as the database spells it.
    pub(crate) kind: String,
    pub(crate) nullable: bool,
    /// Whether the database fills it when an insert leaves it out.
    pub(crate) filled: bool,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    pub(crate) columns: String,
    pub(crate) unique: bool,
    /// The condition of a partial one.
    pub(crate) only_where: Option<String>,
}

/// What the connected role may do with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) table: String,
    /// Those of SELECT, INSERT, UPDATE and DELETE that it lacks.
    pub(crate) lacking: Vec<&'static str>,
    /// Whether a row security policy hides rows from it.
    pub(crate) row_security: bool,
}

/// Who is connected, and whether they may write at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    pub(crate) role: String,
    /// Where tables are looked for; `None` when there is no schema that the role may use.
    pub(crate) schema: Option<String>,
    pub(crate) read_only: bool,
    pub(crate) rights: Vec<Rights>,
}

/// What the login trail's partitions are, where it has some.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Partitions {
    /// Whether there is one for rows that no other is there for.
    pub(crate) has_rest: bool,
    /// Tables that are called as partitions are, and are none.
    pub(crate) detached: Vec<Detached>,
    /// Indexes that some of them lack, with the names of those. What an index serves there is a scan.
    pub(crate) lacking: Vec<(String, Vec<String>)>,
}

/// A table that was a partition.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Detached {
    pub(crate) name: String,
    /// `DEFAULT`, or the range that its name says, as `ATTACH PARTITION` takes it.
    pub(crate) range: String,
}

/// What a typed connection tells about its database.
pub(crate) trait Live {
    /// Whether there is such a table where the program looks for it.
    async fn has_table(&mut self, name: &str) -> Result<bool, sqlx::Error>;
    /// All tables.
    async fn catalogue(&mut self) -> Result<Catalogue, sqlx::Error>;
    /// The login trail's partitions; none where it is one table.
    async fn partitions(&mut self) -> Result<Option<Partitions>, sqlx::Error>;
    /// What the role may do.
    async fn standing(&mut self) -> Result<Standing, sqlx::Error>;
}

/// The catalogue that the migrations make.
pub(crate) async fn expected(backend: Backend) -> Result<Catalogue, StoreError> {
    match backend {
        Backend::Sqlite => sqlite::expected().await,
        // PostgreSQL has no database in memory to ask, so this one was written down: see examples/schema.rs. A
        // test compares it with what the migrations make.
        Backend::Postgres => serde_json::from_str(include_str!("postgres.json"))
            .map_err(|error| StoreError::Broken(format!("the built-in catalogue: {error}"))),
    }
}
