//! What a breaker remembers. No waiting and no clock: times come in.

use std::time::Duration;

use durward_proto::Timestamp;

use super::{BreakerRules, Phase};

/// The state of a breaker. `now` is always the monotonic clock, `at` the wall clock.
#[derive(Debug)]
pub(super) struct State {
    mode: Mode,
    /// Failures in a row.
    failures: u32,
    /// Probes that failed since it was last closed; the back-off grows with them.
    relapses: u32,
    transitions: u64,
    /// Counts probes, so that one that comes back late is known for what it is.
    probes: u64,
    since: Timestamp,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    Closed,
    Open { until: Duration },
    HalfOpen { good: u32, probe: Option<Probe> },
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    number: u64,
    /// After this it has lost its turn, even if whoever made it never looks at it again.
    deadline: Duration,
}

/// The right to make one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    /// In which stretch between two transitions the call began. What happened before a transition says
    /// nothing about what comes after it.
    stretch: u64,
    probe: Option<u64>,
}

impl Ticket {
    /// Whether the call is a probe.
    pub(super) fn is_probe(&self) -> bool {
        self.probe.is_some()
    }
}

#[derive(Debug)]
pub(super) enum Turn {
    Go(Ticket),
    Wait(Duration),
}

/// A transition that has happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) number: u64,
    pub(super) from: Phase,
    pub(super) to: Phase,
    pub(super) at: Timestamp,
}

impl State {
    pub(super) fn new(at: Timestamp) -> Self {
        Self { mode: Mode::Closed, failures: 0, relapses: 0, transitions: 0, probes: 0, since: at }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.mode {
            Mode::Closed => Phase::Closed,
            Mode::Open { .. } => Phase::Open,
            Mode::HalfOpen { .. } => Phase::HalfOpen,
        }
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn transitions(&self) -> u64 {
        self.transitions
    }

    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// How long a call would have to wait; `None`: it may go.
    pub(super) fn wait(&self, now: Duration) -> Option<Duration> {
        let until = match self.mode {
            Mode::Closed | Mode::HalfOpen { probe: None, .. } => return None,
            Mode::Open { until } => until,
            Mode::HalfOpen { probe: Some(probe), .. } => probe.deadline,
        };
        until.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    /// A call wants to be made.
    pub(super) fn begin(&mut self, rules: &BreakerRules, now: Duration, at: Timestamp) -> (Turn, Option<Change>) {
        if let Some(wait) = self.wait(now) {
            return (Turn::Wait(wait), None);
        }
        let (good, change) = match self.mode {
            Mode::Closed => return (Turn::Go(Ticket { stretch: self.transitions, probe: None }), None),
            Mode::Open { .. } => (0, Some(self.go(Mode::HalfOpen { good: 0, probe: None }, at))),
            Mode::HalfOpen { good, .. } => (good, None),
        };
        self.probes += 1;
        let probe = Probe { number: self.probes, deadline: now.saturating_add(rules.call_timeout) };
        self.mode = Mode::HalfOpen { good, probe: Some(probe) };
        (Turn::Go(Ticket { stretch: self.transitions, probe: Some(probe.number) }), change)
    }

    /// The right of a call that is under way to say how it ended, as if it had begun now.
    pub(super) fn continued(&self) -> Ticket {
        Ticket { stretch: self.transitions, probe: None }
    }

    /// A call has ended: well, badly, or (`None`) without anybody knowing.
    pub(super) fn end(
        &mut self,
        rules: &BreakerRules,
        ticket: Ticket,
        good: Option<bool>,
        now: Duration,
        at: Timestamp,
    ) -> Option<Change> {
        if ticket.stretch != self.transitions {
            return None;
        }
        match (self.mode, good) {
            (Mode::Closed, Some(true)) => {
                self.failures = 0;
                None
            }
            (Mode::Closed, Some(false)) => {
                self.failures = self.failures.saturating_add(1);
                (self.failures >= rules.failure_threshold.max(1)).then(|| self.open(rules, now, at))
            }
            (Mode::HalfOpen { good: before, probe: Some(probe) }, good) if Some(probe.number) == ticket.probe => {
                self.end_of_probe(rules, before, good, now, at)
            }
            _ => None,
        }
    }

    fn end_of_probe(
        &mut self,
        rules: &BreakerRules,
        before: u32,
        good: Option<bool>,
        now: Duration,
        at: Timestamp,
    ) -> Option<Change> {
        match good {
            Some(true) if before + 1 >= rules.success_threshold.max(1) => {
                self.failures = 0;
                self.relapses = 0;
                Some(self.go(Mode::Closed, at))
            }
            Some(true) => {
                self.mode = Mode::HalfOpen { good: before + 1, probe: None };
                None
            }
            Some(false) => {
                self.failures = self.failures.saturating_add(1);
                self.relapses = self.relapses.saturating_add(1);
                Some(self.open(rules, now, at))
            }
            None => {
                self.mode = Mode::HalfOpen { good: before, probe: None };
                None
            }
        }
    }

    fn open(&mut self, rules: &BreakerRules, now: Duration, at: Timestamp) -> Change {
        let factor = if rules.exponential_backoff { 2u32.saturating_pow(self.relapses) } else { 1 };
        let doubled = rules.recovery_timeout.saturating_mul(factor);
        let recovery = doubled.min(rules.longest_recovery.max(rules.recovery_timeout));
        self.go(Mode::Open { until: now.saturating_add(recovery) }, at)
    }

    fn go(&mut self, mode: Mode, at: Timestamp) -> Change {
        let from = self.phase();
        self.mode = mode;
        self.transitions += 1;
        self.since = at;
        Change { number: self.transitions, from, to: self.phase(), at }
    }
}
