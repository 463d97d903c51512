//! Rows, their columns, and prepared statements as `sqlx` knows them.

use std::sync::Arc;

use sqlx::{Column, ColumnIndex, Either, Error, Row, SqlStr, Statement};

use super::Sqlite;
use super::value::{SqliteArguments, SqliteTypeInfo, SqliteValue, SqliteValueRef};

/// A row, copied out of the statement that gave it.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub struct SqliteRow {
    pub(super) values: Box<[SqliteValue]>,
    pub(super) columns: Arc<[SqliteColumn]>,
}

/// A column's name and place.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub struct SqliteColumn {
    pub(super) name: Box<str>,
    pub(super) ordinal: usize,
}

impl Column for SqliteColumn {
    type Database = Sqlite;

    fn ordinal(&self) -> usize {
        self.ordinal
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// A value has a type, and a column none: whatever an expression gives is in it.
    fn type_info(&self) -> &SqliteTypeInfo {
        &SqliteTypeInfo::Null
    }
}

impl Row for SqliteRow {
    type Database = Sqlite;

    fn columns(&self) -> &[SqliteColumn] {
        &self.columns
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, index: I) -> Result<SqliteValueRef<'_>, Error> {
        let index = index.index(self)?;
        let value = self.values.get(index);
        value.map(SqliteValueRef).ok_or(Error::ColumnIndexOutOfBounds { index, len: self.values.len() })
    }
}

sqlx_core::impl_column_index_for_row!(SqliteRow);

impl ColumnIndex<SqliteRow> for &str {
    fn index(&self, row: &SqliteRow) -> Result<usize, Error> {
        let found = row.columns.iter().position(|column| *column.name == **self);
        found.ok_or_else(|| Error::ColumnNotFound((*self).to_owned()))
    }
}

/// A statement that was found to be good. It is prepared anew where it is used.
#[derive(Debug, Clone)]
#[allow(unreachable_pub, reason = "as Sqlite")]
pub struct SqliteStatement {
    pub(super) sql: SqlStr,
    pub(super) parameters: usize,
    pub(super) columns: Arc<[SqliteColumn]>,
}

impl Statement for SqliteStatement {
    type Database = Sqlite;

    fn into_sql(self) -> SqlStr {
        self.sql
    }

    fn sql(&self) -> &SqlStr {
        &self.sql
    }

    fn parameters(&self) -> Option<Either<&[SqliteTypeInfo], usize>> {
        Some(Either::Right(self.parameters))
    }

    fn columns(&self) -> &[SqliteColumn] {
        &self.columns
    }

    sqlx_core::impl_statement_query!(SqliteArguments);
}
