//! How long things took: counted in buckets, so that percentiles come out without remembering each.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How many buckets lie between a time and its double: what comes out is at most a twelfth too large.
const PER_DOUBLE: u64 = 8;
/// Doubles from a microsecond up to more than a minute.
const DOUBLES: u64 = 27;
const BUCKETS: usize = (PER_DOUBLE * DOUBLES) as usize;

/// Counts of durations.
pub(super) struct Latencies {
    buckets: Box<[AtomicU32]>,
}

/// What a minute's durations come to, in microseconds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Percentiles {
    pub(super) count: i64,
    pub(super) p50: i64,
    pub(super) p95: i64,
    pub(super) p99: i64,
}

impl Latencies {
    pub(super) fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect() }
    }

    pub(super) fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get(bucket_of(micros)).or_else(|| self.buckets.last()) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted; from then on the counting starts anew. None where there was nothing.
    pub(super) fn take(&self) -> Option<Percentiles> {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.swap(0, Ordering::Relaxed).into()).collect();
        let count: u64 = counts.iter().sum();
        let at = |percent: u64| {
            let rank = (count * percent).div_ceil(100);
            let mut seen = 0;
            let place = counts.iter().position(|bucket| {
                seen += bucket;
                seen >= rank
            });
            i64::try_from(end_of(place.unwrap_or(BUCKETS) as u64)).unwrap_or(i64::MAX)
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        (count > 0).then(|| Percentiles { count, p50: at(50), p95: at(95), p99: at(99) })
    }
}

/// Which bucket a time in microseconds belongs to.
fn bucket_of(micros: u64) -> usize {
    // Below eight microseconds each has its own.
    if micros < PER_DOUBLE {
        return usize::try_from(micros).unwrap_or(0);
    }
    let double = u64::from(micros.ilog2());
    let part = (micros >> (double - 3)) - PER_DOUBLE;
    usize::try_from((double - 2) * PER_DOUBLE + part).unwrap_or(BUCKETS)
}

/// The longest time of a bucket, in microseconds.
fn end_of(bucket: u64) -> u64 {
    if bucket < PER_DOUBLE {
        return bucket;
    }
    let (double, part) = (bucket / PER_DOUBLE + 2, bucket % PER_DOUBLE);
    ((PER_DOUBLE + part + 1) << (double - 3)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_bucket_that_is_not_much_longer() {
        let mut last = 0;
        for micros in (0..10_000).chain((10_000..60_000_000).step_by(9_973)) {
            let bucket = bucket_of(micros);
            assert!(bucket >= last && bucket < BUCKETS, "{micros}");
            last = bucket;
            let end = end_of(bucket as u64);
            assert!(end >= micros && end - micros <= micros / 8, "{micros} in a bucket that ends at {end}");
        }
    }

    #[test]
    fn percentiles_are_those_of_what_was_counted_since_they_were_last_asked_for() {
        let latencies = Latencies::new();
        assert_eq!(latencies.take(), None);
        for micros in 1..=100 {
            latencies.add(Duration::from_micros(micros * 10));
        }
        latencies.add(Duration::from_secs(100_000));
        let taken = latencies.take().unwrap();
        assert_eq!(taken.count, 101);
        assert!((510..=575).contains(&taken.p50) && (960..=1_080).contains(&taken.p95), "{taken:?}");
        assert!((1_000..=1_125).contains(&taken.p99), "{taken:?}");
        assert_eq!(latencies.take(), None);
    }
}
