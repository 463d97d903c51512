//! `guess_budgets`: how often somebody may still guess. Counted before the check, in the database, so that all
//! nodes and all paths share one count.
//!
//! One transaction touches several, and many transactions the same ones, so that all take them in the order of their keys:
//! who charges several does so in that order, and what is settled is settled at the commit, in that order too.

use std::time::Duration;

use durward_proto::Timestamp;

use crate::error::StoreError;
use crate::link::{ahead, on, run};
use crate::query::queries;
use crate::scope::{Gate, System};
use crate::tx::{Ending, Read, Write};

/// How much guessing a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRule {
    /// So many are free within the window. 0 counts as 1.
    pub limit: u32,
    /// When it has passed since the first, everything starts anew.
    pub window: Duration,
    /// How long to wait after the last free one; it doubles with each further one, up to the window.
    pub first_delay: Duration,
}

/// What became of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// It is counted; go on and check.
    Allowed,
    /// Not now. It is not counted, so that knocking does not lengthen the wait.
    Refused {
        /// How long until the next one is let through.
        retry_after: Duration,
    },
}

/// What becomes of a budget at the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settling {
    /// One is taken back.
    Refund,
    /// All of it is forgotten.
    Forget,
}

/// The longest window: a hundred years, so that no sum of times overflows.
const LONGEST: i64 = 100 * 366 * 86_400 * 1_000_000;

/// How many budgets one statement settles: those of a try.
const TOGETHER: usize = 3;

queries! {
    // $1 key, $2 now, $3 window, $4 limit, $5 first delay, $6 how many doublings reach the window.
    // In each CASE: the window has passed (or began in the future: the clock was set back) / not yet / counted.
    /// Counts one, or refuses it, and says which.
    CHARGE = "INSERT INTO guess_budgets AS b (key, failures, window_started_at, ends_at, next_allowed_at, refused) \
        VALUES ($1, 1, CAST($2 AS BIGINT), CAST($2 AS BIGINT) + CAST($3 AS BIGINT), \
        CASE WHEN CAST($4 AS BIGINT) <= 1 THEN CAST($2 AS BIGINT) + CAST($5 AS BIGINT) ELSE 0 END, FALSE) \
        ON CONFLICT (key) DO UPDATE SET \
        failures = CASE \
            WHEN $2 - b.window_started_at >= $3 OR b.window_started_at - $2 >= $3 THEN 1 \
            WHEN $2 < b.next_allowed_at THEN b.failures \
            ELSE b.failures + 1 END, \
        window_started_at = CASE \
            WHEN $2 - b.window_started_at >= $3 OR b.window_started_at - $2 >= $3 THEN $2 \
            ELSE b.window_started_at END, \
        ends_at = CASE \
            WHEN $2 - b.window_started_at >= $3 OR b.window_started_at - $2 >= $3 THEN $2 + $3 \
            ELSE b.window_started_at + $3 END, \
        next_allowed_at = CASE \
            WHEN $2 - b.window_started_at >= $3 OR b.window_started_at - $2 >= $3 THEN excluded.next_allowed_at \
            WHEN $2 < b.next_allowed_at THEN b.next_allowed_at \
            WHEN b.failures + 1 < $4 THEN 0 \
            WHEN b.failures + 1 - $4 >= $6 THEN $2 + $3 \
            ELSE $2 + (CAST($5 AS BIGINT) << CAST(b.failures + 1 - $4 AS INTEGER)) END, \
        refused = $2 - b.window_started_at < $3 AND b.window_started_at - $2 < $3 AND $2 < b.next_allowed_at \
        RETURNING refused, next_allowed_at, ends_at";
    /// Takes one back of each, and the wait with it. They are held in the order of their bytes, as everybody takes them, and
    /// where nothing is counted any more nothing is left: SQLite is told that by a statement of its own, which costs it no
    /// round trip.
    REFUND = {
        sqlite: "UPDATE guess_budgets SET failures = failures - 1, next_allowed_at = 0 WHERE key IN ($1, $2, $3) \
            RETURNING failures",
        pg: "WITH held AS MATERIALIZED (SELECT key, failures FROM guess_budgets WHERE key IN ($1, $2, $3) \
            ORDER BY key COLLATE \"C\" FOR UPDATE), \
            spent AS (DELETE FROM guess_budgets WHERE key = ANY (ARRAY(SELECT key FROM held WHERE failures <= 1))) \
            UPDATE guess_budgets SET failures = failures - 1, next_allowed_at = 0 \
            WHERE key = ANY (ARRAY(SELECT key FROM held WHERE failures > 1)) RETURNING failures"
    };
    /// Forgets those under which nothing is counted any more.
    FORGET_SPENT = "DELETE FROM guess_budgets WHERE key IN ($1, $2, $3) AND failures <= 0";
    /// How many there are.
    COUNT = "SELECT COUNT(*) FROM guess_budgets";
    /// Forgets one.
    FORGET = "DELETE FROM guess_budgets WHERE key = $1";
}

impl Write<Gate> {
    /// Counts one guess under each key before it is checked. Of many at once no more than the rules allow get through. The
    /// keys stand in their order.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn charge(&mut self, now: Timestamp, given: &[(&str, BudgetRule)]) -> Result<Vec<Charge>, StoreError> {
        let now = now.micros();
        let mut rows: Vec<(bool, i64, i64)> = Vec::with_capacity(given.len());
        for (key, rule) in given {
            let window = micros(rule.window).clamp(1, LONGEST);
            let first_delay = micros(rule.first_delay).clamp(1, window);
            let (limit, doublings) = (i64::from(rule.limit.max(1)), doublings(first_delay, window));
            rows.push(on!(self, |c, sql| sqlx::query_as(sql(CHARGE))
                .bind(*key)
                .bind(now)
                .bind(window)
                .bind(limit)
                .bind(first_delay)
                .bind(doublings)
                .fetch_one(c)
                .await)?);
        }
        let charge = |(refused, next_allowed_at, ends_at): (bool, i64, i64)| {
            // With the end of the window everything starts anew, a wait that is left over as well.
            let wait = u64::try_from(next_allowed_at.min(ends_at).saturating_sub(now)).unwrap_or(0);
            if refused { Charge::Refused { retry_after: Duration::from_micros(wait) } } else { Charge::Allowed }
        };
        Ok(rows.into_iter().map(charge).collect())
    }

    /// Takes one back at the commit, after a success, and the wait with it.
    pub fn refund(&mut self, key: &str) {
        self.budgets.entry(key.to_owned()).or_insert(Settling::Refund);
    }

    /// Forgets at the commit what was counted under `key`, and its wait.
    pub fn forget_budget(&mut self, key: &str) {
        self.forget_at_commit(key);
    }
}

impl<S> Write<S> {
    /// Forgets at the commit what was counted under `key`, whatever else becomes of it in this transaction.
    pub(crate) fn forget_at_commit(&mut self, key: &str) {
        self.budgets.insert(key.to_owned(), Settling::Forget);
    }
}

impl Write<Ending> {
    /// Settles what was noted, in the order of the keys.
    pub(crate) async fn settle_budgets(&mut self) -> Result<(), StoreError> {
        let mut refunds = Vec::with_capacity(TOGETHER);
        for (key, settling) in std::mem::take(&mut self.budgets) {
            if settling == Settling::Forget || refunds.len() == TOGETHER {
                self.refund_now(&refunds).await?;
                refunds.clear();
            }
            match settling {
                Settling::Refund => refunds.push(key),
                Settling::Forget => run!(self, FORGET, [&key])?,
            }
        }
        self.refund_now(&refunds).await
    }

    /// Takes one back of each. Where nothing is counted any more, nothing is left to remember.
    async fn refund_now(&mut self, keys: &[String]) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let [one, two, three] = three(keys);
        // What waits has nothing to do with budgets, and holds nothing yet.
        let left: Vec<i64> = ahead!(self, |c, sql| sqlx::query_scalar(sql(REFUND))
            .bind(one)
            .bind(two)
            .bind(three)
            .fetch_all(c)
            .await)?;
        if left.iter().any(|failures| *failures <= 0) {
            run!(self, FORGET_SPENT, [one, two, three])?;
        }
        Ok(())
    }
}

impl Read<System> {
    /// How many budgets there are.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn budget_rows(&mut self) -> Result<i64, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(COUNT)).fetch_one(c).await)
    }
}

/// As many keys as a statement has places for; the first one again where there are fewer.
fn three(keys: &[String]) -> [Option<&str>; TOGETHER] {
    let first = keys.first().map(String::as_str);
    [first, keys.get(1).map_or(first, |key| Some(key)), keys.get(2).map_or(first, |key| Some(key))]
}

/// How often `from` must be doubled to reach `to`. Both are positive.
fn doublings(from: i64, to: i64) -> i64 {
    let mut reached = from;
    let mut count = 0;
    while reached < to {
        reached = reached.saturating_mul(2);
        count += 1;
    }
    count
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doublings_never_overflow() {
        assert_eq!(doublings(1, 1), 0);
        assert_eq!(doublings(1, 2), 1);
        assert_eq!(doublings(3, 13), 3);
        // The shift in SQL is by less than this, so that it stays below the window.
        assert!(doublings(1, LONGEST) < 62);
    }
}
