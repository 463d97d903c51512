//! No statement reads all of a table that grows, but for those that have to.

mod postgres;
mod rows;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use durward_proto::Timestamp;
use durward_verify::SystemRandom;

use crate::catalogue::{Catalogue, expected};
use crate::query::Statement;
use crate::testing::{Backend, Fresh, backends, fresh, fresh_with};
use crate::tests::partitions::Standing;

/// Where a statement may read everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Both,
    Sqlite,
    Postgres,
}

/// The statements that may, with the reason. One that does not need to stand here any more must go.
const ALLOWED: &[(&str, Where, &str)] = &[
    ("audit_checkpoints::LAST", Where::Sqlite, "it reads one row, from the end of the table's own order"),
    ("audit_checkpoints::STARTED", Where::Both, "the first start is among the first rows, and there the search ends"),
    ("budgets::COUNT", Where::Both, "to count all rows for a metric, every five minutes, they have to be read"),
    (
        "overview::SESSIONS",
        Where::Postgres,
        "the sessions that are alive are most that there are, and the overview counts them",
    ),
    ("overview::USERS", Where::Both, "the overview counts every account, for whoever opens it"),
    (
        "retention::PRUNE_EVENTS",
        Where::Sqlite,
        "it looks at as many rows as it may remove, from the beginning of the table",
    ),
    (
        "security_audit::EXTENT",
        Where::Postgres,
        "`durward audit verify` reads the whole trail, whatever it begins with",
    ),
];

/// What each statement was found to read all of, in words, by the statement's name.
type Found = BTreeMap<&'static str, BTreeSet<String>>;

#[tokio::test]
async fn no_statement_reads_all_of_a_table_that_grows_on_sqlite() {
    let fresh = fresh(Backend::Sqlite).await;
    rows::fill(&fresh, Backend::Sqlite).await;
    // As the program leaves it: nothing runs ANALYZE, so that SQLite plans by the schema alone.
    judge(&sqlite::explain_all(&fresh).await, Where::Sqlite);
}

#[tokio::test]
async fn no_statement_reads_all_of_a_table_that_grows_on_postgres() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = filled().await;
    judge(&postgres::explain_all(&fresh).await, Where::Postgres);
}

/// PostgreSQL with rows in everything that grows, and with their months.
async fn filled() -> Fresh {
    let first = Standing::at(Timestamp::from_seconds(rows::FIRST));
    let fresh = fresh_with(Backend::Postgres, first, Arc::new(SystemRandom)).await;
    assert_eq!(fresh.opened.system.make_trail_months().await.unwrap().len(), 13);
    rows::fill(&fresh, Backend::Postgres).await;
    fresh.sql("VACUUM ANALYZE").await;
    fresh
}

/// What says from when on looks at the months from then on, and at what may be anywhere; who goes back in time from a page's
/// end, or removes what is old, at those up to then. The rows are of eleven months, and the others are empty.
#[tokio::test]
async fn who_says_a_time_looks_at_few_months_of_the_trail() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = filled().await;
    let mut conn = fresh.postgres().await;
    let with_rows = "SELECT COUNT(DISTINCT tableoid) FROM device_login_attempts";
    assert_eq!(fresh.count(with_rows).await, 11);
    let empty = postgres::empty(&mut conn).await;
    let begun = [
        "alerts::DENIALS",
        "alerts::FAILURES",
        "export::ATTEMPTS",
        "habits::EVIDENCE",
        "habits::FAILURES",
        "login_attempts::PAGE",
        "overview::LOGINS",
        "overview::PLACES",
        "retention::PRUNE_ATTEMPTS",
    ];
    for name in begun {
        let statement = statements().find(|statement| statement.short_name() == name).unwrap();
        // The first is made for the very parameters; later ones leave out as much when they begin, and show less of it.
        let plans = postgres::plans(&mut conn, statement, true).await;
        let mut months = BTreeSet::new();
        postgres::looked_at(&plans[0]["Plan"], &mut months);
        if name.starts_with("habits") {
            assert_eq!(months.len(), 1, "each login asks, so not even for the empty ones: {months:?}");
        }
        let months: Vec<&String> = months.difference(&empty).collect();
        assert_eq!(months.len(), 1, "{name}: {months:?}");
    }
}

/// A login asks for wrong answers, of which there are few, and must not read what went well to find that there are none.
#[tokio::test]
async fn a_login_reads_nothing_of_the_trail_but_wrong_answers() {
    const WRONG: &str = "device_login_attempts_wrong";
    let asked = || statements().filter(|statement| statement.short_name().starts_with("habits::")).filter(reads_trail);
    assert_eq!(asked().count(), 2);

    let fresh = fresh(Backend::Sqlite).await;
    let mut conn = sqlite::connection(&fresh).await;
    for statement in asked() {
        let steps = sqlite::steps(&mut conn, statement).await;
        let found = steps.iter().find(|step| step.contains(" device_login_attempts "));
        assert!(found.is_some_and(|step| step.contains(&format!(" INDEX {WRONG} (user_id=? AND at>?"))), "{steps:?}");
    }
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = filled().await;
    let mut conn = fresh.postgres().await;
    for statement in asked() {
        for plan in postgres::plans(&mut conn, statement, false).await {
            assert_eq!(postgres::indexes(&mut conn, &plan["Plan"]).await, BTreeSet::from([WRONG.to_owned()]), "{plan}");
        }
    }
}

fn reads_trail(statement: &Statement) -> bool {
    statement.sqlite.contains(crate::partitions::TRAIL)
}

fn judge(found: &Found, on: Where) {
    let allowed: BTreeSet<&str> =
        ALLOWED.iter().filter(|(_, place, _)| *place == Where::Both || *place == on).map(|(name, ..)| *name).collect();
    let surprising = found.iter().filter(|(name, _)| !allowed.contains(*name));
    let surprising: Vec<String> = surprising.map(|(name, what)| format!("\n{name}: {what:?}")).collect();
    assert!(surprising.is_empty(), "these read all of a table:{}", surprising.concat());
    let idle: Vec<_> = allowed.into_iter().filter(|name| !found.contains_key(name)).collect();
    assert!(idle.is_empty(), "these do not need to be allowed any more: {idle:?}");
}

#[test]
fn what_is_allowed_is_said_once_and_with_a_reason() {
    let names: BTreeSet<&str> = ALLOWED.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), ALLOWED.len());
    for (name, _, reason) in ALLOWED {
        assert!(statements().any(|statement| statement.short_name() == *name), "there is no {name}");
        assert!(reason.len() > 20, "why may {name}?");
    }
}

/// A cascade looks for the rows that refer to the one that goes, and no statement says so.
#[tokio::test]
async fn whatever_refers_to_another_table_is_found_by_an_index() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Catalogue { tables } = expected(backend).await.unwrap();
        let mut keys = 0;
        for (name, table) in &tables {
            let unique = table.constraints.values().filter_map(|text| {
                text.strip_prefix("PRIMARY KEY (")
                    .or(text.strip_prefix("UNIQUE ("))
                    .map(|rest| rest.trim_end_matches(')'))
            });
            let indexed: Vec<&str> = table.indexes.values().map(|index| index.columns.as_str()).chain(unique).collect();
            for text in table.constraints.values().filter_map(|text| text.strip_prefix("FOREIGN KEY (")) {
                let columns = text.split(')').next().unwrap();
                let is_found = indexed.iter().any(|by| *by == columns || by.starts_with(&format!("{columns}, ")));
                assert!(is_found, "{backend:?}: {name} ({columns}) is in none of {indexed:?}");
                keys += 1;
            }
        }
        assert!(keys > 12, "{keys}");
    }
}

/// Indexes that hold few rows of their tables.
fn partial(catalogue: &Catalogue) -> Vec<String> {
    let indexes = catalogue.tables.values().flat_map(|table| &table.indexes);
    indexes.filter(|(_, index)| index.only_where.is_some()).map(|(name, _)| name.clone()).collect()
}

fn statements() -> impl Iterator<Item = Statement> {
    crate::tables::ALL.iter().flat_map(|module| module.iter().copied())
}
