//! `figures`: what each node counted in each minute, for the operator's charts.

use durward_proto::Timestamp;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{Gate, SeesFigures};
use crate::tx::{Read, Write};

/// What a node counted in a minute.
#[derive(Debug, Clone, Copy)]
pub struct NewFigure<'a> {
    /// When the minute began.
    pub at: Timestamp,
    /// Which node.
    pub node: &'a str,
    /// What was counted.
    pub name: &'a str,
    /// Of which sort.
    pub label: &'a str,
    /// How many, or how much.
    pub value: i64,
    /// Whether it is added to what stands there already, or replaces it.
    pub adds: bool,
}

/// What all nodes counted in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FigureRow {
    /// Which stretch, from 0.
    pub slot: i64,
    /// Of which sort.
    pub label: String,
    /// The sum over all nodes and minutes.
    pub total: i64,
    /// The largest of the minutes' sums over all nodes.
    pub peak: i64,
    /// The largest of any node in any minute.
    pub most: i64,
}

queries! {
    /// Writes one down.
    PUT = "INSERT INTO figures (at, node, name, label, value) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (at, node, name, label) DO UPDATE SET \
        value = excluded.value + CASE WHEN $6 THEN figures.value ELSE 0 END";
    /// A series, put together in stretches of `$4` microseconds. The databases divide times differently.
    SERIES = {
        sqlite: "SELECT (at - $2) / $4 AS slot, label, SUM(total) AS total, MAX(total) AS peak, MAX(most) AS most \
            FROM (SELECT at, label, SUM(value) AS total, MAX(value) AS most FROM figures \
            WHERE name = $1 AND at >= $2 AND at < $3 GROUP BY at, label) AS minutes GROUP BY 1, 2 ORDER BY 1, 2",
        pg: "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM (at - $2)) * 1000000 / CAST($4 AS BIGINT)) AS BIGINT) AS slot, label, \
            CAST(SUM(total) AS BIGINT) AS total, CAST(MAX(total) AS BIGINT) AS peak, MAX(most) AS most \
            FROM (SELECT at, label, SUM(value) AS total, MAX(value) AS most FROM figures \
            WHERE name = $1 AND at >= $2 AND at < $3 GROUP BY at, label) AS minutes GROUP BY 1, 2 ORDER BY 1, 2"
    };
    /// How many nodes have written something since then.
    NODES = "SELECT COUNT(DISTINCT node) FROM figures WHERE name = 'nodes' AND at >= $1";
}

impl Write<Gate> {
    /// Writes down what a node counted.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn put_figure(&mut self, new: &NewFigure<'_>) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(PUT))
            .bind(Db(new.at))
            .bind(new.node)
            .bind(new.name)
            .bind(new.label)
            .bind(new.value)
            .bind(new.adds)
            .execute(c)
            .await
            .map(drop))
    }
}

impl<S: SeesFigures> Read<S> {
    /// What all nodes counted from `since` to before `until`, in stretches of `step_micros`; of stretches in which there
    /// was nothing there is no row.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn figures(
        &mut self,
        name: &str,
        since: Timestamp,
        until: Timestamp,
        step_micros: i64,
    ) -> Result<Vec<FigureRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(SERIES))
            .bind(name)
            .bind(Db(since))
            .bind(Db(until))
            .bind(step_micros)
            .fetch_all(c)
            .await)
    }

    /// How many nodes have counted since then.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn count_nodes(&mut self, since: Timestamp) -> Result<i64, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(NODES)).bind(Db(since)).fetch_one(c).await)
    }
}
