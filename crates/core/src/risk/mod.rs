//! How risky a login is: a score that says what it is made of.
//!
//! [`signals`] are named signs that a login is not its user's, each a small function of what is known of the login
//! ([`Facts`]) and of what is usual for the user ([`Habits`]). [`judge`] makes a score and a decision of them, and keeps
//! the signals beside it. [`assess`] reads what they need and writes what a login
//! teaches, and [`arrival`] is what the ways in see of it.

mod arrival;
mod assess;
mod facts;
mod habits;
mod judge;
mod rules;
mod signals;
mod surge;

#[cfg(test)]
mod tests;

use serde::Serialize;

pub use facts::{Facts, KnownDevice, network_key};
pub use habits::{Habits, Login};
pub use judge::judge;
pub use rules::{RiskRules, Thresholds, Weights};
pub use surge::Surge;

pub(crate) use arrival::Arrival;
pub(crate) use assess::Shown;

/// What is made of a login with the right password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing.
    Allow,
    /// The user is told.
    Notice,
    /// A second factor is asked for, on whatever device.
    SecondFactor,
    /// It is refused.
    Deny,
}

impl Decision {
    /// Its stable word: in the trail and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Notice => "notice",
            Self::SecondFactor => "second_factor",
            Self::Deny => "deny",
        }
    }
}

/// One sign that a login may not be its user's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signal {
    /// Its stable name: `new_country`.
    pub name: &'static str,
    /// How strong it is here, more than 0 and at most 1.
    pub strength: f64,
    /// What it would make the score by itself at full strength, 0 to 100.
    pub weight: u8,
    /// In words, for the operator.
    pub why: String,
}

/// How risky a login is, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// 0, nothing speaks against it, to 100.
    pub score: u8,
    /// What is made of that.
    pub decision: Decision,
    /// What spoke against it, the weightiest first.
    pub signals: Vec<Signal>,
}

impl Assessment {
    /// The signals as the trail keeps them: an array of objects.
    pub fn signals_json(&self) -> serde_json::Value {
        serde_json::to_value(&self.signals).unwrap_or_default()
    }

    /// Their names, the weightiest first.
    pub fn names(&self) -> Vec<&'static str> {
        self.signals.iter().map(|signal| signal.name).collect()
    }
}
