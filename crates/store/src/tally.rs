//! What the database costs one piece of work, such as a request: how many statements, and how long it waited for them.
//!
//! Counted in the task that does the work, without a lock. What it leaves to other tasks (a note of when a session was
//! last seen) is not waited for and not counted.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

tokio::task_local! {
    static SPENT: Cell<Spent>;
}

/// What a piece of work spent on the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// How often the database was asked and answered: a way to the server and back for each statement, `BEGIN` and `COMMIT`
    /// among them. SQLite is asked several at once.
    pub statements: u32,
    /// How long it waited, for connections and for answers.
    pub time: Duration,
}

/// Does something and says what of it was spent on the database.
pub async fn tallied<T>(work: impl Future<Output = T>) -> (T, Spent) {
    let counted = async {
        let done = work.await;
        (done, SPENT.with(Cell::get))
    };
    SPENT.scope(Cell::default(), counted).await
}

/// A statement was answered, or given up.
pub(crate) fn statement(took: Duration) {
    add(1, took);
}

/// A connection was waited for.
pub(crate) fn wait(took: Duration) {
    add(0, took);
}

fn add(statements: u32, time: Duration) {
    // Jobs and checks are nobody's request.
    let _ = SPENT.try_with(|spent| {
        let so_far = spent.get();
        spent.set(Spent {
            statements: so_far.statements.saturating_add(statements),
            time: so_far.time.saturating_add(time),
        });
    });
}
