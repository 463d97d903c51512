//! Reading one row for many at once: whoever asks while others' rows are being read waits for that to end, and then one
//! statement reads what all of those want who came meanwhile.
//!
//! A way to a database server and back costs both sides more than the row does. Who asks alone is served at once, so that
//! nobody waits for company; the more ask, the more share a statement, and only who would find no place in the next one is
//! reason for another at the same time. Each statement begins after all who share it have asked, so that everybody sees what
//! was committed before they did.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tracing::Instrument;

use crate::error::StoreError;
use crate::open::Shared;
use crate::query::{Statement, span_within};
use crate::tally;

/// How many statements may be under way at once: each takes a connection.
const AT_ONCE: usize = 2;

/// Where those meet who ask for rows of one kind, by `K`.
pub(crate) struct Gather<K, V> {
    /// The statement that reads them.
    statement: Statement,
    /// How many keys it takes at most.
    most: usize,
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    under_way: usize,
    waiting: Vec<Waiting<K, V>>,
}

struct Waiting<K, V> {
    key: K,
    tell: Tell<V>,
}

/// Where an asker waits for the answer.
type Tell<V> = oneshot::Sender<Result<Option<V>, StoreError>>;

impl<K, V> Gather<K, V>
where
    K: Copy + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    pub(crate) fn new(statement: Statement, most: usize) -> Arc<Self> {
        Arc::new(Self { statement, most, state: Mutex::new(State { under_way: 0, waiting: Vec::new() }) })
    }

    /// The row under `key`, as `read` finds it together with others'. It goes on for those others when who asks goes away.
    ///
    /// # Errors
    /// Those of `read`, the same for all who share it, and that the database is away also for those who wait by then.
    pub(crate) async fn ask<R, F>(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        key: K,
        read: R,
    ) -> Result<Option<V>, StoreError>
    where
        R: Fn(Arc<Shared>, Vec<K>) -> F + Send + 'static,
        F: Future<Output = Result<HashMap<K, V>, StoreError>> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let began = shared.clock.monotonic();
        if self.join(Waiting { key, tell }) {
            tokio::spawn(self.clone().serve(shared.clone(), read));
        }
        let span = span_within!("statement", otel.kind = "client", otel.name = self.statement.short_name());
        let told = told.instrument(span).await;
        tally::statement(shared.clock.monotonic().saturating_sub(began));
        told.unwrap_or_else(|_| Err(StoreError::Unavailable("reading for many was given up".to_owned())))
    }

    /// Stands in the queue. True when somebody has to begin to serve it.
    fn join(&self, waiting: Waiting<K, V>) -> bool {
        let mut state = self.state();
        state.waiting.push(waiting);
        let is_full = state.waiting.len() >= self.most;
        let begins = state.under_way == 0 || state.under_way < AT_ONCE && is_full;
        state.under_way += usize::from(begins);
        begins
    }

    /// Reads for those who wait, until nobody does.
    async fn serve<R, F>(self: Arc<Self>, shared: Arc<Shared>, read: R)
    where
        R: Fn(Arc<Shared>, Vec<K>) -> F,
        F: Future<Output = Result<HashMap<K, V>, StoreError>>,
    {
        let mut place = Place { of: &self, is_over: false };
        while let Some(waiting) = place.next() {
            let mut askers: HashMap<K, Vec<Tell<V>>> = HashMap::with_capacity(waiting.len());
            for Waiting { key, tell } in waiting {
                askers.entry(key).or_default().push(tell);
            }
            match read(shared.clone(), askers.keys().copied().collect()).await {
                Ok(mut rows) => askers.into_iter().for_each(|(key, askers)| answer(askers, Ok(rows.remove(&key)))),
                Err(error) => {
                    // Nobody waits once more for a database that has just been found away.
                    let others = if error.is_unavailable() { place.everybody() } else { Vec::new() };
                    let others = others.into_iter().map(|one| one.tell);
                    answer(askers.into_values().flatten().chain(others).collect(), Err(error));
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells all who asked for the same.
fn answer<V: Clone>(askers: Vec<Tell<V>>, answer: Result<Option<V>, StoreError>) {
    let mut askers = askers.into_iter();
    let last = askers.next();
    // Whoever has gone away does not hear it.
    askers.for_each(|tell| drop(tell.send(answer.clone())));
    if let Some(tell) = last {
        drop(tell.send(answer));
    }
}

/// One of the statements that may be under way.
struct Place<'a, K, V>
where
    K: Copy + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    of: &'a Gather<K, V>,
    is_over: bool,
}

impl<K, V> Place<'_, K, V>
where
    K: Copy + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Those to read for now. With none left the place is given up, under the same lock, so that nobody who comes then waits
    /// for one who has left.
    fn next(&mut self) -> Option<Vec<Waiting<K, V>>> {
        let mut state = self.of.state();
        state.waiting.retain(|one| !one.tell.is_closed());
        let count = state.waiting.len().min(self.of.most);
        if count == 0 {
            state.under_way -= 1;
            self.is_over = true;
            return None;
        }
        Some(state.waiting.drain(..count).collect())
    }

    /// All who wait at this moment, however many.
    fn everybody(&mut self) -> Vec<Waiting<K, V>> {
        std::mem::take(&mut self.of.state().waiting)
    }
}

impl<K, V> Drop for Place<'_, K, V>
where
    K: Copy + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Reading has panicked, or the runtime ends. Whoever waits is told so: they would wait for nobody.
    fn drop(&mut self) {
        if !self.is_over {
            let mut state = self.of.state();
            state.under_way -= 1;
            if state.under_way == 0 {
                state.waiting.clear();
            }
        }
    }
}

impl<K, V> std::fmt::Debug for Gather<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gather").field("statement", &self.statement.short_name()).finish_non_exhaustive()
    }
}
