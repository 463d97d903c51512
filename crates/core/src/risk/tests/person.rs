//! A user as the database knows them: habits, devices, and the wrong answers of others.

use std::collections::BTreeMap;

use durward_proto::Timestamp;

use crate::place::Place;
use crate::risk::{Assessment, Facts, Habits, KnownDevice, Login, RiskRules, judge};

/// A login that shows the right password.
#[derive(Debug, Clone)]
pub(super) struct Coming {
    pub(super) at: Timestamp,
    pub(super) place: Place,
    pub(super) network: String,
    /// The cookie of its device.
    pub(super) cookie: Option<String>,
    /// What its headers look like.
    pub(super) headers: u64,
    /// Wrong answers from its address before.
    pub(super) address_failures: u32,
    pub(super) surge: f64,
}

/// A device as its row has it.
#[derive(Debug, Clone, Copy, Default)]
struct Device {
    logins: u32,
    successes: f64,
    failures: f64,
    reputed_at: Option<Timestamp>,
    headers: u64,
}

impl Device {
    /// As `Reputation` does: half after seven days.
    fn decay_to(&mut self, now: Timestamp) {
        let days = self.reputed_at.map_or(0.0, |at| now.since(at).as_secs_f64() / 86_400.0);
        let left = 0.5_f64.powf(days / 7.0);
        self.successes *= left;
        self.failures *= left;
        self.reputed_at = Some(now);
    }
}

/// A user.
#[derive(Debug, Default, Clone)]
pub(super) struct Person {
    habits: Habits,
    devices: BTreeMap<String, Device>,
    guesses: Vec<Timestamp>,
}

impl Person {
    /// What is made of a login.
    pub(super) fn judge(&self, coming: &Coming, rules: &RiskRules) -> Assessment {
        let device = coming.cookie.as_ref().and_then(|cookie| self.devices.get(cookie)).map(|device| {
            let mut now = *device;
            now.decay_to(coming.at);
            KnownDevice {
                logins: now.logins,
                successes: now.successes,
                failures: now.failures,
                is_changed: now.headers != coming.headers,
                is_proven: true,
            }
        });
        let recent = self.guesses.iter().map(|at| coming.at.since(*at).as_secs_f64() / 86_400.0);
        let facts = Facts {
            now: coming.at,
            place: Some(&coming.place),
            network: coming.network.clone(),
            device,
            account_failures: recent.filter(|days| *days < 7.0).take(50).map(|days| 0.5_f64.powf(days)).sum(),
            address_failures: coming.address_failures,
            surge: coming.surge,
            is_listed: false,
            is_guessable: true,
        };
        judge(&facts, &self.habits, rules)
    }

    /// Lets a login in. A client that sends no cookie gets one that it may keep: `given`.
    pub(super) fn admit(&mut self, coming: &Coming, given: &str) {
        let cookie = coming.cookie.clone().unwrap_or_else(|| given.to_owned());
        let is_new_device = !self.devices.contains_key(&cookie);
        let device = self.devices.entry(cookie).or_default();
        device.decay_to(coming.at);
        device.logins += 1;
        device.successes += 1.0;
        device.headers = coming.headers;
        self.habits.learn(&Login {
            at: coming.at,
            place: Some(&coming.place),
            network: &coming.network,
            is_new_device,
        });
    }

    /// A wrong answer, on the device with this cookie or on one that is not the user's.
    pub(super) fn fail(&mut self, at: Timestamp, cookie: Option<&String>) {
        match cookie.and_then(|cookie| self.devices.get_mut(cookie)) {
            Some(device) => {
                device.decay_to(at);
                device.failures += 1.0;
            }
            // The newest first, as they are read.
            None => self.guesses.insert(0, at),
        }
    }
}
