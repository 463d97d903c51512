//! What PostgreSQL says about its plans, for the parameters that come and after it has got to know the statement.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::{Found, partial, rows, statements};
use crate::catalogue::expected;
use crate::partitions::TRAIL;
use crate::query::Statement;
use crate::testing::{Backend, Fresh};

/// After so many plans for the very parameters PostgreSQL thinks about one for all of them (PREPARE, "Notes").
const UNTIL_GENERIC: usize = 6;

pub(super) async fn explain_all(fresh: &Fresh) -> Found {
    let partial = partial(&expected(Backend::Postgres).await.unwrap());
    let mut conn = fresh.postgres().await;
    let empty = empty(&mut conn).await;
    let mut found = Found::new();
    for statement in statements() {
        let mut scans = BTreeSet::new();
        for left_out in [false, true] {
            for plan in plans(&mut conn, statement, left_out).await {
                look(&plan["Plan"], "", &partial, &empty, &mut scans);
            }
        }
        if !scans.is_empty() {
            found.insert(statement.short_name(), scans);
        }
    }
    conn.close().await.unwrap();
    found
}

/// The partitions that have no rows: to read all of one is to read nothing, and PostgreSQL may do it so.
pub(super) async fn empty(conn: &mut PgConnection) -> BTreeSet<String> {
    let partitions = "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r'";
    let partitions: Vec<String> = sqlx::query_scalar(partitions).fetch_all(&mut *conn).await.unwrap();
    let mut empty = BTreeSet::new();
    for partition in partitions {
        let has_rows = AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {partition})"));
        if !sqlx::query_scalar::<_, bool>(has_rows).fetch_one(&mut *conn).await.unwrap() {
            empty.insert(partition);
        }
    }
    empty
}

/// The partitions of the login trail that a plan looks at.
pub(super) fn looked_at(plan: &Value, trail: &mut BTreeSet<String>) {
    if let Some(relation) =
        plan["Relation Name"].as_str().filter(|relation| *relation != TRAIL && rows::table_of(relation) == TRAIL)
    {
        trail.insert(relation.to_owned());
    }
    for below in plan["Plans"].as_array().into_iter().flatten() {
        looked_at(below, trail);
    }
}

/// The trail's indexes that a plan uses, by the names that they have for the whole of it.
pub(super) async fn indexes(conn: &mut PgConnection, plan: &Value) -> BTreeSet<String> {
    let mut found = Vec::new();
    let mut plans = vec![plan];
    while let Some(plan) = plans.pop() {
        found.extend(plan["Index Name"].as_str().map(str::to_owned));
        plans.extend(plan["Plans"].as_array().into_iter().flatten());
    }
    let wholes = "SELECT p.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
        JOIN pg_class p ON p.oid = i.inhparent WHERE c.relname::text = ANY($1)";
    sqlx::query_scalar(wholes).bind(found).fetch_all(conn).await.unwrap().into_iter().collect()
}

/// The plans with all parameters, or with those left out that may be.
pub(super) async fn plans(conn: &mut PgConnection, statement: Statement, left_out: bool) -> Vec<Value> {
    let run = async |conn: &mut PgConnection, sql: String| {
        let sql = AssertSqlSafe(sql);
        sqlx::raw_sql(sql).fetch_all(conn).await.unwrap_or_else(|error| panic!("{}: {error}", statement.name))
    };
    run(conn, format!("PREPARE asked AS {}", statement.postgres)).await;
    let types: Vec<String> =
        sqlx::query_scalar("SELECT unnest(parameter_types)::text FROM pg_prepared_statements WHERE name = 'asked'")
            .persistent(false)
            .fetch_all(&mut *conn)
            .await
            .unwrap();
    let values = types.iter().zip(1..).map(|(kind, number)| value(statement.postgres, kind, number, left_out));
    let values = values.collect::<Vec<_>>().join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    let mut plans = Vec::new();
    for _ in 0..UNTIL_GENERIC {
        let rows = run(conn, format!("EXPLAIN (FORMAT JSON) EXECUTE asked{values}")).await;
        let Json(explained): Json<Value> = rows[0].try_get(0).unwrap();
        plans.extend(explained.as_array().cloned().unwrap());
    }
    run(conn, "DEALLOCATE asked".to_owned()).await;
    plans
}

/// A parameter as it could come: of times one that leaves few rows over, as those do who ask for what is new or remove
/// what is old.
fn value(sql: &str, kind: &str, number: usize, left_out: bool) -> String {
    let is_optional = sql.contains(&format!("${number} IS NULL"))
        || sql.contains(&format!("CAST(${number} AS TEXT) IS NULL"))
        || sql.contains(&format!("CAST(${number} AS BIGINT) IS NULL"));
    if left_out && is_optional {
        return "NULL".to_owned();
    }
    // Where a page goes on is no end.
    let is_end = !sql.contains(&format!("(${number}, "))
        && (sql.contains(&format!("< ${number}")) || sql.contains(&format!("<= ${number}")));
    match kind {
        "bigint" | "integer" => "50".to_owned(),
        "text" => "'person50@example.com'".to_owned(),
        "uuid" => "'00000000-0000-0000-0000-000000000032'".to_owned(),
        "boolean" => "TRUE".to_owned(),
        "bytea" => "'\\x31'".to_owned(),
        "jsonb" => "'{}'".to_owned(),
        "timestamp with time zone" => {
            // Between two times lie those from a late one on.
            let has_begin = sql.contains(" at > $") || sql.contains(" at >= $");
            let at = match (is_end, has_begin) {
                (true, true) => rows::END,
                (true, false) => rows::EARLY,
                (false, _) => rows::LATE,
            };
            format!("TO_TIMESTAMP({at})")
        }
        other => panic!("a parameter of the type {other}"),
    }
}

/// Looks for what goes through all rows of a table, or of an index that holds all of them. To take a few off the end of an
/// index is no such thing, nor is it to do so with the index of each partition.
fn look(plan: &Value, above: &str, partial: &[String], empty: &BTreeSet<String>, scans: &mut BTreeSet<String>) {
    let text = |name: &str| plan[name].as_str().unwrap_or_default();
    let (kind, table, index) = (text("Node Type"), text("Relation Name"), text("Index Name"));
    let is_bound = plan.get("Index Cond").is_some() || partial.iter().any(|known| known == index);
    let is_end = above == "Limit" && plan.get("Filter").is_none();
    let table = if empty.contains(table) { "" } else { rows::table_of(table) };
    match kind {
        "Seq Scan" if rows::grows(table) => drop(scans.insert(format!("{kind} on {table}"))),
        "Index Scan" | "Index Only Scan" if !is_bound && !is_end && rows::grows(table) => {
            scans.insert(format!("{kind} over all of {index}"));
        }
        "Bitmap Index Scan" if !is_bound => drop(scans.insert(format!("{kind} over all of {index}"))),
        _ => {}
    }
    for below in plan["Plans"].as_array().into_iter().flatten() {
        let above = if matches!(kind, "Append" | "Merge Append") { above } else { kind };
        look(below, above, partial, empty, scans);
    }
}
