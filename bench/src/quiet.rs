//! Whether the machine had anything else to do. What others take from the processors falls on both sides of a ratio,
//! but not evenly: a figure from a busy machine is no figure.

use std::fs::read_to_string;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, SystemClock};

use crate::Outcome;

/// The share of the processors that others may take, before nothing is judged any more.
const MOST: f64 = 0.03;

/// Looks from its making on.
pub(crate) struct Watch {
    clock: Arc<SystemClock>,
    begun: Duration,
    all: u64,
    ours: u64,
}

/// The share of the processors that other programs took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Others(f64);

impl Watch {
    /// Begins. What this process has waited for so far is not counted.
    pub(crate) fn begin(clock: &Arc<SystemClock>) -> Outcome<Self> {
        Ok(Self { clock: clock.clone(), begun: clock.monotonic(), all: all()?, ours: ours()? })
    }

    /// Ends. Every process that was started in between has to be over, or it counts as another's.
    pub(crate) fn end(self) -> Outcome<Others> {
        let others = (all()? - self.all).saturating_sub(ours()? - self.ours) as f64;
        let cores = std::thread::available_parallelism()?.get() as f64;
        let seconds = (self.clock.monotonic() - self.begun).as_secs_f64();
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        Ok(Others((others / (seconds * cores * ticks)).min(1.0)))
    }
}

impl Others {
    /// This share.
    #[cfg(test)]
    pub(crate) fn taking(share: f64) -> Self {
        Self(share)
    }

    /// Whether the figures can be judged.
    pub(crate) fn were_quiet(self) -> bool {
        self.0 <= MOST
    }

    /// In percent.
    pub(crate) fn percent(self) -> f64 {
        self.0 * 100.0
    }
}

/// Ticks in which a processor was not idle: all but `idle` and `iowait`, and without the guests' that `user` holds already.
fn all() -> Outcome<u64> {
    let stat = read_to_string("/proc/stat")?;
    let line = stat.lines().next().unwrap_or_default();
    let fields = line.split_whitespace().skip(1).take(8).enumerate();
    Ok(fields.filter(|(at, _)| !matches!(at, 3 | 4)).filter_map(|(_, field)| field.parse::<u64>().ok()).sum())
}

/// Ticks of this process and of those that it has waited for: utime, stime, cutime, cstime.
fn ours() -> Outcome<u64> {
    let stat = read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(')').ok_or("no processor time")?;
    Ok(rest.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum())
}
