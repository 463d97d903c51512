//! What the device says.

use crate::risk::facts::Facts;
use crate::risk::habits::Habits;
use crate::risk::rules::RiskRules;
use crate::risk::signals::Sign;

/// What is left of the doubt where a device looks like one of the user's and sends no cookie: who knows what headers it
/// sends can look like it.
const LOOKS_ALIKE: f64 = 0.3;

/// The user has not logged in with this device. It says less of users who come with a new one all the time, because their
/// browser forgets its cookies.
pub(super) fn new_device(facts: &Facts<'_>, habits: &Habits, _: &RiskRules) -> Option<Sign> {
    if facts.is_on_own_device() || !habits.can_judge() {
        return None;
    }
    if facts.device.is_some() {
        return Sign::of(LOOKS_ALIKE, "it looks like a device of the user's, and keeps no cookie to know it by");
    }
    let share = habits.share_of_new_devices();
    let often = if share >= 0.1 { format!("; so are {:.0} % of their logins", share * 100.0) } else { String::new() };
    Sign::of(1.0 - share, format!("the user has not logged in with this device{often}"))
}

/// The device has another fingerprint than last time: a new version of its browser, or another one that has its cookie.
pub(super) fn fingerprint_changed(facts: &Facts<'_>, _: &Habits, _: &RiskRules) -> Option<Sign> {
    let device = facts.device?;
    device.is_changed.then_some(())?;
    Sign::of(1.0, "the device's cookie came with another fingerprint than last time")
}

/// Many of the device's tries were wrong. A few are everybody's.
pub(super) fn reputation(facts: &Facts<'_>, _: &Habits, _: &RiskRules) -> Option<Sign> {
    let device = facts.device?;
    let failures = (device.failures - 2.0).max(0.0);
    let strength = failures / (failures + device.successes.max(0.0) + 1.0);
    let (wrong, right) = (device.failures, device.successes);
    Sign::of(strength, format!("on this device {wrong:.1} answers were wrong and {right:.1} right lately"))
}
