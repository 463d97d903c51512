//! A device's reputation: its successes against its failures, of which each counts half as much after seven days.

use std::time::Duration;

use durward_proto::Timestamp;
use durward_store::DeviceRow;

/// After how long a success or a failure counts half.
const HALF_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// Nothing counts beyond this, so that a long good past does not outweigh everything.
const MOST_MILLI: i64 = 1_000_000;

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

    /// The share of failures among all tries, from 0 to 1; 0 where there were none.
    #[allow(clippy::cast_precision_loss, reason = "at most a million")]
    pub(crate) fn failing(self) -> f64 {
        let all = self.successes_milli + self.failures_milli;
        if all == 0 { 0.0 } else { self.failures_milli as f64 / all as f64 }
    }
}

#[cfg(test)]
mod tests {
    use durward_proto::ids::UuidId;
    use durward_proto::wire::device::{DeviceKind, SecurityLevel, TrustLevel};
    use durward_proto::{DeviceId, UserId};

    use super::*;

    fn device(successes_milli: i64, failures_milli: i64) -> DeviceRow {
        let at = Timestamp::from_seconds(1_000_000);
        DeviceRow {
            id: DeviceId::from_uuid(uuid::Uuid::nil()),
            user_id: UserId(1),
            identity_hash: [1; 32],
            fingerprint: [2; 32],
            kind: DeviceKind::Desktop,
            name: String::new(),
            user_agent: None,
            ip: None,
            place: None,
            trust_level: TrustLevel::New,
            security_level: SecurityLevel::AlwaysLogin,
            logins: 1,
            successes_milli,
            failures_milli,
            reputed_at: at,
            created_at: at,
            last_seen_at: at,
        }
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
        assert!((Reputation::of(&device, device.reputed_at).failing() - 0.25).abs() < 1e-9);
    }

    #[test]
    fn nothing_known_is_no_bad_reputation() {
        assert!(Reputation::of(&device(0, 0), Timestamp::from_seconds(2_000_000)).failing().abs() < 1e-9);
        assert!((Reputation::of(&device(0, 1_000), Timestamp::from_seconds(1_000_000)).failing() - 1.0).abs() < 1e-9);
    }
}
