//! PostgreSQL's catalogue.

use sqlx::PgConnection;

use super::{Catalogue, Column, Index, Live, Rights, Standing};

const COLUMNS: &str = "SELECT t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), \
    NOT a.attnotnull, a.atthasdef OR a.attidentity <> '' \
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid \
    WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
    AND t.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped";

// An index that is not valid (a CREATE INDEX CONCURRENTLY that failed) serves nobody and counts as none.
const INDEXES: &str = "SELECT t.relname::text, i.relname::text, \
    array_to_string(ARRAY(SELECT pg_get_indexdef(x.indexrelid, k, true) \
        FROM generate_series(1, x.indnkeyatts) AS k ORDER BY k), ', '), \
    x.indisunique, pg_get_expr(x.indpred, x.indrelid) \
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
    WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND x.indisvalid \
    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))";

const CONSTRAINTS: &str = "SELECT t.relname::text, k.conname::text, pg_get_constraintdef(k.oid) \
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
    WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
    AND k.contype IN ('p', 'u', 'f', 'c')";

const RIGHTS: &str = "SELECT t.relname::text, has_table_privilege(t.oid, 'SELECT'), \
    has_table_privilege(t.oid, 'INSERT'), has_table_privilege(t.oid, 'UPDATE'), \
    has_table_privilege(t.oid, 'DELETE'), row_security_active(t.oid) FROM pg_class t \
    WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
    AND t.relkind IN ('r', 'p') ORDER BY t.relname";

impl Live for PgConnection {
    async fn has_table(&mut self, name: &str) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("SELECT to_regclass(quote_ident(current_schema()) || '.' || $1) IS NOT NULL")
            .bind(name)
            .fetch_one(self)
            .await
    }

    async fn catalogue(&mut self) -> Result<Catalogue, sqlx::Error> {
        let mut catalogue = Catalogue::default();
        let columns: Vec<(String, String, String, bool, bool)> = sqlx::query_as(COLUMNS).fetch_all(&mut *self).await?;
        for (table, name, kind, nullable, filled) in columns {
            let table = catalogue.tables.entry(table).or_default();
            table.columns.insert(name, Column { kind, nullable, filled });
        }
        let indexes: Vec<(String, String, String, bool, Option<String>)> =
            sqlx::query_as(INDEXES).fetch_all(&mut *self).await?;
        for (table, name, columns, unique, only_where) in indexes {
            let table = catalogue.tables.entry(table).or_default();
            table.indexes.insert(name, Index { columns, unique, only_where });
        }
        let constraints: Vec<(String, String, String)> = sqlx::query_as(CONSTRAINTS).fetch_all(&mut *self).await?;
        for (table, name, definition) in constraints {
            catalogue.tables.entry(table).or_default().constraints.insert(name, definition);
        }
        Ok(catalogue)
    }

    async fn standing(&mut self) -> Result<Standing, sqlx::Error> {
        let (role, schema, read_only): (String, Option<String>, bool) = sqlx::query_as(
            "SELECT quote_ident(current_user), quote_ident(current_schema()), \
             pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'",
        )
        .fetch_one(&mut *self)
        .await?;
        let rows: Vec<(String, bool, bool, bool, bool, bool)> = sqlx::query_as(RIGHTS).fetch_all(&mut *self).await?;
        let rights = rows.into_iter().map(|(table, select, insert, update, delete, row_security)| {
            let has = [("SELECT", select), ("INSERT", insert), ("UPDATE", update), ("DELETE", delete)];
            let lacking = has.into_iter().filter(|(_, held)| !held).map(|(right, _)| right).collect();
            Rights { table, lacking, row_security }
        });
        Ok(Standing { role, schema, read_only, rights: rights.collect() })
    }
}
