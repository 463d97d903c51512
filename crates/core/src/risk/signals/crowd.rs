//! What others do. On a device that is the user's own it says nothing: nobody can make a login look risky there by
//! guessing elsewhere. And who showed a passkey guessed nothing.

use crate::risk::facts::Facts;
use crate::risk::habits::Habits;
use crate::risk::rules::RiskRules;
use crate::risk::signals::Sign;

/// So many wrong answers are everybody's, and so many more make a signal about two thirds strong.
const FREE_FOR_ACCOUNT: f64 = 1.0;
const MANY_FOR_ACCOUNT: f64 = 5.0;
const FREE_FROM_ADDRESS: f64 = 2.0;
const MANY_FROM_ADDRESS: f64 = 10.0;
/// From how many times the usual on it is a surge, and when it is as strong as it gets.
const SURGE: f64 = 3.0;
const STORM: f64 = 10.0;

/// Somebody guesses at this account.
pub(super) fn account_failures(facts: &Facts<'_>, _: &Habits, _: &RiskRules) -> Option<Sign> {
    says_something(facts)?;
    let count = facts.account_failures;
    let why = format!("{count:.1} wrong answers for this account lately, from devices that are not the user's");
    Sign::of(filled(count - FREE_FOR_ACCOUNT, MANY_FOR_ACCOUNT), why)
}

/// Somebody guesses from this address.
pub(super) fn address_failures(facts: &Facts<'_>, _: &Habits, _: &RiskRules) -> Option<Sign> {
    says_something(facts)?;
    let count = facts.address_failures;
    let why = format!("{count} wrong answers from this address lately, for whatever account");
    Sign::of(filled(f64::from(count) - FREE_FROM_ADDRESS, MANY_FROM_ADDRESS), why)
}

/// Somebody guesses at many accounts.
pub(super) fn global_failures(facts: &Facts<'_>, _: &Habits, _: &RiskRules) -> Option<Sign> {
    says_something(facts)?;
    let strength = ((facts.surge - SURGE) / (STORM - SURGE)).clamp(0.0, 1.0);
    Sign::of(strength, format!("{:.1} times as many wrong answers everywhere as usual", facts.surge))
}

/// The operator suspects the address.
pub(super) fn listed_address(facts: &Facts<'_>, _: &Habits, _: &RiskRules) -> Option<Sign> {
    facts.is_listed.then_some(())?;
    Sign::of(1.0, "the address is in risk.suspect_networks")
}

fn says_something(facts: &Facts<'_>) -> Option<()> {
    (!facts.is_on_own_device() && facts.is_guessable).then_some(())
}

/// From 0 to 1, the slower the more there are.
fn filled(count: f64, many: f64) -> f64 {
    1.0 - (-count.max(0.0) / many).exp()
}
