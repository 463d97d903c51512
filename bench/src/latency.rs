//! How long answers took, in a histogram: every answer counts, to three digits.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Outcome;

/// The longest that is told apart.
const LONGEST: Duration = Duration::from_secs(600);

/// One for all connections of a load: 64 of their own would not fit into the processor's memory.
#[derive(Debug)]
pub(crate) struct Latencies(Mutex<Histogram<u64>>);

impl Latencies {
    /// None yet.
    pub(crate) fn new() -> Outcome<Self> {
        let longest = u64::try_from(LONGEST.as_nanos())?;
        Ok(Self(Mutex::new(Histogram::new_with_bounds(1, longest, 3)?)))
    }

    /// One more.
    pub(crate) fn record(&self, took: Duration) {
        self.lock().saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.lock().len()
    }

    /// The time within which so many of 100 answers came, in milliseconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        self.lock().value_at_percentile(percent) as f64 / 1e6
    }

    fn lock(&self) -> MutexGuard<'_, Histogram<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_what_so_many_stayed_under() {
        let latencies = Latencies::new().unwrap();
        for millis in 1..=1_000 {
            latencies.record(Duration::from_millis(millis));
        }
        assert_eq!(latencies.count(), 1_000);
        for (percent, millis) in [(50.0, 500.0), (99.0, 990.0), (100.0, 1_000.0)] {
            let found = latencies.percentile(percent);
            assert!((found / millis - 1.0).abs() < 0.002, "{percent}: {found}");
        }
        latencies.record(Duration::from_secs(3_600));
        assert!(
            (latencies.percentile(100.0) / 600_000.0 - 1.0).abs() < 0.002,
            "longer than can be told is the longest"
        );
    }
}
