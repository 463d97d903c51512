//! A device's reputation: its successes against its failures, of which each counts half as much after seven days.

use std::time::Duration;

use durward_proto::Timestamp;
use durward_store::DeviceRow;

/// After how long a success or a failure counts half.
const HALF_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// Nothing counts beyond this, so that a long good past does not outweigh everything.
const MOST_MILLI: i64 = 1_000_000;
/// One success or failure.
const ONE: i64 = 1_000;

/// How often a device got in and how often it did not, as it counts now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reputation {
    /// Successes in thousandths.
    pub(crate) successes_milli: i64,
    /// Failures in thousandths.
    pub(crate) failures_milli: i64,
}

impl Reputation {
    /// A device's, as it counts at `now`.
    pub(crate) fn of(device: &DeviceRow, now: Timestamp) -> Self {
        let age = now.since(device.reputed_at).as_secs_f64() / HALF_LIFE.as_secs_f64();
        let left = 0.5_f64.powf(age);
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "at most a million")]
        let decayed = |milli: i64| (milli.clamp(0, MOST_MILLI) as f64 * left).round() as i64;
        Self { successes_milli: decayed(device.successes_milli), failures_milli: decayed(device.failures_milli) }
    }

    /// A device's, or that of one that was never seen.
    pub(super) fn before(device: Option<&DeviceRow>, now: Timestamp) -> Self {
        device.map_or(Self { successes_milli: 0, failures_milli: 0 }, |device| Self::of(device, now))
    }

    /// With one success more.
    pub(super) fn with_success(self) -> Self {
        Self { successes_milli: (self.successes_milli + ONE).min(MOST_MILLI), ..self }
    }

    /// With one failure more.
    pub(super) fn with_failure(self) -> Self {
        Self { failures_milli: (self.failures_milli + ONE).min(MOST_MILLI), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::tests;

    fn device(successes_milli: i64, failures_milli: i64) -> DeviceRow {
        DeviceRow { successes_milli, failures_milli, ..tests::device() }
    }

    #[test]
    fn halves_each_week_and_keeps_its_ratio() {
        let device = device(6_000, 2_000);
        let after = |days: u64| {
            let reputation = Reputation::of(&device, device.reputed_at.plus(Duration::from_secs(days * 86_400)));
            (reputation.successes_milli, reputation.failures_milli)
        };
        assert_eq!(after(0), (6_000, 2_000));
        assert_eq!(after(7), (3_000, 1_000));
        assert_eq!(after(14), (1_500, 500));
        assert_eq!(after(700), (0, 0));
        let before = Reputation::of(&device, Timestamp::from_seconds(0));
        assert_eq!(before.successes_milli, 6_000, "a clock that was set back makes nothing grow");
    }

    #[test]
    fn counts_to_a_million() {
        let now = Timestamp::from_seconds(1_000_000);
        let first = Reputation::before(None, now).with_success().with_failure().with_failure();
        assert_eq!(first, Reputation { successes_milli: 1_000, failures_milli: 2_000 });
        let most = Reputation::of(&device(MOST_MILLI, i64::MAX), now).with_success().with_failure();
        assert_eq!(most, Reputation { successes_milli: MOST_MILLI, failures_milli: MOST_MILLI });
    }
}
