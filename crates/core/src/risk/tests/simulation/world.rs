//! Countries with towns and networks.

use super::dice::Dice;
use crate::place::Place;

/// Code, hours from UTC in winter, whether its clocks change at the end of March, how many people, and towns with their
/// degrees and how many live there.
type Row = (&'static str, f64, bool, f64, &'static [(&'static str, f64, f64, f64)]);

const COUNTRIES: [Row; 10] = [
    (
        "DE",
        1.0,
        true,
        84.0,
        &[
            ("Berlin", 52.52, 13.40, 3.7),
            ("Hamburg", 53.55, 9.99, 1.9),
            ("Munich", 48.14, 11.58, 1.5),
            ("Cologne", 50.94, 6.96, 1.1),
            ("Frankfurt", 50.11, 8.68, 0.8),
            ("Leipzig", 51.34, 12.37, 0.6),
        ],
    ),
    (
        "FR",
        1.0,
        true,
        68.0,
        &[
            ("Paris", 48.86, 2.35, 7.0),
            ("Lyon", 45.76, 4.84, 1.6),
            ("Marseille", 43.30, 5.37, 1.6),
            ("Toulouse", 43.60, 1.44, 1.0),
            ("Lille", 50.63, 3.06, 1.0),
        ],
    ),
    (
        "GB",
        0.0,
        true,
        67.0,
        &[
            ("London", 51.51, -0.13, 9.0),
            ("Manchester", 53.48, -2.24, 2.8),
            ("Glasgow", 55.86, -4.25, 1.2),
            ("Bristol", 51.45, -2.59, 0.7),
        ],
    ),
    (
        "PL",
        1.0,
        true,
        38.0,
        &[
            ("Warsaw", 52.23, 21.01, 1.8),
            ("Krakow", 50.06, 19.94, 0.8),
            ("Gdansk", 54.35, 18.65, 0.5),
            ("Wroclaw", 51.11, 17.03, 0.6),
        ],
    ),
    (
        "IT",
        1.0,
        true,
        59.0,
        &[
            ("Rome", 41.90, 12.50, 2.8),
            ("Milan", 45.46, 9.19, 3.2),
            ("Naples", 40.85, 14.27, 2.2),
            ("Palermo", 38.12, 13.36, 0.7),
        ],
    ),
    (
        "US",
        -5.0,
        true,
        335.0,
        &[
            ("New York", 40.71, -74.01, 19.0),
            ("Chicago", 41.88, -87.63, 9.0),
            ("Dallas", 32.78, -96.80, 7.8),
            ("Los Angeles", 34.05, -118.24, 13.0),
            ("Miami", 25.76, -80.19, 6.1),
        ],
    ),
    (
        "TR",
        3.0,
        false,
        85.0,
        &[("Istanbul", 41.01, 28.98, 15.0), ("Ankara", 39.93, 32.86, 5.7), ("Izmir", 38.42, 27.14, 4.4)],
    ),
    (
        "IN",
        5.5,
        false,
        1_400.0,
        &[("Mumbai", 19.08, 72.88, 20.0), ("Delhi", 28.61, 77.21, 32.0), ("Bengaluru", 12.97, 77.59, 13.0)],
    ),
    (
        "BR",
        -3.0,
        false,
        215.0,
        &[("Sao Paulo", -23.55, -46.63, 22.0), ("Rio", -22.91, -43.17, 13.0), ("Recife", -8.05, -34.88, 4.0)],
    ),
    ("NG", 1.0, false, 220.0, &[("Lagos", 6.52, 3.38, 15.0), ("Abuja", 9.06, 7.49, 3.8), ("Kano", 12.00, 8.52, 4.1)]),
];

/// The first six are where the users live.
const HOMES: [f64; 10] = [40.0, 15.0, 15.0, 10.0, 10.0, 10.0, 0.0, 0.0, 0.0, 0.0];
/// The shares of a country's providers, for homes and for phones.
const PROVIDERS: [f64; 6] = [35.0, 25.0, 18.0, 12.0, 6.0, 4.0];
const CARRIERS: [f64; 3] = [40.0, 33.0, 27.0];

/// A town.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Town {
    pub(super) country: usize,
    index: usize,
}

/// Somewhere with a network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    pub(super) place: Place,
    pub(super) network: String,
}

/// The world.
#[derive(Debug)]
pub(super) struct World {
    /// The networks of machines for hire, which attackers and tunnels use.
    hosters: Vec<(usize, u32)>,
}

impl World {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let countries: Vec<f64> = COUNTRIES.iter().map(|country| country.3.sqrt()).collect();
        Self { hosters: (0..60).map(|number| (dice.weighted(&countries), 60_000 + number)).collect() }
    }

    /// Where a user lives.
    pub(super) fn home(&self, dice: &mut Dice) -> Town {
        let country = dice.weighted(&HOMES);
        self.town_in(country, dice)
    }

    /// A town of a country, as likely as people live there.
    pub(super) fn town_in(&self, country: usize, dice: &mut Dice) -> Town {
        let people: Vec<f64> = COUNTRIES[country].4.iter().map(|town| town.3).collect();
        Town { country, index: dice.weighted(&people) }
    }

    /// A town anywhere, as likely as people live in the country; the most populous are not online in proportion.
    pub(super) fn town(&self, dice: &mut Dice) -> Town {
        let people: Vec<f64> = COUNTRIES.iter().map(|country| country.3.sqrt()).collect();
        let country = dice.weighted(&people);
        self.town_in(country, dice)
    }

    /// A town in another country.
    pub(super) fn town_abroad(&self, country: usize, dice: &mut Dice) -> Town {
        loop {
            let town = self.town(dice);
            if town.country != country {
                return town;
            }
        }
    }

    /// Hours from UTC on a day of the simulation, which begins on the first of February: clocks change on its 56th day.
    pub(super) fn offset(&self, country: usize, day: u64) -> f64 {
        let (_, winter, changes, ..) = COUNTRIES[country];
        winter + if changes && day >= 56 { 1.0 } else { 0.0 }
    }

    /// A provider's number in a country, each as likely as its share.
    pub(super) fn provider(&self, country: usize, dice: &mut Dice) -> u32 {
        number(1_000, country, dice.weighted(&PROVIDERS))
    }

    /// A carrier's.
    pub(super) fn carrier(&self, country: usize, dice: &mut Dice) -> u32 {
        number(2_000, country, dice.weighted(&CARRIERS))
    }

    /// A spot in a town; databases know where it is within some kilometres.
    pub(super) fn spot(&self, town: Town, network: u32, blur_km: f64, dice: &mut Dice) -> Spot {
        let (country, _, _, _, towns) = COUNTRIES[town.country];
        let (name, latitude, longitude, _) = towns[town.index];
        let place = Place {
            country: Some(country.to_owned()),
            city: Some(name.to_owned()),
            latitude: Some(latitude + dice.normal(0.0, blur_km / 111.0)),
            longitude: Some(longitude + dice.normal(0.0, blur_km / 111.0 / latitude.to_radians().cos())),
            network: Some(network),
        };
        Spot { place, network: format!("AS{network}") }
    }

    /// One of the carrier's gateways: it has them in the three largest towns, and a phone is mostly on the nearest.
    pub(super) fn gateway(&self, town: Town, carrier: u32, dice: &mut Dice) -> Spot {
        let towns = COUNTRIES[town.country].4.len().min(3);
        let index = if dice.percent(88.0) {
            town.index % towns
        } else {
            usize::try_from(dice.between(0, towns as u64)).unwrap()
        };
        self.spot(Town { country: town.country, index }, carrier, 5.0, dice)
    }

    /// A machine for hire, in a country where one is asked for.
    pub(super) fn hoster(&self, country: Option<usize>, dice: &mut Dice) -> Spot {
        let there: Vec<&(usize, u32)> =
            self.hosters.iter().filter(|(of, _)| country.is_none_or(|country| country == *of)).collect();
        let (country, network) = match there.is_empty() {
            true => *dice.pick(&self.hosters),
            false => **dice.pick(&there),
        };
        let town = self.town_in(country, dice);
        self.spot(town, network, 5.0, dice)
    }
}

fn number(from: u32, country: usize, index: usize) -> u32 {
    from + u32::try_from(country * 10 + index).unwrap()
}
