//! How a device comes to be trusted.

use std::time::Duration;

use durward_proto::Timestamp;
use durward_proto::wire::device::TrustLevel;
use durward_store::DeviceRow;

/// So many logins without a failure in between make a device trusted,
const LOGINS: i64 = 5;
/// over at least so long.
const OVER: Duration = Duration::from_secs(7 * 86_400);

/// What a device has shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trust {
    /// How far it is trusted.
    pub(super) level: TrustLevel,
    /// How many logins in a row it saw.
    pub(super) logins: i64,
    /// Since when.
    pub(super) since: Timestamp,
}

impl Trust {
    /// After a login. One that keeps no cookie is never trusted: whoever knows its headers is that device. `stepped_up`
    /// when more than a password was shown.
    pub(super) fn after_login(
        before: Option<&DeviceRow>,
        keeps_cookie: bool,
        stepped_up: bool,
        now: Timestamp,
    ) -> Self {
        let before = before.map_or(Self { level: TrustLevel::New, logins: 0, since: now }, |row| Self {
            level: row.trust_level,
            logins: row.streak_logins,
            since: row.streak_since,
        });
        let logins = before.logins.saturating_add(1);
        let proven = logins >= LOGINS && now.since(before.since) >= OVER;
        let earned = match (keeps_cookie, stepped_up, proven) {
            (false, ..) | (true, false, false) => TrustLevel::New,
            (true, true, _) => TrustLevel::Verified,
            (true, false, true) => TrustLevel::Trusted,
        };
        Self { level: before.level.max(earned), logins, since: before.since }
    }
}

/// Whether more than a password was shown, by the words of RFC 8176.
pub(crate) fn is_stepped_up(amr: &[impl AsRef<str>]) -> bool {
    amr.iter().any(|word| matches!(word.as_ref(), "otp" | "hwk" | "swk"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::tests::device;

    fn at(days: u64) -> Timestamp {
        Timestamp::from_seconds(1_000_000).plus(Duration::from_secs(days * 86_400))
    }

    #[test]
    fn five_logins_over_a_week_make_it_trusted() {
        let mut row = device();
        let mut levels = Vec::new();
        for day in [0, 1, 2, 3, 4, 6, 7] {
            let after = Trust::after_login((day > 0).then_some(&row), true, false, at(day));
            levels.push(after.level == TrustLevel::Trusted);
            (row.trust_level, row.streak_logins, row.streak_since) = (after.level, after.logins, after.since);
        }
        assert_eq!(levels, [false, false, false, false, false, false, true]);
        // A failure begins a new streak.
        (row.trust_level, row.streak_logins, row.streak_since) = (TrustLevel::New, 0, at(8));
        assert_eq!(Trust::after_login(Some(&row), true, false, at(20)).level, TrustLevel::New);
        (row.streak_logins, row.streak_since) = (4, at(8));
        assert_eq!(Trust::after_login(Some(&row), true, false, at(14)).level, TrustLevel::New);
        assert_eq!(Trust::after_login(Some(&row), true, false, at(15)).level, TrustLevel::Trusted);
    }

    #[test]
    fn a_second_factor_verifies_it_and_nothing_lowers_it() {
        let mut row = device();
        assert_eq!(Trust::after_login(None, true, true, at(0)).level, TrustLevel::Verified);
        row.trust_level = TrustLevel::Verified;
        assert_eq!(Trust::after_login(Some(&row), true, false, at(1)).level, TrustLevel::Verified);
    }

    #[test]
    fn what_can_be_copied_from_headers_is_never_trusted() {
        let mut row = device();
        row.streak_logins = 100;
        for stepped_up in [false, true] {
            assert_eq!(Trust::after_login(Some(&row), false, stepped_up, at(100)).level, TrustLevel::New);
        }
    }

    #[test]
    fn words_that_are_more_than_a_password() {
        let words = |text: &str| is_stepped_up(&text.split(' ').collect::<Vec<_>>());
        assert!(words("pwd otp mfa") && words("hwk user mfa") && words("pwd swk mfa"));
        assert!(!words("pwd") && !words("user"));
    }
}
