//! Those who would be somebody else. Each has the right password in the end.

use std::time::Duration;

use durward_proto::Timestamp;

use super::dice::Dice;
use super::people::{START, User};
use super::world::{Spot, World};
use crate::risk::tests::person::{Coming, Person};

type Come = fn(&User, &mut Person, u64, &World, &mut Dice) -> Coming;

/// A kind of attack.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Whether it is one of the five that the rules are made against; the others are there to say what they cannot do.
    pub(super) is_aimed_at: bool,
    pub(super) come: Come,
}

pub(super) const KINDS: [Kind; 8] = [
    Kind { name: "common passwords tried on everybody", is_aimed_at: true, come: spraying },
    Kind { name: "leaked passwords, by a botnet", is_aimed_at: true, come: stuffing },
    Kind { name: "a stolen password, from another country", is_aimed_at: true, come: from_abroad },
    Kind { name: "a stolen password, from the same country", is_aimed_at: true, come: from_the_same_country },
    Kind { name: "slow guessing at one account", is_aimed_at: true, come: slow_guessing },
    Kind { name: "stolen password, same town and provider", is_aimed_at: false, come: a_neighbour },
    Kind { name: "stolen cookie too, from abroad, within 6 h", is_aimed_at: false, come: with_the_cookie_soon },
    Kind { name: "stolen cookie too, same country", is_aimed_at: false, come: with_the_cookie },
];

/// From machines for hire, a few dozen tries from each address.
fn spraying(_: &User, person: &mut Person, day: u64, world: &World, dice: &mut Dice) -> Coming {
    let at = anytime(day, dice);
    for guess in 0..dice.between(0, 3) {
        person.fail(at.minus(Duration::from_secs(3_600 * (guess + 1))), None);
    }
    Coming {
        address_failures: u32::try_from(dice.between(10, 60)).unwrap(),
        surge: 5.0 + dice.unit() * 40.0,
        ..stranger(at, world.hoster(None, dice), dice)
    }
}

/// From the homes of others all over the world, a try or two from each address. One in five is near the victim: those who
/// sell such addresses let their customers choose the country.
fn stuffing(victim: &User, person: &mut Person, day: u64, world: &World, dice: &mut Dice) -> Coming {
    let at = anytime(day, dice);
    if dice.percent(30.0) {
        person.fail(at.minus(Duration::from_secs(120)), None);
    }
    let town = if dice.percent(20.0) { world.town_in(victim.town.country, dice) } else { world.town(dice) };
    let provider = world.provider(town.country, dice);
    let surge = 2.0 + dice.unit() * 10.0;
    Coming { surge, ..stranger(at, world.spot(town, provider, 12.0, dice), dice) }
}

/// Nothing but the login.
fn from_abroad(victim: &User, _: &mut Person, day: u64, world: &World, dice: &mut Dice) -> Coming {
    let town = world.town_abroad(victim.town.country, dice);
    let spot = if dice.percent(40.0) {
        world.hoster(Some(town.country), dice)
    } else {
        let provider = world.provider(town.country, dice);
        world.spot(town, provider, 12.0, dice)
    };
    stranger(anytime(day, dice), spot, dice)
}

/// The same by somebody of the victim's country, at an hour at which people there are awake.
fn from_the_same_country(victim: &User, _: &mut Person, day: u64, world: &World, dice: &mut Dice) -> Coming {
    let town = world.town_in(victim.town.country, dice);
    let provider = world.provider(town.country, dice);
    stranger(awake(victim, day, world, dice), world.spot(town, provider, 12.0, dice), dice)
}

/// A guess every half hour or so for two weeks, slower than any limit, and then the right one. Half of them come from the
/// victim's country.
fn slow_guessing(victim: &User, person: &mut Person, day: u64, world: &World, dice: &mut Dice) -> Coming {
    let at = anytime(day, dice);
    for guess in 1..600_u64 {
        // Kept newest first, as the trail is read.
        person.fail(at.minus(Duration::from_secs((600 - guess) * 2_000)), None);
    }
    let town = if dice.percent(50.0) { world.town_in(victim.town.country, dice) } else { world.town(dice) };
    let provider = world.provider(town.country, dice);
    stranger(at, world.spot(town, provider, 12.0, dice), dice)
}

/// Somebody in the next street, with the same provider.
fn a_neighbour(victim: &User, _: &mut Person, day: u64, world: &World, dice: &mut Dice) -> Coming {
    let at = awake(victim, day, world, dice);
    stranger(at, victim.home().clone(), dice)
}

/// Malware on the victim's device took the cookie as well, and the thief uses it at once.
fn with_the_cookie_soon(victim: &User, person: &mut Person, day: u64, world: &World, dice: &mut Dice) -> Coming {
    let taken = victim.taken(START.plus(Duration::from_secs(day * 86_400 + 43_200)));
    person.admit(&taken, "taken");
    let at = taken.at.plus(Duration::from_secs(dice.between(600, 6 * 3_600)));
    let thief = Coming { at, ..from_abroad(victim, person, day, world, dice) };
    Coming { cookie: taken.cookie.or_else(|| Some("taken".to_owned())), headers: taken.headers, ..thief }
}

/// The same by somebody of the victim's country, at leisure.
fn with_the_cookie(victim: &User, person: &mut Person, day: u64, world: &World, dice: &mut Dice) -> Coming {
    let taken = victim.taken(START.plus(Duration::from_secs(day * 86_400 - 86_400)));
    person.admit(&taken, "taken");
    let thief = from_the_same_country(victim, person, day, world, dice);
    Coming { cookie: taken.cookie.or_else(|| Some("taken".to_owned())), headers: taken.headers, ..thief }
}

/// Somebody on a device that was never seen.
fn stranger(at: Timestamp, spot: Spot, dice: &mut Dice) -> Coming {
    Coming {
        at,
        place: spot.place,
        network: spot.network,
        cookie: None,
        headers: dice.between(1 << 50, 1 << 60),
        address_failures: 0,
        surge: 1.0,
    }
}

fn anytime(day: u64, dice: &mut Dice) -> Timestamp {
    START.plus(Duration::from_secs((day + 1) * 86_400 + dice.between(0, 86_400)))
}

/// Between eight in the morning and midnight of the victim's clock, on the day after.
fn awake(victim: &User, day: u64, world: &World, dice: &mut Dice) -> Timestamp {
    let hours = (day + 1) as f64 * 24.0 + 8.0 + dice.unit() * 16.0 - world.offset(victim.town.country, day);
    START.plus(Duration::from_secs_f64(hours * 3_600.0))
}
