//! A call that takes its time, and tells the breaker itself how it goes.

use std::fmt;
use std::sync::Arc;

use super::Breaker;
use super::state::Ticket;

/// The right to make one call. Dropped without a word, the call counts as neither good nor bad, and a probe makes
/// room for another.
#[must_use = "a call that is given up at once says nothing about the dependency"]
pub struct Permit {
    breaker: Arc<Breaker>,
    ticket: Option<Ticket>,
}

impl Permit {
    pub(super) fn new(breaker: Arc<Breaker>, ticket: Ticket) -> Self {
        Self { breaker, ticket: Some(ticket) }
    }

    /// The dependency has begun to answer, and the end is still to come. For a probe that is what was to be found
    /// out: it was good. What becomes of the rest counts as for any call that begins now.
    ///
    /// Outside of a probe nothing counts before the end: a dependency that begins each answer and breaks each off
    /// would otherwise never have failed twice in a row.
    pub fn answered(&mut self) {
        let Some(ticket) = self.ticket.take_if(|ticket| ticket.is_probe()) else { return };
        self.breaker.finish(ticket, Some(true));
        self.ticket = Some(self.breaker.continued());
    }

    /// It went well.
    pub fn succeed(self) {
        self.end(true);
    }

    /// The dependency failed.
    pub fn fail(self) {
        self.end(false);
    }

    fn end(mut self, good: bool) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.finish(ticket, Some(good));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.finish(ticket, None);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("breaker", &self.breaker.name()).finish_non_exhaustive()
    }
}
