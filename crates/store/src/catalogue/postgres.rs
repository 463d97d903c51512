//! PostgreSQL's catalogue. Partitions are no tables in it: what holds for them is said of the table that they are of, and
//! whoever goes through that one needs no right on them.

use sqlx::PgConnection;

use super::{Catalogue, Column, Detached, Index, Live, Partitions, Rights, Standing};
use crate::partitions::{REST, TRAIL};

const COLUMNS: &str = "SELECT t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), \
    NOT a.attnotnull, a.atthasdef OR a.attidentity <> '' \
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid \
    WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
    AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND a.attnum > 0 AND NOT a.attisdropped";

// An index that is not valid (a CREATE INDEX CONCURRENTLY that failed) serves nobody and counts as none.
const INDEXES: &str = "SELECT t.relname::text, i.relname::text, \
    array_to_string(ARRAY(SELECT pg_get_indexdef(x.indexrelid, k, true) \
        FROM generate_series(1, x.indnkeyatts) AS k ORDER BY k), ', '), \
    x.indisunique, pg_get_expr(x.indpred, x.indrelid) \
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
    WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND x.indisvalid \
    AND NOT t.relispartition AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))";

const CONSTRAINTS: &str = "SELECT t.relname::text, k.conname::text, pg_get_constraintdef(k.oid) \
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
    WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
    AND NOT t.relispartition AND k.contype IN ('p', 'u', 'f', 'c')";

const PARTITIONED: &str = "SELECT t.relname::text, pg_get_partkeydef(t.oid) FROM pg_class t \
    WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
    AND t.relkind = 'p' AND NOT t.relispartition";

const HAS_REST: &str = "SELECT EXISTS (SELECT 1 FROM pg_partitioned_table p \
    WHERE p.partrelid = t.oid AND p.partdefid <> 0) FROM pg_class t \
    WHERE t.oid = to_regclass(quote_ident(current_schema()) || '.' || $1) AND t.relkind = 'p'";

// By the names that the program gives: device_login_attempts_2026_03, and _until_2026_03 for what was there before.
const DETACHED: &str = "SELECT name, CASE WHEN name = $2 THEN 'DEFAULT' ELSE format('FOR VALUES FROM (%s) TO (%L)', \
    CASE WHEN words[1] IS NULL THEN format('%L', to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00') ELSE 'MINVALUE' END, \
    to_char(CASE WHEN words[1] IS NULL THEN month + interval '1 month' ELSE month END, 'YYYY-MM-DD') || ' 00:00:00+00') \
    END AS range FROM (SELECT t.relname::text AS name, words, \
        to_date(words[2], 'YYYY_MM')::timestamp AS month FROM pg_class t \
        LEFT JOIN LATERAL regexp_match(t.relname, '^' || $1 || '_(until_)?(\\d{4}_(?:0[1-9]|1[0-2]))$') AS words ON TRUE \
        WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
        AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND (words IS NOT NULL OR t.relname = $2)) AS named \
    ORDER BY name";

const LACKING: &str = "SELECT n.relname::text, array_agg(p.relname::text ORDER BY p.relname) \
    FROM pg_index x JOIN pg_class n ON n.oid = x.indexrelid JOIN pg_inherits h ON h.inhparent = x.indrelid \
    JOIN pg_class p ON p.oid = h.inhrelid \
    WHERE x.indrelid = to_regclass(quote_ident(current_schema()) || '.' || $1) \
    AND NOT EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_index y ON y.indexrelid = i.inhrelid \
        WHERE i.inhparent = x.indexrelid AND y.indrelid = p.oid AND y.indisvalid) \
    GROUP BY n.relname ORDER BY n.relname";

const RIGHTS: &str = "SELECT t.relname::text, has_table_privilege(t.oid, 'SELECT'), \
    has_table_privilege(t.oid, 'INSERT'), has_table_privilege(t.oid, 'UPDATE'), \
    has_table_privilege(t.oid, 'DELETE'), row_security_active(t.oid) FROM pg_class t \
    WHERE t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
    AND t.relkind IN ('r', 'p') AND NOT t.relispartition ORDER BY t.relname";

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
        let partitioned: Vec<(String, String)> = sqlx::query_as(PARTITIONED).fetch_all(&mut *self).await?;
        for (table, key) in partitioned {
            catalogue.tables.entry(table).or_default().partitioned_by = Some(key);
        }
        Ok(catalogue)
    }

    async fn partitions(&mut self) -> Result<Option<Partitions>, sqlx::Error> {
        let has_rest: Option<bool> = sqlx::query_scalar(HAS_REST).bind(TRAIL).fetch_optional(&mut *self).await?;
        let Some(has_rest) = has_rest else { return Ok(None) };
        let detached: Vec<Detached> = sqlx::query_as(DETACHED).bind(TRAIL).bind(REST).fetch_all(&mut *self).await?;
        let lacking: Vec<(String, Vec<String>)> = sqlx::query_as(LACKING).bind(TRAIL).fetch_all(&mut *self).await?;
        Ok(Some(Partitions { has_rest, detached, lacking }))
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
