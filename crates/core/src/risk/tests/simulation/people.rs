//! Ordinary users, and what makes their logins look strange.

use std::time::Duration;

use durward_proto::Timestamp;

use super::dice::Dice;
use super::world::{Spot, Town, World};
use crate::risk::tests::person::{Coming, Person};

/// 2026-02-01T00:00:00Z.
pub(super) const START: Timestamp = Timestamp::from_seconds(1_769_904_000);

/// A device.
#[derive(Debug, Clone)]
struct Device {
    cookie: Option<String>,
    headers: u64,
    is_phone: bool,
    /// On which day of four weeks its browser is updated.
    updated_on: u64,
}

/// A journey.
#[derive(Debug, Clone, Copy)]
struct Journey {
    from: u64,
    to: u64,
    town: Town,
    network: u32,
}

/// A login with the device that it comes from.
pub(super) struct Arriving {
    pub(super) coming: Coming,
    device: usize,
    /// Wrong passwords before it.
    slips: u32,
}

/// A user.
#[derive(Debug)]
pub(super) struct User {
    pub(super) person: Person,
    pub(super) town: Town,
    home: Spot,
    carrier: u32,
    office: Option<Spot>,
    devices: Vec<Device>,
    journeys: Vec<Journey>,
    /// The exits of a tunnel that is on now and then.
    tunnel: Vec<Spot>,
    /// Logins a day.
    rate: f64,
    /// When they are awake, in hours of their own clock: the middle of two times of the day.
    hours: (f64, f64),
    works_shifts: bool,
    /// Of a hundred days, on how many a browser forgets its cookies.
    forgets: f64,
    made: u64,
    new_device_on: Option<u64>,
}

impl User {
    pub(super) fn new(world: &World, dice: &mut Dice) -> Self {
        let town = world.home(dice);
        let provider = world.provider(town.country, dice);
        let home = world.spot(town, provider, 12.0, dice);
        let office = dice.percent(40.0).then(|| {
            let network = if dice.percent(50.0) {
                30_000 + u32::try_from(dice.between(0, 300)).unwrap()
            } else {
                world.provider(town.country, dice)
            };
            world.spot(town, network, 10.0, dice)
        });
        let hours = match dice.between(0, 100) {
            0..8 => (23.0, 2.0),
            8..30 => (7.0, 21.0),
            _ => (dice.normal(9.0, 1.0), dice.normal(19.0, 1.5)),
        };
        let mut user = Self {
            person: Person::default(),
            town,
            home,
            carrier: world.carrier(town.country, dice),
            office,
            devices: Vec::new(),
            journeys: Vec::new(),
            tunnel: Vec::new(),
            rate: *dice.pick(&[0.15, 0.3, 0.5, 0.8, 1.2, 2.0]),
            hours,
            works_shifts: dice.percent(3.0),
            forgets: match dice.between(0, 100) {
                0..3 => 100.0,
                3..6 => 15.0,
                _ => 0.3,
            },
            made: dice.between(0, 1 << 40),
            new_device_on: dice.percent(13.0).then(|| dice.between(5, 90)),
        };
        for is_phone in [true, false] {
            let device = user.new_device(is_phone, dice);
            user.devices.push(device);
        }
        user.journeys = user.plan(world, dice);
        if dice.percent(4.0) {
            user.tunnel = (0..3).map(|_| world.hoster(None, dice)).collect();
        }
        user
    }

    fn new_device(&mut self, is_phone: bool, dice: &mut Dice) -> Device {
        self.made += 1;
        Device { cookie: None, headers: self.made, is_phone, updated_on: dice.between(0, 28) }
    }

    fn plan(&self, world: &World, dice: &mut Dice) -> Vec<Journey> {
        let often = dice.percent(3.0);
        let count = if often { 6 } else { u32::from(dice.percent(28.0)) };
        (0..count)
            .map(|_| {
                let from = dice.between(3, 85);
                let to = from + if often { dice.between(1, 4) } else { dice.between(2, 11) };
                let is_abroad = dice.percent(50.0);
                let town = if is_abroad {
                    world.town_abroad(self.town.country, dice)
                } else {
                    world.town_in(self.town.country, dice)
                };
                Journey { from, to, town, network: world.provider(town.country, dice) }
            })
            .collect()
    }

    /// The logins of a day, in order, each with what sort it is.
    pub(super) fn day(
        &mut self,
        day: u64,
        surge: f64,
        world: &World,
        dice: &mut Dice,
    ) -> Vec<(&'static str, Arriving)> {
        let mut changed = None;
        if self.new_device_on == Some(day) {
            let (place, is_phone) = (usize::from(dice.percent(35.0)), dice.percent(65.0));
            let device = self.new_device(is_phone, dice);
            self.devices[place] = device;
            changed = Some(place);
        }
        for index in 0..self.devices.len() {
            if dice.percent(self.forgets) {
                self.devices[index].cookie = None;
            }
            if day % 28 == self.devices[index].updated_on {
                self.devices[index].headers += 1 << 44;
            }
        }
        // A new phone is taken into use on the day it comes.
        let count = dice.count(self.rate) + u32::from(changed.is_some());
        let mut hours: Vec<f64> = (0..count).map(|_| self.hour(day, dice)).collect();
        hours.sort_by(f64::total_cmp);
        hours.into_iter().map(|hour| self.login(day, hour, surge, changed, world, dice)).collect()
    }

    /// An hour of the user's own clock.
    fn hour(&self, day: u64, dice: &mut Dice) -> f64 {
        let (first, second) = self.hours;
        let shift = if self.works_shifts && day / 7 % 2 == 1 { 8.0 } else { 0.0 };
        let middle = if dice.percent(50.0) { first } else { second };
        let hour = if dice.percent(7.0) { dice.unit() * 16.0 + 7.0 } else { dice.normal(middle, 1.6) };
        (hour + shift).rem_euclid(24.0)
    }

    fn login(
        &self,
        day: u64,
        hour: f64,
        surge: f64,
        changed: Option<usize>,
        world: &World,
        dice: &mut Dice,
    ) -> (&'static str, Arriving) {
        let index = changed.unwrap_or_else(|| dice.weighted(&[50.0, 50.0]));
        let device = &self.devices[index];
        let journey = self.journeys.iter().find(|journey| (journey.from..journey.to).contains(&day));
        let (mut sort, spot) = match journey {
            // A phone abroad is often on the carrier's network at home.
            Some(_) if device.is_phone && dice.percent(40.0) => {
                ("on a journey", world.gateway(self.town, self.carrier, dice))
            }
            Some(journey) => ("on a journey", world.spot(journey.town, journey.network, 8.0, dice)),
            None if !self.tunnel.is_empty() && dice.percent(30.0) => {
                ("through a tunnel", dice.pick(&self.tunnel).clone())
            }
            None if device.is_phone && dice.percent(50.0) => {
                ("on the way", world.gateway(self.town, self.carrier, dice))
            }
            None if dice.percent(3.0) => {
                let network = world.provider(self.town.country, dice);
                ("at friends' and in cafes", world.spot(self.town, network, 12.0, dice))
            }
            None => match self.office.as_ref().filter(|_| (8.0..18.0).contains(&hour)) {
                Some(office) => ("in the office", office.clone()),
                None => ("at home", self.home.clone()),
            },
        };
        if device.cookie.is_none() {
            sort = "with a device without its cookie";
        }
        if changed.is_some() {
            sort = "with a new device";
        }
        let offset = world.offset(journey.map_or(self.town.country, |journey| journey.town.country), day);
        let seconds = (day as f64 * 86_400.0 + (hour - offset) * 3_600.0).max(0.0);
        // What is known of a user's address is only ever about right.
        let mut place = spot.place;
        place.latitude = place.latitude.map(|latitude| latitude + dice.normal(0.0, 0.1));
        let coming = Coming {
            at: START.plus(Duration::from_secs_f64(seconds)),
            place,
            network: spot.network,
            cookie: device.cookie.clone(),
            headers: device.headers,
            address_failures: 0,
            surge,
        };
        let slips = if dice.percent(6.0) { 1 + dice.count(0.4) } else { 0 };
        (sort, Arriving { coming: Coming { address_failures: slips, ..coming }, device: index, slips })
    }

    /// The login.
    pub(super) fn come_in(&mut self, arriving: Arriving) {
        let Arriving { coming, device, .. } = arriving;
        self.made += 1;
        let given = format!("{}-{}", self.made, coming.headers);
        self.person.admit(&coming, &given);
        // Where cookies are forgotten at once, what was given is gone with the window.
        if coming.cookie.is_none() && self.forgets < 100.0 {
            self.devices[device].cookie = Some(given);
        }
    }

    /// Where the user lives.
    pub(super) fn home(&self) -> &Spot {
        &self.home
    }

    /// A login from home with the device whose cookie is taken.
    pub(super) fn taken(&self, at: Timestamp) -> Coming {
        let device = &self.devices[1];
        Coming {
            at,
            place: self.home.place.clone(),
            network: self.home.network.clone(),
            cookie: device.cookie.clone(),
            headers: device.headers,
            address_failures: 0,
            surge: 1.0,
        }
    }

    /// The wrong passwords before a login.
    pub(super) fn slip(&mut self, arriving: &Arriving) {
        for _ in 0..arriving.slips {
            self.person.fail(arriving.coming.at, arriving.coming.cookie.as_ref());
        }
    }
}
