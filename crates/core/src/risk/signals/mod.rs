//! The signals, each a small function of what is known of the login and what is usual for its user.

mod crowd;
mod device;
pub(super) mod geo;
mod hour;
mod place;

use crate::risk::facts::Facts;
use crate::risk::habits::Habits;
use crate::risk::rules::{RiskRules, Weights};

/// That a signal is there.
pub(super) struct Sign {
    /// 0 to 1.
    pub(super) strength: f64,
    /// In words, for the operator.
    pub(super) why: String,
}

impl Sign {
    fn of(strength: f64, why: impl Into<String>) -> Option<Self> {
        (strength > 0.0).then(|| Self { strength, why: why.into() })
    }
}

type Rule = fn(&Facts<'_>, &Habits, &RiskRules) -> Option<Sign>;
type Row = (&'static str, fn(&Weights) -> u8, Rule);

/// Those that others can bring about, who want to be in a user's way.
pub(super) const BY_OTHERS: [&str; 3] = ["account_failures", "address_failures", "global_failures"];

/// All of them: name, weight, rule.
pub(super) const SIGNALS: [Row; 12] = [
    ("new_device", |weights| weights.new_device, device::new_device),
    ("fingerprint_changed", |weights| weights.fingerprint_changed, device::fingerprint_changed),
    ("device_reputation", |weights| weights.device_reputation, device::reputation),
    ("new_country", |weights| weights.new_country, place::new_country),
    ("new_area", |weights| weights.new_area, place::new_area),
    ("new_network", |weights| weights.new_network, place::new_network),
    ("impossible_travel", |weights| weights.impossible_travel, place::impossible_travel),
    ("unusual_hour", |weights| weights.unusual_hour, hour::unusual_hour),
    ("account_failures", |weights| weights.account_failures, crowd::account_failures),
    ("address_failures", |weights| weights.address_failures, crowd::address_failures),
    ("global_failures", |weights| weights.global_failures, crowd::global_failures),
    ("listed_address", |weights| weights.listed_address, crowd::listed_address),
];
