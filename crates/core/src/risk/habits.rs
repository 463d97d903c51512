//! What is usual for a user: counts that decay, so that they follow the user, and no list of what they did. What stands
//! in them is bounded, whatever a user does.

use std::collections::BTreeMap;

use durward_proto::Timestamp;
use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::risk::signals::geo;

/// After so many days something counts half.
const HALF_LIFE_DAYS: f64 = 45.0;
/// What counts less is forgotten.
const FORGOTTEN: f64 = 0.02;
/// How many countries, networks and areas are remembered at most; the least usual makes way.
const MOST_COUNTRIES: usize = 16;
const MOST_NETWORKS: usize = 32;
const MOST_AREAS: usize = 12;
/// Places nearer to each other than this are one area: databases of places are seldom more exact.
const AREA_KM: f64 = 75.0;
/// What was that often lately, or had this share of the logins however long ago they were, is as usual as can be.
const USUAL_COUNT: f64 = 3.0;
const USUAL_SHARE: f64 = 0.2;
/// How many logins it takes before habits say anything.
const FEWEST_LOGINS: u32 = 3;

/// What is usual for a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Habits {
    /// How many logins taught this, none of them forgotten.
    total: u32,
    /// To which time the counts are decayed.
    as_of: Option<Timestamp>,
    logins: f64,
    new_devices: f64,
    /// By the hour of the day, in UTC.
    hours: [f64; 24],
    countries: BTreeMap<String, f64>,
    networks: BTreeMap<String, f64>,
    areas: Vec<Area>,
    /// Where the last login came from, where that is known.
    last: Option<LastPlace>,
}

/// Somewhere a user logs in from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Area {
    latitude: f64,
    longitude: f64,
    count: f64,
}

/// Where a user was last.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct LastPlace {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
    pub(super) at: Timestamp,
}

/// A login that was let in.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// When.
    pub at: Timestamp,
    /// From where.
    pub place: Option<&'a Place>,
    /// From which network, as [`network_key`](super::network_key) names it.
    pub network: &'a str,
    /// Whether the user had never logged in with its device.
    pub is_new_device: bool,
}

impl Habits {
    /// Whether there were enough logins to judge others by them.
    pub(super) fn can_judge(&self) -> bool {
        self.total >= FEWEST_LOGINS
    }

    /// How many logins are remembered, old ones counting less.
    pub(super) fn remembered(&self) -> f64 {
        self.logins
    }

    /// The share of the logins that came from a device which was new then.
    pub(super) fn share_of_new_devices(&self) -> f64 {
        // The first one is always new and says nothing.
        let expected = (self.new_devices - 1.0).max(0.0);
        if self.logins > 0.0 { (expected / self.logins).min(1.0) } else { 0.0 }
    }

    pub(super) fn hours(&self) -> &[f64; 24] {
        &self.hours
    }

    pub(super) fn last(&self) -> Option<LastPlace> {
        self.last
    }

    /// How new a country is: 0 where the user usually is, 1 where they never were.
    pub(super) fn country_novelty(&self, country: &str) -> f64 {
        self.novelty(self.countries.get(country).copied())
    }

    /// How new a network is.
    pub(super) fn network_novelty(&self, network: &str) -> f64 {
        self.novelty(self.networks.get(network).copied())
    }

    /// How far the nearest area is, in kilometres, and how new that is. None where no area is known.
    pub(super) fn nearest_area(&self, at: (f64, f64)) -> Option<(f64, f64)> {
        let with_distance = self.areas.iter().map(|area| (geo::distance((area.latitude, area.longitude), at), area));
        let (distance, area) = with_distance.min_by(|one, other| one.0.total_cmp(&other.0))?;
        Some((distance, self.novelty(Some(area.count))))
    }

    /// The countries that the user is usually in, the most usual first.
    pub(super) fn usual_countries(&self) -> Vec<&str> {
        let mut all: Vec<(&String, &f64)> = self.countries.iter().collect();
        all.sort_by(|one, other| other.1.total_cmp(one.1));
        all.into_iter().take(3).map(|(country, _)| country.as_str()).collect()
    }

    /// A few times are enough to be usual for a while; a share of all logins is enough for good.
    fn novelty(&self, count: Option<f64>) -> f64 {
        let Some(count) = count else { return 1.0 };
        let share = if self.logins > 0.0 { count / self.logins } else { 0.0 };
        (1.0 - (count / USUAL_COUNT).max(share / USUAL_SHARE)).clamp(0.0, 1.0)
    }

    /// Learns from a login.
    pub fn learn(&mut self, login: &Login<'_>) {
        self.decay_to(login.at);
        self.total = self.total.saturating_add(1);
        self.logins += 1.0;
        if login.is_new_device {
            self.new_devices += 1.0;
        }
        if let Some(count) = self.hours.get_mut(hour_of(login.at)) {
            *count += 1.0;
        }
        *self.networks.entry(login.network.to_owned()).or_default() += 1.0;
        if let Some(country) = login.place.and_then(|place| place.country.as_ref()) {
            *self.countries.entry(country.clone()).or_default() += 1.0;
        }
        if let Some(at) = login.place.and_then(Place::coordinates) {
            self.visit(at);
            self.last = Some(LastPlace { latitude: at.0, longitude: at.1, at: login.at });
        }
        shorten(&mut self.countries, MOST_COUNTRIES);
        shorten(&mut self.networks, MOST_NETWORKS);
        self.areas.sort_by(|one, other| other.count.total_cmp(&one.count));
        self.areas.truncate(MOST_AREAS);
        self.round();
    }

    fn visit(&mut self, at: (f64, f64)) {
        let near = self.areas.iter_mut().find(|area| geo::distance((area.latitude, area.longitude), at) < AREA_KM);
        match near {
            Some(area) => area.count += 1.0,
            None => {
                // The newest must not be the one that makes way for itself.
                self.areas.sort_by(|one, other| other.count.total_cmp(&one.count));
                self.areas.truncate(MOST_AREAS - 1);
                self.areas.push(Area { latitude: at.0, longitude: at.1, count: 1.0 });
            }
        }
    }

    fn decay_to(&mut self, now: Timestamp) {
        let days = self.as_of.map_or(0.0, |before| now.since(before).as_secs_f64() / 86_400.0);
        // A clock that was set back decays nothing.
        self.as_of = Some(self.as_of.map_or(now, |before| before.max(now)));
        let keep = 0.5_f64.powf(days / HALF_LIFE_DAYS);
        let counts = [&mut self.logins, &mut self.new_devices].into_iter().chain(self.hours.iter_mut());
        let counts = counts.chain(self.countries.values_mut()).chain(self.networks.values_mut());
        for count in counts.chain(self.areas.iter_mut().map(|area| &mut area.count)) {
            *count *= keep;
        }
        self.countries.retain(|_, count| *count >= FORGOTTEN);
        self.networks.retain(|_, count| *count >= FORGOTTEN);
        self.areas.retain(|area| area.count >= FORGOTTEN);
    }

    /// No more digits than mean anything.
    fn round(&mut self) {
        let round = |value: &mut f64, to: f64| *value = (*value * to).round() / to;
        let counts = [&mut self.logins, &mut self.new_devices].into_iter().chain(self.hours.iter_mut());
        for count in counts.chain(self.countries.values_mut()).chain(self.networks.values_mut()) {
            round(count, 10_000.0);
        }
        for area in &mut self.areas {
            round(&mut area.count, 10_000.0);
            round(&mut area.latitude, 100.0);
            round(&mut area.longitude, 100.0);
        }
        if let Some(last) = &mut self.last {
            round(&mut last.latitude, 100.0);
            round(&mut last.longitude, 100.0);
        }
    }
}

/// Of too many, those that count least go, but not one that was just learnt.
fn shorten(counts: &mut BTreeMap<String, f64>, most: usize) {
    while counts.len() > most {
        let least = counts.iter().min_by(|one, other| one.1.total_cmp(other.1)).map(|(key, _)| key.clone());
        match least {
            Some(key) => drop(counts.remove(&key)),
            None => return,
        }
    }
}

fn hour_of(at: Timestamp) -> usize {
    usize::try_from(at.seconds().rem_euclid(86_400) / 3_600).unwrap_or(0)
}

#[cfg(test)]
mod unit_tests {
    use std::time::Duration;

    use super::*;

    fn login<'a>(at: Timestamp, place: &'a Place, network: &'a str) -> Login<'a> {
        Login { at, place: Some(place), network, is_new_device: false }
    }

    #[test]
    fn what_was_once_is_forgotten_and_what_is_usual_is_not() {
        let berlin =
            Place { country: Some("DE".to_owned()), latitude: Some(52.52), longitude: Some(13.4), ..Place::default() };
        let rome =
            Place { country: Some("IT".to_owned()), latitude: Some(41.9), longitude: Some(12.5), ..Place::default() };
        let (mut habits, mut now) = (Habits::default(), Timestamp::from_seconds(1_790_000_000));
        habits.learn(&login(now, &rome, "AS3269"));
        for _ in 0..40 {
            now = now.plus(Duration::from_secs(86_400));
            habits.learn(&login(now, &berlin, "AS3320"));
        }
        assert_eq!(habits.country_novelty("DE"), 0.0);
        assert_eq!(habits.country_novelty("FR"), 1.0);
        let of_italy = habits.country_novelty("IT");
        assert!((0.7..0.9).contains(&of_italy), "{of_italy}");
        let (distance, novelty) = habits.nearest_area((52.4, 13.1)).unwrap();
        assert!(distance < 30.0 && novelty == 0.0, "{distance} {novelty}");
        // Who was away for a year comes home, not into the unknown.
        habits.learn(&login(now.plus(Duration::from_secs(365 * 86_400)), &berlin, "AS3320"));
        assert_eq!(habits.country_novelty("DE"), 0.0);
        assert_eq!(habits.country_novelty("IT"), 1.0);
    }

    #[test]
    fn whatever_a_user_does_there_is_an_end_to_what_is_kept() {
        let (mut habits, mut now) = (Habits::default(), Timestamp::from_seconds(1_790_000_000));
        for step in 0..2_000_u32 {
            now = now.plus(Duration::from_secs(600));
            let place = Place {
                country: Some(format!(
                    "{}{}",
                    char::from(b'A' + (step % 26) as u8),
                    char::from(b'A' + (step / 26 % 26) as u8)
                )),
                latitude: Some(f64::from(step % 170) - 85.0),
                longitude: Some(f64::from(step * 7 % 359) - 179.0),
                ..Place::default()
            };
            habits.learn(&Login { at: now, place: Some(&place), network: &format!("AS{step}"), is_new_device: true });
        }
        let size = serde_json::to_string(&habits).unwrap().len();
        assert!(size < 4_096, "{size} bytes");
        assert!(habits.networks.contains_key("AS1999"), "the newest is there");
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let mut habits = Habits::default();
        let place = Place {
            country: Some("DE".to_owned()),
            latitude: Some(48.123456),
            longitude: Some(11.5),
            ..Place::default()
        };
        habits.learn(&login(Timestamp::from_seconds(1_790_000_000), &place, "AS3320"));
        let text = serde_json::to_value(&habits).unwrap();
        assert_eq!(serde_json::from_value::<Habits>(text).unwrap(), habits);
    }

    #[test]
    fn a_clock_that_is_set_back_does_no_harm() {
        let (mut habits, now) = (Habits::default(), Timestamp::from_seconds(1_790_000_000));
        let place = Place::default();
        habits.learn(&login(now, &place, "AS1"));
        habits.learn(&login(now.minus(Duration::from_secs(86_400_000)), &place, "AS1"));
        assert_eq!(habits.remembered(), 2.0);
    }
}
