//! A thousand ordinary users over ninety days, and those who would be them: how many attacks are found, and how many
//! ordinary logins are disturbed. Everything that is judged here is judged by the same functions as in the program.
//!
//! The users are made up ([`people`]), with what makes ordinary logins look strange: phones whose networks are elsewhere,
//! journeys, night shifts, tunnels, new phones, browsers that are updated or forget their cookies, wrong passwords, and the
//! hour that a clock is put forward by. So the figures say how the rules work for such people, not for anybody's own.

mod attacks;
mod dice;
mod people;
mod world;

use std::collections::BTreeMap;

use attacks::KINDS;
use dice::Dice;
use people::User;
use world::World;

use crate::risk::{Assessment, Decision, RiskRules};

const USERS: usize = 1_000;
const DAYS: u64 = 90;
/// Attacks begin when habits have had a month to form.
const ATTACKS_FROM: u64 = 30;
const ATTACKS_OF_A_KIND: usize = 600;

/// What was made of some logins.
#[derive(Debug, Default, Clone)]
struct Tally {
    all: u32,
    noticed: u32,
    stepped_up: u32,
    denied: u32,
    /// By the first signal, of those that were stepped up or denied.
    because: BTreeMap<&'static str, u32>,
}

impl Tally {
    fn count(&mut self, found: &Assessment) {
        self.all += 1;
        match found.decision {
            Decision::Allow => {}
            Decision::Notice => self.noticed += 1,
            Decision::SecondFactor => self.stepped_up += 1,
            Decision::Deny => self.denied += 1,
        }
        if found.decision >= Decision::SecondFactor
            && let Some(first) = found.names().first()
        {
            *self.because.entry(first).or_default() += 1;
        }
    }

    fn add(&mut self, other: &Self) {
        self.all += other.all;
        self.noticed += other.noticed;
        self.stepped_up += other.stepped_up;
        self.denied += other.denied;
    }

    /// The share that was stepped up or denied, in percent.
    fn stopped(&self) -> f64 {
        percent(self.stepped_up + self.denied, self.all)
    }

    fn row(&self, name: &str) -> String {
        format!(
            "{name:<44} {:>7} {:>8.2} % {:>8.2} % {:>8.2} % {:>8.2} %",
            self.all,
            self.stopped(),
            percent(self.denied, self.all),
            percent(self.stepped_up, self.all),
            percent(self.noticed, self.all),
        )
    }
}

fn percent(part: u32, all: u32) -> f64 {
    if all == 0 { 0.0 } else { f64::from(part) * 100.0 / f64::from(all) }
}

/// What came of a whole run.
struct Outcome {
    ordinary: Tally,
    by_sort: BTreeMap<&'static str, Tally>,
    attacks: Vec<(&'static str, bool, Tally)>,
}

fn run(seed: u64, rules: &RiskRules) -> Outcome {
    let mut dice = Dice::new(seed);
    let world = World::new(&mut dice);
    let mut users: Vec<User> = (0..USERS).map(|_| User::new(&world, &mut dice)).collect();
    let mut ordinary = Tally::default();
    let mut by_sort: BTreeMap<&'static str, Tally> = BTreeMap::new();
    let mut attacks: Vec<Tally> = vec![Tally::default(); KINDS.len()];
    let each_day = ATTACKS_OF_A_KIND / usize::try_from(DAYS - ATTACKS_FROM).unwrap();
    for day in 0..DAYS {
        // Every tenth day somebody tries passwords on everybody, which ordinary logins feel, too.
        let surge = if day % 10 == 9 { 12.0 } else { 1.0 };
        for user in &mut users {
            for (sort, coming) in user.day(day, surge, &world, &mut dice) {
                user.slip(&coming);
                let found = user.person.judge(&coming.coming, rules);
                ordinary.count(&found);
                by_sort.entry(sort).or_default().count(&found);
                user.come_in(coming);
            }
        }
        if day < ATTACKS_FROM {
            continue;
        }
        for (kind, tally) in KINDS.iter().zip(&mut attacks) {
            for _ in 0..each_day {
                let victim = dice.pick(&users);
                // What an attacker does leaves no habit behind: the same user can be a victim again.
                let mut person = victim.person.clone();
                let coming = (kind.come)(victim, &mut person, day, &world, &mut dice);
                tally.count(&person.judge(&coming, rules));
            }
        }
    }
    let attacks = KINDS.iter().zip(attacks).map(|(kind, tally)| (kind.name, kind.is_aimed_at, tally)).collect();
    Outcome { ordinary, by_sort, attacks }
}

impl Outcome {
    /// All attacks of the five kinds that the rules are made against.
    fn aimed_at(&self) -> Tally {
        let mut all = Tally::default();
        self.attacks.iter().filter(|(_, is_aimed_at, _)| *is_aimed_at).for_each(|(.., tally)| all.add(tally));
        all
    }

    fn print(&self, seed: u64) {
        println!("\n{USERS} users, {DAYS} days, seed {seed}");
        println!(
            "{:<44} {:>7} {:>10} {:>10} {:>10} {:>10}",
            "attacks", "all", "stopped", "denied", "stepped up", "noticed"
        );
        for (name, is_aimed_at, tally) in &self.attacks {
            println!("{}", tally.row(&format!("{}{name}", if *is_aimed_at { "" } else { "(beyond) " })));
        }
        println!("{}", self.aimed_at().row("all five kinds"));
        println!("ordinary logins");
        for (sort, tally) in &self.by_sort {
            println!("{}", tally.row(sort));
        }
        println!("{}", self.ordinary.row("all"));
        println!("ordinary logins were disturbed because of {:?}", self.ordinary.because);
    }
}

/// Three worlds, so that no figure hangs on one throw of the dice. The bounds leave room for other worlds; what is printed
/// is what was found (`cargo test -p durward-core risk::tests::simulation -- --nocapture`), and `docs/risk.md` says it.
#[test]
fn attacks_are_stopped_and_people_are_not_disturbed() {
    for seed in [1, 20, 300] {
        let outcome = run(seed, &RiskRules::default());
        outcome.print(seed);
        assert!(outcome.ordinary.all > 30_000, "{} logins", outcome.ordinary.all);
        assert!(
            outcome.ordinary.stopped() <= 1.0,
            "{:.2} % of the ordinary logins disturbed",
            outcome.ordinary.stopped()
        );
        let found = outcome.aimed_at().stopped();
        assert!(found >= 95.0, "{found:.2} % of the attacks stopped or stepped up");
        for (name, _, tally) in outcome.attacks.iter().filter(|(_, is_aimed_at, _)| *is_aimed_at) {
            // Of those who come from the same town and by the same provider, nobody can tell many.
            assert!(tally.stopped() >= 80.0, "{name}: {:.2} %", tally.stopped());
        }
    }
}

/// With all weights at nothing nothing is found: the figures come from the rules, and not from the simulation.
#[test]
fn without_weights_nothing_is_found() {
    let nothing = crate::risk::Weights {
        new_device: 0,
        fingerprint_changed: 0,
        new_country: 0,
        new_area: 0,
        new_network: 0,
        impossible_travel: 0,
        unusual_hour: 0,
        account_failures: 0,
        address_failures: 0,
        global_failures: 0,
        device_reputation: 0,
        listed_address: 0,
    };
    let outcome = run(4, &RiskRules { weights: nothing, ..RiskRules::default() });
    assert_eq!(outcome.aimed_at().stopped(), 0.0);
    assert_eq!(outcome.ordinary.stopped(), 0.0);
}
