//! The login trail's partitions in PostgreSQL: one for each month (UTC), made ahead and dropped when all of it is over, and
//! one for the rows that no month is there for, so that a row always finds a place. SQLite keeps one table, and there is
//! nothing to do.
//!
//! Any node may do it at any time: one after the other, and who finds it done passes by. What is locked against logins is waited for a
//! quarter of a second at most, since they wait behind whoever waits for a lock; then it is left for the next time. A role
//! that does not own the table changes nothing here, and the rows go where there is a place for them.

use sqlx::{AssertSqlSafe, PgConnection};

use durward_proto::Timestamp;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::scope::SystemStore;
use crate::sqlite::SqliteConnection;

/// The table.
pub(crate) const TRAIL: &str = "device_login_attempts";
/// The partition of what no month is there for.
pub(crate) const REST: &str = "device_login_attempts_rest";

/// This month is there, and so many after it: a year in which nobody has to be at hand who owns the table.
const AHEAD: i32 = 12;
/// So many rows are moved at most while logins may wait for it. A month of which the rest holds more stays there.
const MOST_MOVED: i64 = 20_000;

/// One node changes partitions at a time, each a matter of milliseconds. The number means nothing.
const ALONE: &str = "SELECT pg_advisory_xact_lock(7305808869229298)";
/// How long to wait for a lock that logins need too.
const IMPATIENT: &str = "SET LOCAL lock_timeout = '250ms'";
/// The table goes first, as for whoever reads it. Rows come and go meanwhile, but for those of the rest.
const HOLD_TRAIL: &str = "LOCK TABLE ONLY device_login_attempts IN SHARE UPDATE EXCLUSIVE MODE";
const HOLD_REST: &str = "LOCK TABLE device_login_attempts_rest IN ACCESS EXCLUSIVE MODE";

/// What the two questions below look at: the ranges that there are, and whether the role owns the table. Ends that are NULL
/// are open.
const RANGES: &str = "WITH trail AS (SELECT t.oid, t.relowner FROM pg_class t \
    WHERE t.oid = to_regclass(quote_ident(current_schema()) || '.device_login_attempts') AND t.relkind = 'p' \
    AND pg_has_role(t.relowner, 'USAGE') AND has_schema_privilege(current_schema(), 'CREATE')), \
    bounds AS (SELECT c.relname, c.relowner, pg_get_expr(c.relpartbound, c.oid) AS bound FROM trail \
    JOIN pg_inherits i ON i.inhparent = trail.oid JOIN pg_class c ON c.oid = i.inhrelid), \
    ranges AS (SELECT relname, relowner, CAST(substring(bound FROM 'FROM \\(''([^'']+)''\\)') AS TIMESTAMPTZ) AS first, \
    CAST(substring(bound FROM 'TO \\(''([^'']+)''\\)') AS TIMESTAMPTZ) AS beyond FROM bounds WHERE bound <> 'DEFAULT')";

/// A month is missing where no range has any of it, and no table that was detached has its name.
const MISSING: &str = "SELECT name, first, beyond, owner FROM (SELECT 'device_login_attempts_' || to_char(month, 'YYYY_MM') \
    AS name, month AT TIME ZONE 'UTC' AS first, (month + interval '1 month') AT TIME ZONE 'UTC' AS beyond, \
    quote_ident(pg_get_userbyid(trail.relowner)) AS owner FROM trail, \
    generate_series(0, $2) AS number, \
    LATERAL (SELECT date_trunc('month', $1 AT TIME ZONE 'UTC') + number * interval '1 month') AS months (month)) AS wanted \
    WHERE NOT EXISTS (SELECT 1 FROM ranges WHERE (ranges.first IS NULL OR ranges.first < wanted.beyond) \
    AND (ranges.beyond IS NULL OR ranges.beyond > wanted.first)) \
    AND to_regclass(quote_ident(current_schema()) || '.' || name) IS NULL ORDER BY first";

/// Those of which no row is younger.
const OVER: &str = "SELECT quote_ident(relname) FROM ranges WHERE beyond <= $1 AND pg_has_role(relowner, 'USAGE') \
    ORDER BY beyond";

/// A month that there is no partition for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Month {
    /// Its partition's name, such as `device_login_attempts_2026_03`.
    name: String,
    #[sqlx(try_from = "Db<Timestamp>")]
    first: Timestamp,
    /// The first moment after it.
    #[sqlx(try_from = "Db<Timestamp>")]
    beyond: Timestamp,
    /// Whose the table is, as SQL has it: its partitions are the same role's.
    owner: String,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is made, once it is committed.
    Made,
    /// Another node was quicker.
    Others,
    /// Somebody held the table, or another node the right to change it, for too long.
    Locked,
    /// Too many rows would have to be moved.
    Full,
}

impl SystemStore {
    /// Makes the partitions that are missing of this month and the twelve after it, and gives their names. Rows that are in
    /// the rest and belong there are moved, a short time without logins. None on SQLite, and where the role owns no table.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`. A table that is in use for too long is none: another time will do.
    pub async fn make_trail_months(&self) -> Result<Vec<String>, StoreError> {
        let now = self.shared.clock.now();
        let missing = {
            let mut read = self.read().await?;
            on!(read, |c, _sql| c.missing(now).await)?
        };
        let mut made = Vec::new();
        for month in missing {
            let mut write = self.write().await?;
            match on!(write, |c, _sql| c.make(&month, now).await)? {
                Change::Made => {
                    write.commit_unaudited("a place for rows is none").await?;
                    tracing::info!(partition = month.name, "made a month of the login trail");
                    made.push(month.name);
                }
                why => tracing::debug!(partition = month.name, ?why, "a month of the login trail is not made now"),
            }
        }
        Ok(made)
    }

    /// Drops the partitions that have no place for a row of that time or later, and gives their names. None on SQLite, and
    /// where the role owns no table.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`. A table that is in use for too long is none: another time will do.
    pub async fn drop_trail_months(&self, before: Timestamp) -> Result<Vec<String>, StoreError> {
        let over = {
            let mut read = self.read().await?;
            on!(read, |c, _sql| c.over(before).await)?
        };
        let mut dropped = Vec::new();
        for name in over {
            let mut write = self.write().await?;
            match on!(write, |c, _sql| c.drop_over(&name, before).await)? {
                Change::Made => {
                    write.commit_unaudited("what is over is removed").await?;
                    dropped.push(name);
                }
                why => tracing::debug!(partition = name, ?why, "a month of the login trail is not dropped now"),
            }
        }
        Ok(dropped)
    }
}

/// What a typed connection does about months, the changes in a transaction that was begun.
pub(crate) trait Months {
    /// Those from now on that there is no partition for, if the role may make one.
    async fn missing(&mut self, now: Timestamp) -> Result<Vec<Month>, sqlx::Error>;
    /// Makes one.
    async fn make(&mut self, month: &Month, now: Timestamp) -> Result<Change, sqlx::Error>;
    /// Those that are over then, if the role may drop them: their names as SQL has them.
    async fn over(&mut self, before: Timestamp) -> Result<Vec<String>, sqlx::Error>;
    /// Drops one.
    async fn drop_over(&mut self, name: &str, before: Timestamp) -> Result<Change, sqlx::Error>;
}

impl Months for SqliteConnection {
    async fn missing(&mut self, _: Timestamp) -> Result<Vec<Month>, sqlx::Error> {
        Ok(Vec::new())
    }

    async fn make(&mut self, _: &Month, _: Timestamp) -> Result<Change, sqlx::Error> {
        Ok(Change::Others)
    }

    async fn over(&mut self, _: Timestamp) -> Result<Vec<String>, sqlx::Error> {
        Ok(Vec::new())
    }

    async fn drop_over(&mut self, _: &str, _: Timestamp) -> Result<Change, sqlx::Error> {
        Ok(Change::Others)
    }
}

impl Months for PgConnection {
    async fn missing(&mut self, now: Timestamp) -> Result<Vec<Month>, sqlx::Error> {
        let sql = AssertSqlSafe(format!("{RANGES} {MISSING}"));
        sqlx::query_as(sql).bind(Db(now)).bind(AHEAD).persistent(false).fetch_all(self).await
    }

    async fn make(&mut self, month: &Month, now: Timestamp) -> Result<Change, sqlx::Error> {
        if !alone(self).await? {
            return Ok(Change::Locked);
        }
        if !self.missing(now).await?.contains(month) {
            return Ok(Change::Others);
        }
        let Month { name, first, beyond, owner } = month;
        let place = format!(
            "CREATE TABLE {name} (LIKE {TRAIL} INCLUDING ALL); ALTER TABLE {name} OWNER TO {owner}; \
             {HOLD_TRAIL}; {HOLD_REST}"
        );
        let is_held = unless_locked(sqlx::raw_sql(AssertSqlSafe(place)).execute(&mut *self).await.map(drop))?;
        if !is_held {
            return Ok(Change::Locked);
        }
        // Nobody adds one from here on.
        let count = AssertSqlSafe(format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM {REST} WHERE at >= $1 AND at < $2 LIMIT $3) AS found"
        ));
        let rows: i64 = sqlx::query_scalar(count)
            .bind(Db(*first))
            .bind(Db(*beyond))
            .bind(MOST_MOVED + 1)
            .persistent(false)
            .fetch_one(&mut *self)
            .await?;
        if rows > MOST_MOVED {
            return Ok(Change::Full);
        }
        let attach = format!(
            "WITH moved AS (DELETE FROM {REST} WHERE at >= '{first}' AND at < '{beyond}' RETURNING *) \
             INSERT INTO {name} SELECT * FROM moved; \
             ALTER TABLE {TRAIL} ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{beyond}')"
        );
        sqlx::raw_sql(AssertSqlSafe(attach)).execute(self).await?;
        Ok(Change::Made)
    }

    async fn over(&mut self, before: Timestamp) -> Result<Vec<String>, sqlx::Error> {
        let sql = AssertSqlSafe(format!("{RANGES} {OVER}"));
        sqlx::query_scalar(sql).bind(Db(before)).persistent(false).fetch_all(self).await
    }

    async fn drop_over(&mut self, name: &str, before: Timestamp) -> Result<Change, sqlx::Error> {
        if !alone(self).await? {
            return Ok(Change::Locked);
        }
        if !self.over(before).await?.iter().any(|over| over == name) {
            return Ok(Change::Others);
        }
        let dropped = sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE {name}"))).execute(self).await.map(drop);
        Ok(if unless_locked(dropped)? { Change::Made } else { Change::Locked })
    }
}

/// Whether no other node changes partitions until the transaction ends. From here on, it waits for locks for a moment only.
async fn alone(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let alone = unless_locked(sqlx::raw_sql(ALONE).execute(&mut *conn).await.map(drop))?;
    if alone {
        sqlx::raw_sql(IMPATIENT).execute(conn).await?;
    }
    Ok(alone)
}

/// False where a lock was not to be had in time (`lock_not_available`), or two waited for each other (`deadlock_detected`).
fn unless_locked(done: Result<(), sqlx::Error>) -> Result<bool, sqlx::Error> {
    match done {
        Ok(()) => Ok(true),
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("55P03" | "40P01")) => Ok(false),
        Err(error) => Err(error),
    }
}
