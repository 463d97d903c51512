//! What a login's risk is judged by is read here, and what it teaches is written down.

use std::time::Duration;

use durward_proto::{Timestamp, UserId};
use durward_store::{DeviceRow, Gate, NewRisk, Write};
use serde_json::Value;

use crate::budgets::address_key;
use crate::client::Client;
use crate::devices::Reputation;
use crate::fault::Fault;
use crate::place::Place;
use crate::risk::{Assessment, Decision, Facts, Habits, KnownDevice, Login, judge, network_key};
use crate::service::Core;

/// How far back wrong answers for an account count.
const FAILURES_LAST: Duration = Duration::from_secs(7 * 86_400);
/// After how many seconds each counts half.
const FAILURES_HALVE: f64 = 86_400.0;

/// What was shown at a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// What can be guessed, or learnt from others.
    Password,
    /// What cannot, and what is two factors by itself: only a denial is of any account.
    Passkey,
}

/// Judges a login that showed what it needs, within the transaction that acts on it and holds the account. `device` is
/// the user's device that it comes from, where it is one. Gives what is usual for the user, too, which was read for it; None
/// where risk is not judged at all.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn assess(
    core: &Core,
    write: &mut Write<Gate>,
    user: UserId,
    client: &Client,
    device: Option<&DeviceRow>,
    place: Option<&Place>,
    shown: Shown,
) -> Result<Option<(Assessment, Habits)>, Fault> {
    let rules = &core.policy.risk;
    if !rules.enabled {
        return Ok(None);
    }
    let now = core.clock.now();
    let evidence = write.risk_evidence(user, &address_key(client.ip), now.minus(FAILURES_LAST), now).await?;
    let facts = Facts {
        now,
        place,
        network: network_key(client.ip, place),
        device: device.map(|device| known(device, client, now)),
        account_failures: evidence.account_failures.iter().map(|at| worth(*at, now)).sum(),
        address_failures: core.budgets.wrong_from(client.ip, evidence.address_failures),
        surge: core.surge.factor(now),
        is_listed: rules.suspects(client.ip),
        is_guessable: shown == Shown::Password,
    };
    let habits = read_habits(user, evidence.habits);
    let mut assessment = judge(&facts, &habits, rules);
    if shown == Shown::Passkey && assessment.decision == Decision::SecondFactor {
        assessment.decision = Decision::Notice;
    }
    metrics::counter!("durward_risk_decisions_total", "decision" => assessment.decision.as_str()).increment(1);
    core.figures.count("risk_decisions", assessment.decision.as_str().to_owned());
    for signal in &assessment.signals {
        core.figures.count("risk_signals", signal.name.to_owned());
        metrics::counter!("durward_risk_signals_total", "signal" => signal.name).increment(1);
    }
    Ok(Some((assessment, habits)))
}

/// Learns from a login, within the transaction that lets it in and holds the account. What is usual is read where that was
/// not done in it before.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn learn(
    core: &Core,
    write: &mut Write<Gate>,
    user: UserId,
    client: &Client,
    habits: Option<Habits>,
    place: Option<&Place>,
    is_new_device: bool,
) -> Result<(), Fault> {
    if !core.policy.risk.enabled {
        return Ok(());
    }
    let now = core.clock.now();
    let mut habits = match habits {
        Some(habits) => habits,
        None => read_habits(user, write.habits(user).await?),
    };
    habits.learn(&Login { at: now, place, network: &network_key(client.ip, place), is_new_device });
    let document = serde_json::to_value(&habits).map_err(|error| Fault::unavailable(error.to_string()))?;
    Ok(write.put_habits(user, &document, now).await?)
}

impl Assessment {
    /// As the trail keeps it. `signals` are what [`Assessment::signals_json`] gave.
    pub(crate) fn to_row<'a>(&self, signals: &'a Value) -> NewRisk<'a> {
        NewRisk { score: self.score.into(), decision: self.decision.as_str(), signals }
    }
}

fn known(device: &DeviceRow, client: &Client, now: Timestamp) -> KnownDevice {
    let reputation = Reputation::of(device, now);
    #[allow(clippy::cast_precision_loss, reason = "at most a million")]
    let thousandths = |milli: i64| milli as f64 / 1_000.0;
    KnownDevice {
        logins: u32::try_from(device.logins).unwrap_or(u32::MAX),
        successes: thousandths(reputation.successes_milli),
        failures: thousandths(reputation.failures_milli),
        is_changed: device.fingerprint != client.fingerprint,
        is_proven: client.keeps_cookie(),
    }
}

/// How much of a wrong answer still counts.
fn worth(at: Timestamp, now: Timestamp) -> f64 {
    0.5_f64.powf(now.since(at).as_secs_f64() / FAILURES_HALVE)
}

/// A document that cannot be read is one of another version: the user's habits are learnt anew.
fn read_habits(user: UserId, document: Option<Value>) -> Habits {
    let Some(document) = document else { return Habits::default() };
    serde_json::from_value(document).unwrap_or_else(|error| {
        tracing::warn!(user_id = user.0, %error, "the habits of a user cannot be read and are learnt anew");
        Habits::default()
    })
}
