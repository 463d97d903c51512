//! From signals to a score and a decision.

use crate::risk::facts::Facts;
use crate::risk::habits::Habits;
use crate::risk::rules::{RiskRules, Thresholds};
use crate::risk::signals::SIGNALS;
use crate::risk::{Assessment, Decision, Signal};

/// Judges a login.
///
/// Each signal alone makes the score its weight times its strength. Together they count as independent reasons do
/// ("noisy or"): what one leaves of the trust, the next takes its part of. So a score never passes 100, no signal lowers
/// it, and each weight can be read as what the signal means by itself.
pub fn judge(facts: &Facts<'_>, habits: &Habits, rules: &RiskRules) -> Assessment {
    let mut signals: Vec<Signal> = SIGNALS
        .iter()
        .filter_map(|(name, weight_of, rule)| {
            let weight = weight_of(&rules.weights).min(100);
            let sign = rule(facts, habits, rules)?;
            let strength = (sign.strength.clamp(0.0, 1.0) * 100.0).round() / 100.0;
            let counts = weight > 0 && strength > 0.0;
            counts.then(|| Signal { name, strength, weight, why: sign.why })
        })
        .collect();
    signals.sort_by(|one, other| part(other).total_cmp(&part(one)));
    let trust: f64 = signals.iter().map(|signal| 1.0 - part(signal)).product();
    let score = ((1.0 - trust) * 100.0).round().clamp(0.0, 100.0) as u8;
    Assessment { score, decision: decide(score, &rules.thresholds), signals }
}

/// What a signal takes of the trust.
fn part(signal: &Signal) -> f64 {
    f64::from(signal.weight) / 100.0 * signal.strength
}

fn decide(score: u8, thresholds: &Thresholds) -> Decision {
    let reaches = |threshold: u8| threshold > 0 && score >= threshold;
    if reaches(thresholds.deny) {
        Decision::Deny
    } else if reaches(thresholds.second_factor) {
        Decision::SecondFactor
    } else if reaches(thresholds.notice) {
        Decision::Notice
    } else {
        Decision::Allow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_threshold_that_is_reached_decides_and_zero_is_off() {
        let all = Thresholds { notice: 30, second_factor: 50, deny: 90 };
        for (score, decision) in [
            (0, Decision::Allow),
            (29, Decision::Allow),
            (30, Decision::Notice),
            (50, Decision::SecondFactor),
            (90, Decision::Deny),
            (100, Decision::Deny),
        ] {
            assert_eq!(decide(score, &all), decision, "{score}");
        }
        let none = Thresholds { notice: 0, second_factor: 0, deny: 0 };
        assert_eq!(decide(100, &none), Decision::Allow);
        assert_eq!(decide(100, &Thresholds { deny: 0, ..all }), Decision::SecondFactor);
    }
}
