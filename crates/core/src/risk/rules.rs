//! What an operator decides about risk.

use std::net::IpAddr;

use ipnet::IpNet;

/// How logins are judged.
#[derive(Debug, Clone)]
pub struct RiskRules {
    /// Whether they are judged at all.
    pub enabled: bool,
    /// How much each signal weighs.
    pub weights: Weights,
    /// What is made of a score.
    pub thresholds: Thresholds,
    /// How fast people travel at most, in kilometres an hour.
    pub travel_speed: f64,
    /// Addresses that an operator suspects.
    pub suspect_networks: Vec<IpNet>,
}

/// What each signal would make the score by itself at full strength, 0 (it does not count) to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "docs/risk.md says what each signal is")]
pub struct Weights {
    pub new_device: u8,
    pub fingerprint_changed: u8,
    pub new_country: u8,
    pub new_area: u8,
    pub new_network: u8,
    pub impossible_travel: u8,
    pub unusual_hour: u8,
    pub account_failures: u8,
    pub address_failures: u8,
    pub global_failures: u8,
    pub device_reputation: u8,
    pub listed_address: u8,
}

/// From which score on what is done; 0 never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// The user is told.
    pub notice: u8,
    /// A second factor is asked for.
    pub second_factor: u8,
    /// The login is refused.
    pub deny: u8,
}

impl RiskRules {
    /// Whether the operator suspects this address.
    pub fn suspects(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.suspect_networks.iter().any(|network| network.contains(&ip))
    }
}

impl Default for RiskRules {
    fn default() -> Self {
        Self {
            enabled: true,
            weights: Weights::default(),
            thresholds: Thresholds::default(),
            travel_speed: 900.0,
            suspect_networks: Vec::new(),
        }
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            new_device: 45,
            fingerprint_changed: 10,
            new_country: 45,
            new_area: 25,
            new_network: 30,
            impossible_travel: 60,
            unusual_hour: 15,
            account_failures: 45,
            address_failures: 40,
            global_failures: 15,
            device_reputation: 30,
            listed_address: 50,
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { notice: 30, second_factor: 50, deny: 92 }
    }
}
