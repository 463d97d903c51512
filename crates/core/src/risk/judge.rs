//! From signals to a score and a decision.

use crate::risk::facts::Facts;
use crate::risk::habits::Habits;
use crate::risk::rules::{RiskRules, Thresholds};
use crate::risk::signals::{BY_OTHERS, SIGNALS};
use crate::risk::{Assessment, Decision, Signal};

/// Judges a login.
///
/// Each signal alone makes the score its weight times its strength. Together they count as independent reasons do
/// ("noisy or"): what one leaves of the trust, the next takes its part of. So a score never passes 100, no signal lowers
/// it, and each weight can be read as what the signal means by itself.
///
/// What others do can ask a user for more, and never have them refused: a login is refused for its own signals alone.
pub fn judge(facts: &Facts<'_>, habits: &Habits, rules: &RiskRules) -> Assessment {
    let mut signals: Vec<Signal> = SIGNALS
        .iter()
        .filter_map(|(name, weight_of, rule)| {
            let weight = weight_of(&rules.weights).min(100);
            let sign = rule(facts, habits, rules)?;
            let strength = (sign.strength.clamp(0.0, 1.0) * 100.0).round() / 100.0;
            // What makes not even one point by itself is no sign of anything.
            let counts = f64::from(weight) * strength >= 1.0;
            counts.then_some(Signal { name, strength, weight, why: sign.why })
        })
        .collect();
    signals.sort_by(|one, other| part(other).total_cmp(&part(one)));
    let score = score(signals.iter());
    let own = self::score(signals.iter().filter(|signal| !BY_OTHERS.contains(&signal.name)));
    Assessment { score, decision: decide(score, own, &rules.thresholds), signals }
}

fn score<'a>(signals: impl Iterator<Item = &'a Signal>) -> u8 {
    let trust: f64 = signals.map(|signal| 1.0 - part(signal)).product();
    ((1.0 - trust) * 100.0).round().clamp(0.0, 100.0) as u8
}

/// What a signal takes of the trust.
fn part(signal: &Signal) -> f64 {
    f64::from(signal.weight) / 100.0 * signal.strength
}

fn decide(score: u8, own: u8, thresholds: &Thresholds) -> Decision {
    let reaches = |score: u8, threshold: u8| threshold > 0 && score >= threshold;
    if reaches(own, thresholds.deny) {
        Decision::Deny
    } else if reaches(score, thresholds.second_factor) {
        Decision::SecondFactor
    } else if reaches(score, thresholds.notice) {
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
            assert_eq!(decide(score, score, &all), decision, "{score}");
        }
        let none = Thresholds { notice: 0, second_factor: 0, deny: 0 };
        assert_eq!(decide(100, 100, &none), Decision::Allow);
        assert_eq!(decide(100, 100, &Thresholds { deny: 0, ..all }), Decision::SecondFactor);
        assert_eq!(decide(100, 89, &all), Decision::SecondFactor, "others had a part in it");
    }
}
