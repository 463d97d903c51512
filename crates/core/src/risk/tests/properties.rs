//! What holds for every login, whatever came before it.

use std::time::Duration;

use durward_proto::Timestamp;
use proptest::prelude::*;

use crate::place::Place;
use crate::risk::{Decision, Facts, Habits, KnownDevice, Login, RiskRules, judge};

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn place() -> impl Strategy<Value = Option<Place>> {
    let some = |of: f64| proptest::option::of(-of..of);
    let place =
        (proptest::option::of("[A-Z]{2}"), some(95.0), some(190.0), proptest::option::of(any::<u32>())).prop_map(
            |(country, latitude, longitude, network)| Place { country, city: None, latitude, longitude, network },
        );
    proptest::option::of(place)
}

fn device() -> impl Strategy<Value = Option<KnownDevice>> {
    let known = (any::<u32>(), 0.0..1e4, 0.0..1e4, any::<bool>(), any::<bool>()).prop_map(
        |(logins, successes, failures, is_changed, is_proven)| KnownDevice {
            logins,
            successes,
            failures,
            is_changed,
            is_proven,
        },
    );
    proptest::option::of(known)
}

fn habits() -> impl Strategy<Value = Habits> {
    proptest::collection::vec((place(), 0..90_u64 * 86_400, any::<bool>(), 0..5_u8), 0..30).prop_map(|logins| {
        let mut habits = Habits::default();
        for (place, ago, is_new_device, network) in logins {
            let at = NOW.minus(Duration::from_secs(ago));
            habits.learn(&Login { at, place: place.as_ref(), network: &format!("AS{network}"), is_new_device });
        }
        habits
    })
}

proptest! {
    #[test]
    fn a_score_is_sane_and_its_reasons_are_its_own(
        habits in habits(),
        place in place(),
        device in device(),
        (account_failures, address_failures, surge) in (0.0..1e6, any::<u32>(), 1.0..1e6),
        (is_listed, is_guessable) in any::<(bool, bool)>(),
    ) {
        let facts = Facts {
            now: NOW, place: place.as_ref(), network: "AS3".to_owned(), device, account_failures, address_failures, surge,
            is_listed, is_guessable,
        };
        let found = judge(&facts, &habits, &RiskRules::default());
        prop_assert!(found.score <= 100);
        prop_assert_eq!(found.score == 0, found.signals.iter().map(|one| one.strength * f64::from(one.weight)).sum::<f64>() < 0.5);
        for signal in &found.signals {
            prop_assert!(signal.strength > 0.0 && signal.strength <= 1.0, "{:?}", signal);
            prop_assert!(!signal.why.is_empty());
            // None by itself says more than all together.
            prop_assert!((f64::from(signal.weight) * signal.strength).floor() <= f64::from(found.score) + 1.0);
        }
    }

    /// Whatever others do, they cannot have a user refused, wherever that is.
    #[test]
    fn nobody_can_have_another_refused(
        habits in habits(),
        place in place(),
        device in device(),
        (account_failures, address_failures, surge) in (0.0..1e6, any::<u32>(), 1.0..1e6),
        (is_listed, is_guessable) in any::<(bool, bool)>(),
    ) {
        let quiet = Facts {
            now: NOW, place: place.as_ref(), network: "AS3".to_owned(), device, account_failures: 0.0, address_failures: 0,
            surge: 1.0, is_listed, is_guessable,
        };
        let loud = Facts { account_failures, address_failures, surge, ..quiet.clone() };
        let rules = RiskRules::default();
        let (quiet, loud) = (judge(&quiet, &habits, &rules), judge(&loud, &habits, &rules));
        prop_assert!(loud.score >= quiet.score);
        prop_assert_eq!(loud.decision == Decision::Deny, quiet.decision == Decision::Deny);
    }

    /// At a usual place they cannot even have them asked for more: neither on the user's own devices, nor with a passkey.
    #[test]
    fn nobody_is_in_the_way_of_a_usual_login(
        logins in 1..100_u32,
        (account_failures, address_failures, surge) in (0.0..1e6, any::<u32>(), 1.0..1e6),
        (is_known, is_guessable) in any::<(bool, bool)>(),
    ) {
        let berlin = Place { country: Some("DE".to_owned()), latitude: Some(52.5), longitude: Some(13.4), ..Place::default() };
        let mut habits = Habits::default();
        for hours in 0..20 {
            let at = NOW.minus(Duration::from_secs((20 - hours) * 86_400));
            habits.learn(&Login { at, place: Some(&berlin), network: "AS3320", is_new_device: false });
        }
        let own = KnownDevice { logins, successes: 1.0, failures: 0.0, is_changed: false, is_proven: true };
        let facts = Facts {
            now: NOW, place: Some(&berlin), network: "AS3320".to_owned(), device: is_known.then_some(own), account_failures,
            address_failures, surge, is_listed: false, is_guessable,
        };
        let found = judge(&facts, &habits, &RiskRules::default());
        if is_known {
            prop_assert_eq!(found.decision, Decision::Allow);
        } else if !is_guessable {
            prop_assert!(found.decision <= Decision::Notice);
        }
    }
}
