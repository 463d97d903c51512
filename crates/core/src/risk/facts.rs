//! What is known of a login when its risk is judged.

use std::net::IpAddr;

use durward_proto::Timestamp;

use crate::place::Place;

/// A login that showed what it needs, before it is let in.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// When.
    pub now: Timestamp,
    /// Where its address is, as far as that is known.
    pub place: Option<&'a Place>,
    /// Its network, as [`network_key`] names it.
    pub network: String,
    /// Its device, where the user has logged in with it before.
    pub device: Option<KnownDevice>,
    /// Wrong answers for this account from devices that are not the user's: those of today count whole, those of
    /// yesterday half.
    pub account_failures: f64,
    /// Wrong answers from this client, for whatever account, within the limits' window.
    pub address_failures: u32,
    /// How many times more wrong answers than usual there are on this node; 1 is as usual.
    pub surge: f64,
    /// Whether the operator suspects the address.
    pub is_listed: bool,
    /// Whether what was shown can have been guessed or learnt by others: a password, not a passkey.
    pub is_guessable: bool,
}

/// A device that the user has logged in with before.
#[derive(Debug, Clone, Copy)]
pub struct KnownDevice {
    /// How often.
    pub logins: u32,
    /// Its successful logins, of which old ones count less.
    pub successes: f64,
    /// Its wrong answers, of which old ones count less.
    pub failures: f64,
    /// Whether it calls itself something else than last time.
    pub is_changed: bool,
    /// Whether it showed the cookie that nobody else knows; without one it only looks like the user's.
    pub is_proven: bool,
}

impl Facts<'_> {
    /// How much of a place's strangeness remains on this device: all of it on a new one, half of it on one that has been
    /// used five times, three quarters where it only looks like that one. People travel with what they have.
    pub(super) fn strangeness(&self) -> f64 {
        self.device.map_or(1.0, |device| {
            let each = if device.is_proven { 0.1 } else { 0.05 };
            1.0 - each * f64::from(device.logins.min(5))
        })
    }

    /// Whether the login comes from a device that is the user's beyond doubt.
    pub(super) fn is_on_own_device(&self) -> bool {
        self.device.is_some_and(|device| device.is_proven)
    }
}

/// The name of the network that an address belongs to: its autonomous system, where that is known; else what providers
/// give out addresses from, its IPv4 /16 or IPv6 /32.
pub fn network_key(ip: IpAddr, place: Option<&Place>) -> String {
    if let Some(number) = place.and_then(|place| place.network) {
        return format!("AS{number}");
    }
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            format!("{a}.{b}.0.0/16")
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            format!("{a:x}:{b:x}::/32")
        }
    }
}
