//! What the hour says, by circular statistics: the hours of a day are a circle, on which 23:00 and 01:00 are close.

use std::f64::consts::TAU;

use crate::risk::facts::Facts;
use crate::risk::habits::Habits;
use crate::risk::rules::RiskRules;
use crate::risk::signals::Sign;

/// The concentration of the von Mises kernel: its standard deviation is about an hour and a half, so that a login spreads
/// to the hours beside it, and a clock that is put forward by one changes little.
const KAPPA: f64 = 6.5;
/// Fewer logins say nothing about hours.
const FEWEST_LOGINS: f64 = 10.0;
/// The hours in which together this share of the logins lies, from the least usual on, are unusual.
const TAIL: f64 = 0.05;

/// The user does not usually log in at this hour. Hours are those of UTC: each user's own, wherever they live.
pub(super) fn unusual_hour(facts: &Facts<'_>, habits: &Habits, _: &RiskRules) -> Option<Sign> {
    (habits.remembered() >= FEWEST_LOGINS).then_some(())?;
    let hour = facts.now.seconds().rem_euclid(86_400) as f64 / 3_600.0;
    let as_unusual = tail(habits.hours(), hour)?;
    let share = as_unusual * 100.0;
    let why = format!("{share:.1} % of the user's logins are at hours as unusual as {:02.0}:00 UTC", hour.floor());
    Sign::of((1.0 - as_unusual / TAIL) * facts.strangeness(), why)
}

/// The share of the logins, 0 to 1, that lies in hours as unusual as this one. It is estimated from a kernel density, and
/// is about evenly spread over a user's own logins, whoever they are: so the signal is as seldom for night owls as for
/// others. None where there are no logins.
fn tail(counts: &[f64; 24], hour: f64) -> Option<f64> {
    // Each count lies in the middle of its hour.
    let middles = || (0..24_u8).map(|hour| f64::from(hour) + 0.5);
    let density = |at: f64| -> f64 { middles().zip(counts).map(|(middle, count)| count * kernel(at - middle)).sum() };
    let densities: Vec<f64> = middles().map(density).collect();
    let whole: f64 = densities.iter().sum();
    if whole <= 0.0 {
        return None;
    }
    let here = density(hour);
    Some(densities.iter().filter(|density| **density <= here).sum::<f64>() / whole)
}

/// Von Mises' density of a difference in hours, without its constant factor.
fn kernel(hours: f64) -> f64 {
    (KAPPA * ((hours / 24.0 * TAU).cos() - 1.0)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(hours: &[usize]) -> [f64; 24] {
        let mut counts = [0.0; 24];
        for hour in hours {
            counts[*hour] += 1.0;
        }
        counts
    }

    #[test]
    fn each_user_has_their_own_unusual_hours() {
        let office = counts(&[7, 8, 8, 8, 9, 10, 12, 13, 13, 15, 16, 17, 18, 20]);
        assert!(tail(&office, 8.5).unwrap() > 0.5);
        assert!(tail(&office, 2.5).unwrap() < 0.01);
        let owl = counts(&[21, 22, 22, 23, 23, 23, 0, 0, 0, 1, 1, 2, 3]);
        assert!(tail(&owl, 2.5).unwrap() > 0.2, "{:?}", tail(&owl, 2.5));
        assert!(tail(&owl, 11.5).unwrap() < 0.01);
    }

    #[test]
    fn midnight_is_no_wall() {
        let late = counts(&[23; 20]);
        let (after, before) = (tail(&late, 0.5).unwrap(), tail(&late, 22.5).unwrap());
        assert!((after - before).abs() < 1e-9, "an hour after is as near as an hour before");
        assert!(after > tail(&late, 12.0).unwrap());
    }

    #[test]
    fn who_comes_at_all_hours_has_no_unusual_one() {
        let always = [1.0; 24];
        for hour in 0..24_u8 {
            assert!(tail(&always, f64::from(hour) + 0.5).unwrap() > TAIL);
        }
        assert_eq!(tail(&[0.0; 24], 3.0), None);
    }

    #[test]
    fn a_clock_that_is_put_forward_changes_little() {
        let office = counts(&[7, 7, 8, 8, 8, 8, 9, 9, 12, 13, 16, 16, 17]);
        for hour in [7.5, 8.5, 9.5, 16.5, 17.5] {
            assert!(tail(&office, hour - 1.0).unwrap() > TAIL, "{hour}");
            assert!(tail(&office, hour + 1.0).unwrap() > TAIL, "{hour}");
        }
    }
}
