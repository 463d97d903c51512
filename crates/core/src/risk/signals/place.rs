//! What the place says. On a device that is known it says less: people travel with what they have.

use crate::place::Place;
use crate::risk::facts::Facts;
use crate::risk::habits::Habits;
use crate::risk::rules::RiskRules;
use crate::risk::signals::{Sign, geo};

/// Nearer than this to a usual place is no other area, in kilometres.
const NEAR_KM: f64 = 100.0;
/// Farther than this it is one altogether.
const FAR_KM: f64 = 300.0;
/// By so much databases of places are wrong about where somebody is, in kilometres: at both ends of a journey.
const BLUR_KM: f64 = 200.0;
/// A journey takes at least so many hours, so that two logins at once do not make any distance a speed without end.
const SHORTEST_HOURS: f64 = 0.25;

/// The user is not usually in this country.
pub(super) fn new_country(facts: &Facts<'_>, habits: &Habits, _: &RiskRules) -> Option<Sign> {
    let country = facts.place?.country.as_deref().filter(|_| habits.can_judge())?;
    let usual = habits.usual_countries();
    if usual.is_empty() {
        // The database of places came after the user.
        return None;
    }
    let novelty = habits.country_novelty(country);
    let seldom = if novelty < 1.0 { "seldom" } else { "not" };
    let why = format!("the user is {seldom} in {country}; usual are {}", usual.join(", "));
    Sign::of(novelty * facts.strangeness(), why)
}

/// The user is not usually in this part of the world, whichever country it is.
pub(super) fn new_area(facts: &Facts<'_>, habits: &Habits, _: &RiskRules) -> Option<Sign> {
    let at = facts.place.and_then(Place::coordinates).filter(|_| habits.can_judge())?;
    let (distance, _) = habits.nearest_area(at)?;
    let why = if distance > NEAR_KM {
        format!("{distance:.0} km from the nearest place that the user logs in from")
    } else {
        "the user seldom logs in from here".to_owned()
    };
    Sign::of(area_novelty(habits, at)? * facts.strangeness(), why)
}

/// The user does not usually come from this network.
pub(super) fn new_network(facts: &Facts<'_>, habits: &Habits, _: &RiskRules) -> Option<Sign> {
    habits.can_judge().then_some(())?;
    let novelty = habits.network_novelty(&facts.network);
    let seldom = if novelty < 1.0 { "seldom" } else { "not" };
    Sign::of(novelty * facts.strangeness(), format!("the user does {seldom} come from {}", facts.network))
}

/// The last login was too far away for a journey. Where the user usually is, it is none: phones and laptops of one user
/// are in two places at once, by their networks, and so are those with a tunnel.
pub(super) fn impossible_travel(facts: &Facts<'_>, habits: &Habits, rules: &RiskRules) -> Option<Sign> {
    let at = facts.place.and_then(Place::coordinates).filter(|_| habits.can_judge())?;
    let last = habits.last()?;
    let distance = geo::distance((last.latitude, last.longitude), at);
    let hours = facts.now.since(last.at).as_secs_f64() / 3_600.0;
    let speed = (distance - BLUR_KM).max(0.0) / hours.max(SHORTEST_HOURS);
    let excess = speed / rules.travel_speed.max(1.0) - 1.0;
    let unusual = habits.network_novelty(&facts.network).max(area_novelty(habits, at).unwrap_or(1.0));
    let why = format!("{distance:.0} km from the last login {hours:.1} hours ago: {speed:.0} km/h at least");
    // Twice as fast as anybody travels is as impossible as it gets.
    Sign::of(excess.clamp(0.0, 1.0) * unusual, why)
}

fn area_novelty(habits: &Habits, at: (f64, f64)) -> Option<f64> {
    let (distance, novelty) = habits.nearest_area(at)?;
    let far = ((distance - NEAR_KM) / (FAR_KM - NEAR_KM)).clamp(0.0, 1.0);
    Some(far.max(novelty))
}
