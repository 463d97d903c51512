//! Histories as they could have been recorded, and what is made of the login that comes after them.

use std::time::Duration;

use durward_proto::Timestamp;

use super::person::{Coming, Person};
use crate::place::Place;
use crate::risk::{Assessment, Decision, RiskRules};

/// Where people are in the histories: name, country, city, latitude, longitude, network.
const PLACES: [(&str, &str, &str, f64, f64, u32); 9] = [
    ("home", "DE", "Berlin", 52.52, 13.40, 3_320),
    ("phone", "DE", "Berlin", 52.50, 13.39, 6_805),
    ("office", "DE", "Potsdam", 52.40, 13.06, 680),
    ("gateway", "DE", "Frankfurt", 50.11, 8.68, 6_805),
    ("hotel", "IT", "Rome", 41.90, 12.50, 3_269),
    ("airport", "US", "Newark", 40.74, -74.17, 7_922),
    ("thief", "BR", "Sao Paulo", -23.55, -46.63, 28_573),
    ("neighbour", "DE", "Berlin", 52.51, 13.41, 3_320),
    ("munich", "DE", "Munich", 48.14, 11.58, 8_767),
];

/// A weekday's rhythm for four weeks: the laptop at home in the morning, the phone on the way, the laptop in the office.
fn worker() -> Person {
    let mut person = Person::default();
    for day in 0..28_u64 {
        let rhythm: &[(&str, &str, u64)] = match day % 7 {
            5 | 6 => &[("phone", "home", 20)],
            _ => &[("laptop", "home", 7), ("phone", "phone", 8), ("laptop", "office", 9)],
        };
        for (device, place, hour) in rhythm {
            let coming = coming(day, *hour, Some(device), place);
            person.admit(&coming, device);
        }
    }
    person
}

/// A login so many days after the first Monday of the histories, at this hour in UTC.
fn coming(day: u64, hour: u64, device: Option<&str>, place: &str) -> Coming {
    let (_, country, city, latitude, longitude, network) =
        *PLACES.iter().find(|(name, ..)| *name == place).expect("a known place");
    let start: Timestamp = serde_json::from_str("\"2026-02-02T00:00:00Z\"").expect("a time");
    Coming {
        at: start.plus(Duration::from_secs(day * 86_400 + hour * 3_600 + 720)),
        place: Place {
            country: Some(country.to_owned()),
            city: Some(city.to_owned()),
            latitude: Some(latitude),
            longitude: Some(longitude),
            network: Some(network),
        },
        network: format!("AS{network}"),
        cookie: device.map(str::to_owned),
        headers: 1,
        address_failures: 0,
        surge: 1.0,
    }
}

#[track_caller]
fn expect(assessment: &Assessment, decision: Decision, signals: &[&str]) {
    assert_eq!((assessment.decision, assessment.names().as_slice()), (decision, signals), "{assessment:#?}");
}

#[test]
fn the_usual_day_says_nothing() {
    let (person, rules) = (worker(), RiskRules::default());
    for (hour, device, place) in
        [(7, "laptop", "home"), (8, "phone", "phone"), (9, "laptop", "office"), (8, "phone", "home")]
    {
        expect(&person.judge(&coming(28, hour, Some(device), place), &rules), Decision::Allow, &[]);
    }
}

#[test]
fn a_new_phone_at_home_is_worth_a_notice() {
    let found = worker().judge(&coming(28, 8, None, "home"), &RiskRules::default());
    expect(&found, Decision::Notice, &["new_device"]);
    assert_eq!(found.score, 45);
}

#[test]
fn a_new_phone_in_another_town_steps_up() {
    let found = worker().judge(&coming(28, 8, None, "munich"), &RiskRules::default());
    expect(&found, Decision::SecondFactor, &["new_device", "new_network", "new_area"]);
}

#[test]
fn the_own_laptop_on_a_journey_is_let_in() {
    let (person, rules) = (worker(), RiskRules::default());
    let found = person.judge(&coming(29, 8, Some("laptop"), "hotel"), &rules);
    expect(&found, Decision::Notice, &["new_country", "new_network", "new_area"]);
    assert!(found.signals.iter().all(|signal| (signal.strength - 0.5).abs() < 1e-9), "half on a known device");
}

#[test]
fn after_some_days_a_journey_is_usual() {
    let (mut person, rules) = (worker(), RiskRules::default());
    let mut scores = Vec::new();
    for day in 29..33 {
        let coming = coming(day, 8, Some("laptop"), "hotel");
        scores.push(person.judge(&coming, &rules).score);
        person.admit(&coming, "laptop");
    }
    assert!(scores.is_sorted_by(|one, next| one > next) && scores[3] < 5, "{scores:?}");
}

#[test]
fn a_phone_behind_a_far_gateway_does_not_travel() {
    let (mut person, rules) = (worker(), RiskRules::default());
    for day in 24..28 {
        person.admit(&coming(day, 7, Some("phone"), "gateway"), "phone");
    }
    person.admit(&coming(28, 8, Some("laptop"), "home"), "laptop");
    // 420 km in an hour and back again: its network and the gateway are known.
    let mut coming = coming(28, 8, Some("phone"), "gateway");
    coming.at = coming.at.plus(Duration::from_secs(60));
    expect(&person.judge(&coming, &rules), Decision::Allow, &[]);
}

#[test]
fn a_thief_abroad_who_comes_an_hour_after_the_user_is_refused() {
    let mut person = worker();
    person.admit(&coming(28, 9, Some("laptop"), "office"), "laptop");
    let found = person.judge(&coming(28, 10, None, "thief"), &RiskRules::default());
    expect(&found, Decision::Deny, &["impossible_travel", "new_country", "new_device", "new_network", "new_area"]);
    let travel = &found.signals[0];
    assert!(travel.why.contains("km from the last login 1.0 hours ago"), "{}", travel.why);
}

#[test]
fn a_thief_abroad_a_day_later_steps_up() {
    let found = worker().judge(&coming(29, 8, None, "thief"), &RiskRules::default());
    expect(&found, Decision::SecondFactor, &["new_country", "new_device", "new_network", "new_area"]);
}

#[test]
fn at_night_it_is_worse() {
    let (person, rules) = (worker(), RiskRules::default());
    let (day, night) =
        (person.judge(&coming(29, 8, None, "munich"), &rules), person.judge(&coming(29, 2, None, "munich"), &rules));
    assert!(night.names().contains(&"unusual_hour"), "{night:#?}");
    assert!(night.score > day.score);
}

#[test]
fn a_stolen_cookie_does_not_teleport() {
    let mut person = worker();
    person.admit(&coming(28, 9, Some("laptop"), "office"), "laptop");
    let found = person.judge(&coming(28, 10, Some("laptop"), "airport"), &RiskRules::default());
    assert_eq!(found.decision, Decision::SecondFactor, "{found:#?}");
    assert_eq!(found.names()[0], "impossible_travel");
}

#[test]
fn who_guesses_for_long_is_asked_for_more_when_they_are_right() {
    let mut person = worker();
    let mut at = coming(28, 0, None, "neighbour").at;
    for _ in 0..40 {
        at = at.plus(Duration::from_secs(1_200));
        person.fail(at, None);
    }
    let right = Coming { at: at.plus(Duration::from_secs(1_200)), ..coming(28, 0, None, "neighbour") };
    let found = person.judge(&right, &RiskRules::default());
    assert_eq!(found.decision, Decision::SecondFactor, "{found:#?}");
    assert_eq!(found.names()[0], "account_failures");
    // Meanwhile nobody is in the way of the user on their own device, wherever they are.
    let own = Coming { cookie: Some("laptop".to_owned()), address_failures: 90, surge: 50.0, ..right };
    assert!(!person.judge(&own, &RiskRules::default()).names().iter().any(|name| name.ends_with("_failures")));
}

#[test]
fn a_new_user_is_not_judged_by_what_is_usual() {
    let (mut person, rules) = (Person::default(), RiskRules::default());
    for (day, place) in [(0, "home"), (1, "hotel"), (2, "thief")] {
        expect(&person.judge(&coming(day, 8, None, place), &rules), Decision::Allow, &[]);
        person.admit(&coming(day, 8, None, place), place);
    }
    let found = person.judge(&coming(3, 8, None, "munich"), &rules);
    assert!(found.names().contains(&"new_network"), "after three logins they are: {found:#?}");
}

#[test]
fn whose_browser_forgets_its_cookies_is_not_asked_each_time() {
    let mut person = Person::default();
    for day in 0..30 {
        person.admit(&coming(day, 8, None, "home"), &format!("cookie {day}"));
    }
    let found = person.judge(&coming(30, 8, None, "home"), &RiskRules::default());
    assert_eq!(found.decision, Decision::Allow, "{found:#?}");
}

#[test]
fn an_update_of_the_browser_is_no_reason_by_itself() {
    let updated = Coming { headers: 2, ..coming(28, 8, Some("laptop"), "home") };
    expect(&worker().judge(&updated, &RiskRules::default()), Decision::Allow, &["fingerprint_changed"]);
}

#[test]
fn many_typing_errors_on_one_device_say_something_about_it() {
    let mut person = worker();
    let cookie = "laptop".to_owned();
    let later = coming(28, 8, Some("laptop"), "home");
    for _ in 0..2 {
        person.fail(later.at, Some(&cookie));
    }
    expect(&person.judge(&later, &RiskRules::default()), Decision::Allow, &[]);
    for _ in 0..18 {
        person.fail(later.at, Some(&cookie));
    }
    expect(&person.judge(&later, &RiskRules::default()), Decision::Allow, &["device_reputation"]);
}
