//! What SQLite says about its plans.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::{Found, partial, rows, statements};
use crate::Target;
use crate::catalogue::expected;
use crate::query::Statement;
use crate::sqlite::{SqliteConnectOptions, SqliteConnection};
use crate::testing::{Backend, Fresh};

/// More than any statement has.
const MOST_PARAMETERS: usize = 64;

pub(super) async fn connection(fresh: &Fresh) -> SqliteConnection {
    let Target::Sqlite { path } = &fresh.options.target else { panic!("it is SQLite") };
    SqliteConnectOptions::file(path).connect().await.unwrap()
}

pub(super) async fn explain_all(fresh: &Fresh) -> Found {
    let mut conn = connection(fresh).await;
    let partial = partial(&expected(Backend::Sqlite).await.unwrap());
    let mut found = Found::new();
    for statement in statements() {
        let scans = scans(&steps(&mut conn, statement).await, &partial);
        if !scans.is_empty() {
            found.insert(statement.short_name(), scans);
        }
    }
    conn.close().await.unwrap();
    found
}

/// What a statement does, step by step.
pub(super) async fn steps(conn: &mut SqliteConnection, statement: Statement) -> Vec<String> {
    let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sqlite));
    // Whatever the parameters are: the plan does not look at them.
    let explain = (0..MOST_PARAMETERS).fold(sqlx::query_as(sql), |query, _| query.bind(None::<i64>));
    let steps: Vec<(i64, i64, i64, String)> = explain.fetch_all(conn).await.unwrap();
    steps.into_iter().map(|(.., step)| step).collect()
}

/// The steps that go through all rows of something, other than what the statement itself has put together before, or what an
/// index of few rows holds.
fn scans(steps: &[String], partial: &[String]) -> BTreeSet<String> {
    let made: Vec<&str> = steps
        .iter()
        .filter_map(|step| step.strip_prefix("CO-ROUTINE ").or(step.strip_prefix("MATERIALIZE ")))
        .collect();
    let over = |step: &&String| {
        let what = step.strip_prefix("SCAN ")?.split(' ').next()?;
        let is_few =
            rows::SMALL.contains(&what) || partial.iter().any(|index| step.ends_with(&format!(" INDEX {index}")));
        // An alias is no table's name, and so it counts.
        (!made.contains(&what) && what != "CONSTANT" && !is_few).then(|| (*step).clone())
    };
    steps.iter().filter_map(|step| over(&step)).collect()
}
