//! `GET /api/v1/auth/status` with a bearer token over 64 kept connections, against the bare handler; and how long such
//! requests take while a login storm is on.

use std::sync::Arc;

use durward_proto::SystemClock;

use crate::accounts::{login, open_account};
use crate::asked::{Asked, CONNECTIONS};
use crate::child::Programs;
use crate::database::Database;
use crate::figure::{Aim, Figure, Spread};
use crate::load::{self, Client, Load};
use crate::{Effort, Outcome};

/// How many log in at once, over and over, in the storm.
const STORM: usize = 64;
const PATH: &str = "/api/v1/auth/status";

/// Throughput as shipped and without a log line for each request, processor time, and latency in a storm.
pub(crate) async fn measure(effort: Effort, programs: &Programs, clock: &Arc<SystemClock>) -> Outcome<Vec<Figure>> {
    let bare = Asked::bare(programs, PATH).await?;
    let shipped = Asked::durward(programs, Database::Sqlite, PATH, &[]).await?;
    let quiet = Asked::durward(programs, Database::Sqlite, PATH, &[("DURWARD_LOG__LEVEL", "warn")]).await?;
    // Once around without measuring: caches, allocator, clock speed.
    for asked in [&bare, &shipped, &quiet] {
        asked.ask(1, clock).await?;
    }
    let (mut rates, mut quiet_rates, mut costs, mut quiet_costs) = (vec![], vec![], vec![], vec![]);
    for _ in 0..effort.rounds {
        let (theirs, their_cpu) = bare.ask(effort.seconds, clock).await?;
        let (ours, our_cpu) = shipped.ask(effort.seconds, clock).await?;
        let (quiet, quiet_cpu) = quiet.ask(effort.seconds, clock).await?;
        rates.push((ours.rate(), theirs.rate()));
        quiet_rates.push((quiet.rate(), theirs.rate()));
        costs.push((our_cpu, their_cpu));
        quiet_costs.push((quiet_cpu, their_cpu));
    }
    let request = format!("`GET {PATH}`, bearer token, {CONNECTIONS} connections");
    let against = "bare axum handler, same JSON";
    let figure = |what: String, unit, rounds, aim| Figure { what, unit, against, rounds, aim };
    let capacity = Spread::of(rates.iter().map(|(ours, _)| *ours)).median;
    let mut figures = vec![
        figure(request.clone(), "requests/s", rates, Aim::RatioAtLeast(0.85)),
        figure(format!("{request}, `log.level = \"warn\"`"), "requests/s", quiet_rates, Aim::RatioAtLeast(0.85)),
        figure("the server's processor time for each of these".to_owned(), "µs", costs, Aim::Nothing),
        figure("the same, `log.level = \"warn\"`".to_owned(), "µs", quiet_costs, Aim::Nothing),
    ];
    figures.extend(at_half(effort, capacity / 2.0, &shipped, &bare, clock).await?);
    figures.extend(storm(effort, capacity / 4.0, &shipped, clock).await?);
    Ok(figures)
}

/// How long answers take at half of what durward can do, asked at a fixed rate; the bare handler is asked as often.
async fn at_half(
    effort: Effort,
    rate: f64,
    ours: &Asked,
    theirs: &Asked,
    clock: &Arc<SystemClock>,
) -> Outcome<[Figure; 2]> {
    let mut loads = Vec::new();
    for _ in 0..effort.rounds {
        let theirs = theirs.ask_at(rate, effort.seconds, clock).await?;
        loads.push((ours.ask_at(rate, effort.seconds, clock).await?, theirs));
    }
    Ok([50.0, 99.0].map(|percent| Figure {
        what: format!("p{percent} of these at half of that rate, {rate:.0} in a second, in an open loop"),
        unit: "ms",
        against: "bare axum handler, as often",
        rounds: loads.iter().map(|(ours, theirs)| (ours.percentile(percent), theirs.percentile(percent))).collect(),
        aim: Aim::Nothing,
    }))
}

/// The p99 of token checks while many log in, over the p99 while nobody does: by connections that each wait for their
/// answers, and at a fixed rate.
async fn storm(effort: Effort, rate: f64, asked: &Asked, clock: &Arc<SystemClock>) -> Outcome<[Figure; 2]> {
    let address = asked.server.address;
    let mut client = Client::connect(address).await?;
    for number in 1..STORM {
        open_account(&mut client, number).await?;
    }
    let logins = (0..STORM).map(|number| load::post(address, "/api/v1/auth/login", &login(number)));
    let logins = logins.collect::<Outcome<Vec<_>>>()?;
    let (mut closed, mut open) = (vec![], vec![]);
    for _ in 0..effort.rounds {
        let (calm, _) = asked.ask(effort.seconds, clock).await?;
        let calm_at_rate = asked.ask_at(rate, effort.seconds, clock).await?;
        // The storm begins before the measurement and ends after it. Logins that are shed (503) are part of it.
        let storm = tokio::spawn({
            let (logins, seconds, clock) = (logins.clone(), 2 * effort.seconds + 2, clock.clone());
            async move { load::run(address, logins, seconds, &clock).await }
        });
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let (stormy, _) = asked.ask(effort.seconds, clock).await?;
        let stormy_at_rate = asked.ask_at(rate, effort.seconds, clock).await?;
        storm.await??;
        let p99 = |load: &Load| load.percentile(99.0);
        closed.push((p99(&stormy), p99(&calm)));
        open.push((p99(&stormy_at_rate), p99(&calm_at_rate)));
    }
    let figure = |what: String, rounds| Figure {
        what,
        unit: "ms",
        against: "the same without logins",
        rounds,
        aim: Aim::RatioAtMost(2.0),
    };
    Ok([
        figure(format!("p99 of these requests while {STORM} clients log in over and over"), closed),
        figure(
            format!("p99 at {rate:.0} of these requests in a second, in an open loop, while {STORM} clients log in"),
            open,
        ),
    ])
}
