//! SQLite's catalogue: its pragmas, and for checks the text of the table, which is the only place they stand in.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::{Catalogue, Column, Index, Live, Partitions, Standing, Table};
use crate::error::StoreError;
use crate::migrate::rendered;
use crate::open::Backend;
use crate::sqlite::{SqliteConnectOptions, SqliteConnection};

const COLUMNS: &str = "SELECT name, upper(type), \"notnull\" = 0 AND pk = 0, \
    dflt_value IS NOT NULL, pk FROM pragma_table_xinfo($1)";
const INDEXES: &str = "SELECT name, \"unique\" = 1, origin, partial = 1 FROM pragma_index_list($1)";
const INDEX_COLUMNS: &str = "SELECT coalesce(name, '(expression)') || CASE WHEN \"desc\" THEN ' DESC' ELSE '' END \
    FROM pragma_index_xinfo($1) WHERE key = 1 ORDER BY seqno";
const FOREIGN_KEYS: &str =
    "SELECT id, \"from\", \"table\", coalesce(\"to\", ''), on_delete FROM pragma_foreign_key_list($1) ORDER BY id, seq";

/// The catalogue that the migrations make, asked of a database in memory.
pub(super) async fn expected() -> Result<Catalogue, StoreError> {
    let mut memory = SqliteConnectOptions::memory().connect().await?;
    sqlx::raw_sql(AssertSqlSafe(rendered(Backend::Sqlite))).execute(&mut memory).await?;
    let catalogue = memory.catalogue().await?;
    memory.close().await?;
    Ok(catalogue)
}

impl Live for SqliteConnection {
    async fn has_table(&mut self, name: &str) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1)")
            .bind(name)
            .fetch_one(self)
            .await
    }

    async fn catalogue(&mut self) -> Result<Catalogue, sqlx::Error> {
        let names: Vec<(String, String)> = sqlx::query_as(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
        )
        .fetch_all(&mut *self)
        .await?;
        let mut catalogue = Catalogue::default();
        for (name, sql) in names {
            let table = table(self, &name, &sql).await?;
            catalogue.tables.insert(name, table);
        }
        Ok(catalogue)
    }

    async fn partitions(&mut self) -> Result<Option<Partitions>, sqlx::Error> {
        Ok(None)
    }

    async fn standing(&mut self) -> Result<Standing, sqlx::Error> {
        // SQLite has no roles; a file that cannot be written is not opened.
        Ok(Standing { schema: Some("main".to_owned()), ..Standing::default() })
    }
}

async fn table(conn: &mut SqliteConnection, name: &str, sql: &str) -> Result<Table, sqlx::Error> {
    let mut table = Table::default();
    let mut primary = BTreeMap::new();
    let columns: Vec<(String, String, bool, bool, i64)> =
        sqlx::query_as(COLUMNS).bind(name).fetch_all(&mut *conn).await?;
    for (column, kind, nullable, filled, pk) in columns {
        if pk > 0 {
            primary.insert(pk, column.clone());
        }
        table.columns.insert(column, Column { kind, nullable, filled });
    }
    let mut constraints = checks(sql);
    // A lone INTEGER key is the row's number, which SQLite gives out itself.
    if let (1, Some(only)) = (primary.len(), primary.values().next().and_then(|only| table.columns.get_mut(only))) {
        only.filled |= only.kind == "INTEGER";
    }
    if !primary.is_empty() {
        let columns: Vec<String> = primary.into_values().collect();
        constraints.push(format!("PRIMARY KEY ({})", columns.join(", ")));
    }
    if sql.to_ascii_uppercase().contains("AUTOINCREMENT") {
        constraints.push("AUTOINCREMENT".to_owned());
    }
    let indexes: Vec<(String, bool, String, bool)> = sqlx::query_as(INDEXES).bind(name).fetch_all(&mut *conn).await?;
    for (index, unique, origin, partial) in indexes {
        let columns: Vec<String> = sqlx::query_scalar(INDEX_COLUMNS).bind(&index).fetch_all(&mut *conn).await?;
        let columns = columns.join(", ");
        match origin.as_str() {
            "c" => {
                let only_where = partial.then(|| "(a condition)".to_owned());
                table.indexes.insert(index, Index { columns, unique, only_where });
            }
            "u" => constraints.push(format!("UNIQUE ({columns})")),
            _ => {}
        }
    }
    constraints.extend(foreign_keys(conn, name).await?);
    table.constraints = constraints.into_iter().map(|definition| (definition.clone(), definition)).collect();
    Ok(table)
}

async fn foreign_keys(conn: &mut SqliteConnection, table: &str) -> Result<Vec<String>, sqlx::Error> {
    let rows: Vec<(i64, String, String, String, String)> =
        sqlx::query_as(FOREIGN_KEYS).bind(table).fetch_all(conn).await?;
    let mut keys: BTreeMap<i64, (Vec<String>, String, Vec<String>, String)> = BTreeMap::new();
    for (id, from, target, to, on_delete) in rows {
        let key = keys.entry(id).or_insert_with(|| (Vec::new(), target, Vec::new(), on_delete));
        key.0.push(from);
        key.2.push(to);
    }
    Ok(keys
        .into_values()
        .map(|(from, target, to, on_delete)| {
            format!("FOREIGN KEY ({}) REFERENCES {target}({}) ON DELETE {on_delete}", from.join(", "), to.join(", "))
        })
        .collect())
}

/// The `CHECK (…)` clauses of a table's text, with one blank for any white space.
fn checks(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some((before, after)) = split_at_word(rest, "CHECK") {
        rest = after;
        let follows_a_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let Some(body) = after.trim_start().strip_prefix('(').filter(|_| !follows_a_word) else { continue };
        if let Some(expression) = balanced(body) {
            let words: Vec<&str> = expression.split_whitespace().collect();
            found.push(format!("CHECK ({})", words.join(" ")));
        }
    }
    found
}

fn split_at_word<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let at = text.to_ascii_uppercase().find(word)?;
    Some((text.get(..at)?, text.get(at + word.len()..)?))
}

/// The text up to the parenthesis that closes it, with quotes respected.
fn balanced(text: &str) -> Option<&str> {
    let mut depth = 1;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_found_in_a_tables_text() {
        let sql = "CREATE TABLE t (a TEXT CHECK (a IN ('x)', 'y''(')), checked INT,\n CONSTRAINT c CHECK ((a IS NULL)\n  = (b IS NULL)))";
        assert_eq!(checks(sql), ["CHECK (a IN ('x)', 'y''('))", "CHECK ((a IS NULL) = (b IS NULL))"]);
    }
}
