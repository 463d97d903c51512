//! When the table of events is read, what has been applied of it, and when sockets can no longer be answered for. No
//! waiting, no clock and no database in here: times and outcomes come in, so that a simulation can drive it.

use std::time::Duration;

/// How many events are read at once.
pub(crate) const BATCH: u32 = 500;
/// How often the table is read while the bell rings for everybody: for the ring that was lost.
const POLL: Duration = Duration::from_millis(500);
/// How often it is read while there is no such bell, and after a failure.
const POLL_WITHOUT_BELL: Duration = Duration::from_millis(250);
/// Events are kept for a week. Who has not read for this long cannot know that none is missing.
const TOO_LONG: Duration = Duration::from_secs(86_400);

/// How long a node may be without news.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// So old may an answer from memory be.
    pub(crate) max_staleness: Duration,
    /// So long after that sockets are closed.
    pub(crate) grace: Duration,
}

/// The state of a node that follows the events. Times are of the monotonic clock.
#[derive(Debug)]
pub(crate) struct Follower {
    patience: Patience,
    applied: i64,
    /// All that was committed before this has been applied.
    as_of: Duration,
    /// When to read next.
    due: Duration,
    /// When the read that is under way began.
    reading: Option<Duration>,
    /// Whether the bell has rung since then.
    again: bool,
    /// When the first read since the last one that caught up began.
    trying_since: Option<Duration>,
    /// When the sockets were last closed in this outage. Others may be opened in it, where the database answers a
    /// request now and then.
    closed: Option<Duration>,
    poll: Duration,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Todo {
    /// Read the events after this number. The outcome goes to [`Follower::caught`] or [`Follower::failed`].
    Read { after: i64 },
    /// Close all sockets: nobody knows any more whether their sessions are alive.
    CloseSockets,
    /// Nothing before this time, unless the bell rings or a read ends.
    Wait { until: Duration },
}

/// What a read that succeeded has found, once all of it has been applied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// How many events.
    pub(crate) events: usize,
    /// The number of the last of them.
    pub(crate) last: Option<i64>,
    /// The newest number there is, asked after the events when there were none.
    pub(crate) newest: Option<i64>,
}

/// What is known after a read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Events may be missing: what memory has must be forgotten, and sockets be closed.
    pub(crate) forget_all: bool,
    /// All that was committed before this has been applied.
    pub(crate) as_of: Duration,
}

impl Follower {
    /// Everything up to `applied` is known as of `as_of`, when the number was asked for.
    pub(crate) fn starting(applied: i64, as_of: Duration, patience: Patience) -> Self {
        Self {
            patience,
            applied,
            as_of,
            due: as_of,
            reading: None,
            again: false,
            trying_since: None,
            closed: None,
            poll: POLL_WITHOUT_BELL,
        }
    }

    /// The last number that was applied.
    pub(crate) fn applied(&self) -> i64 {
        self.applied
    }

    /// What to do now.
    pub(crate) fn next(&mut self, now: Duration) -> Todo {
        if self.close_at().is_some_and(|at| at <= now) {
            self.closed = Some(now);
            return Todo::CloseSockets;
        }
        if self.reading.is_none() && self.due <= now {
            self.reading = Some(now);
            self.again = false;
            self.trying_since.get_or_insert(now);
            return Todo::Read { after: self.applied };
        }
        let due = if self.reading.is_none() { Some(self.due) } else { None };
        let until = [due, self.close_at()].into_iter().flatten().min();
        Todo::Wait { until: until.unwrap_or_else(|| now.saturating_add(POLL)) }
    }

    /// The bell has rung, or may have rung unheard.
    pub(crate) fn rung(&mut self) {
        self.again = true;
        if self.reading.is_none() {
            self.due = Duration::ZERO;
        }
    }

    /// Whether there is a bell that rings for everybody, so that reading is needed less often.
    pub(crate) fn has_bell(&mut self, has: bool) {
        self.poll = if has { POLL } else { POLL_WITHOUT_BELL };
    }

    /// The read has succeeded, and what it brought has been applied in order.
    pub(crate) fn caught(&mut self, now: Duration, found: Found) -> Known {
        let began = self.reading.take().unwrap_or(now);
        self.applied = found.last.unwrap_or(self.applied);
        if found.events >= BATCH as usize {
            // There is more. Until it is applied nothing is known as of a later time.
            self.due = now;
            return Known { forget_all: false, as_of: self.as_of };
        }
        // A number that went back: the database is another one, restored from a backup.
        let went_back = found.newest.filter(|newest| *newest < self.applied);
        let forget_all = went_back.is_some() || began.saturating_sub(self.as_of) > TOO_LONG;
        self.applied = went_back.unwrap_or(self.applied);
        self.as_of = self.as_of.max(began);
        self.trying_since = None;
        self.closed = None;
        self.due = if self.again { now } else { now.saturating_add(self.poll) };
        Known { forget_all, as_of: self.as_of }
    }

    /// The read has failed.
    pub(crate) fn failed(&mut self, now: Duration) {
        self.reading = None;
        self.due = now.saturating_add(POLL_WITHOUT_BELL);
    }

    /// When sockets must be closed, unless a read catches up before. After a pause (the machine slept, the process was
    /// stopped) the first read still has the time of the grace.
    fn close_at(&self) -> Option<Duration> {
        let Patience { max_staleness, grace } = self.patience;
        let known = self.closed.unwrap_or(self.as_of);
        let since = self.trying_since?.saturating_add(grace);
        Some(known.saturating_add(max_staleness).saturating_add(grace).max(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { max_staleness: Duration::from_secs(5), grace: Duration::from_secs(5) };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn nothing(newest: i64) -> Found {
        Found { events: 0, last: None, newest: Some(newest) }
    }

    #[test]
    fn it_reads_at_once_then_when_due_or_rung_for() {
        let mut follower = Follower::starting(7, ms(0), PATIENCE);
        assert_eq!(follower.next(ms(0)), Todo::Read { after: 7 });
        assert_eq!(follower.caught(ms(3), nothing(7)), Known { forget_all: false, as_of: ms(0) });
        assert_eq!(follower.next(ms(3)), Todo::Wait { until: ms(253) });
        follower.has_bell(true);
        follower.rung();
        assert_eq!(follower.next(ms(10)), Todo::Read { after: 7 });
        // Rung for while it reads: what rang may have been committed after the read looked.
        follower.rung();
        let found = Found { events: 2, last: Some(9), newest: None };
        assert_eq!(follower.caught(ms(12), found), Known { forget_all: false, as_of: ms(10) });
        assert_eq!(follower.next(ms(12)), Todo::Read { after: 9 });
        follower.caught(ms(13), nothing(9));
        assert_eq!(follower.next(ms(13)), Todo::Wait { until: ms(513) });
    }

    #[test]
    fn a_full_batch_is_not_yet_all() {
        let mut follower = Follower::starting(0, ms(0), PATIENCE);
        assert_eq!(follower.next(ms(100)), Todo::Read { after: 0 });
        let full = Found { events: BATCH as usize, last: Some(600), newest: None };
        assert_eq!(follower.caught(ms(110), full).as_of, ms(0));
        assert_eq!(follower.next(ms(110)), Todo::Read { after: 600 });
        assert_eq!(follower.caught(ms(120), nothing(600)).as_of, ms(110));
    }

    #[test]
    fn sockets_are_closed_when_nothing_is_known_for_too_long() {
        let mut follower = Follower::starting(0, ms(0), PATIENCE);
        follower.next(ms(0));
        follower.failed(ms(4_000));
        assert_eq!(follower.next(ms(4_000)), Todo::Wait { until: ms(4_250) });
        assert_eq!(follower.next(ms(4_250)), Todo::Read { after: 0 });
        // The read hangs.
        assert_eq!(follower.next(ms(4_251)), Todo::Wait { until: ms(10_000) });
        assert_eq!(follower.next(ms(10_000)), Todo::CloseSockets);
        // Those that are opened from now on are good for as long.
        assert_eq!(follower.next(ms(10_000)), Todo::Wait { until: ms(20_000) });
        follower.failed(ms(10_100));
        assert_eq!(follower.next(ms(10_350)), Todo::Read { after: 0 });
        follower.caught(ms(10_360), nothing(0));
        // A second outage is one of its own.
        assert_eq!(follower.next(ms(11_000)), Todo::Read { after: 0 });
        assert_eq!(follower.next(ms(11_001)), Todo::Wait { until: ms(20_350) });
    }

    #[test]
    fn after_a_pause_the_first_read_has_its_time() {
        let mut follower = Follower::starting(0, ms(0), PATIENCE);
        follower.next(ms(0));
        follower.caught(ms(1), nothing(0));
        assert_eq!(follower.next(ms(60_000)), Todo::Read { after: 0 });
        assert_eq!(follower.next(ms(60_001)), Todo::Wait { until: ms(65_000) });
        assert_eq!(follower.caught(ms(60_002), nothing(0)).as_of, ms(60_000));
    }

    #[test]
    fn what_may_be_missing_makes_it_forget_everything() {
        let mut follower = Follower::starting(9, ms(0), PATIENCE);
        follower.next(ms(0));
        assert!(follower.caught(ms(1), nothing(4)).forget_all, "the database was set back");
        assert_eq!(follower.applied(), 4);
        let a_day = TOO_LONG + ms(2);
        assert_eq!(follower.next(a_day), Todo::Read { after: 4 });
        assert!(follower.caught(a_day, nothing(4)).forget_all, "events are not kept for ever");
        follower.rung();
        follower.next(a_day);
        assert!(!follower.caught(a_day, nothing(4)).forget_all);
    }
}
