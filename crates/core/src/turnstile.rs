//! A few at a time: tries at one account, or from one address, on this node.
//!
//! A try is counted against its budget before it is checked. Without this, right answers that come all at once would
//! use a budget up among themselves, and some would be refused although nobody guessed wrong. So at most half a budget
//! is under way at any time; the others wait in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use durward_proto::{Code, Problem};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::fault::Fault;

/// How long one waits for a place.
const PATIENCE: Duration = Duration::from_secs(2);

type Gates = Arc<Mutex<HashMap<String, Arc<Semaphore>>>>;

/// Lets a few through at a time for each key. Remembers only the keys that are in use.
pub(crate) struct Turnstile {
    places: usize,
    gates: Gates,
}

/// One who was let through; the next one follows when this is dropped.
pub(crate) struct Inside {
    key: String,
    gates: Gates,
    place: Option<OwnedSemaphorePermit>,
}

impl Turnstile {
    /// For a budget of `budget` tries.
    pub(crate) fn new(budget: u32) -> Self {
        Self { places: (budget as usize / 2).max(1), gates: Gates::default() }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// `overloaded` after two seconds.
    pub(crate) async fn enter(&self, key: &str) -> Result<Inside, Fault> {
        let gate = {
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            gates.entry(key.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.places))).clone()
        };
        // Made before the wait, so that the key is forgotten also when the client goes away.
        let mut inside = Inside { key: key.to_owned(), gates: self.gates.clone(), place: None };
        match tokio::time::timeout(PATIENCE, gate.acquire_owned()).await {
            Ok(Ok(place)) => inside.place = Some(place),
            _ => {
                let detail = "Too many attempts at once. Please try again in a moment.";
                return Err(Fault::of(Problem::new(Code::Overloaded).detail(detail).retry_after(PATIENCE.as_secs())));
            }
        }
        Ok(inside)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        drop(self.place.take());
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever else is inside or waits holds the gate as well; nobody can begin to while the map is locked.
        if gates.get(&self.key).is_some_and(|gate| Arc::strong_count(gate) == 1) {
            gates.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn half_a_budget_is_inside_and_the_others_wait() {
        let turnstile = Turnstile::new(4);
        let (first, second) = (turnstile.enter("a").await.unwrap(), turnstile.enter("a").await.unwrap());
        assert_eq!(turnstile.enter("a").await.err().unwrap().code(), Code::Overloaded);
        assert!(turnstile.enter("b").await.is_ok(), "each key by itself");
        drop(first);
        let third = turnstile.enter("a").await.unwrap();
        drop((second, third));
        assert!(turnstile.gates.lock().unwrap().is_empty(), "keys that nobody uses are forgotten");
    }

    #[tokio::test]
    async fn who_goes_away_while_waiting_leaves_nothing() {
        let turnstile = Turnstile::new(1);
        let inside = turnstile.enter("a").await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_millis(5), turnstile.enter("a")).await;
        assert!(waiting.is_err());
        drop(inside);
        assert!(turnstile.gates.lock().unwrap().is_empty());
    }
}
