//! Logins in a second with many clients, against bare Argon2id on as many threads as durward hashes on: by the library that the
//! design names, and by the one that durward takes, which is the harder measure the faster that one is.

use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, SystemClock};

use crate::accounts::{login, open_account};
use crate::child::Programs;
use crate::database::Database;
use crate::figure::{Aim, Figure};
use crate::load::{self, Client, PASSWORD};
use crate::plot::{Line, Plot};
use crate::postgres::Postgres;
use crate::report::Report;
use crate::scratch::Scratch;
use crate::{Effort, Outcome};

/// How many log in at once.
const CLIENTS: [usize; 4] = [8, 16, 32, 64];
/// At least this share of what bare Argon2id does.
const AIM: f64 = 0.95;
/// durward's defaults: KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
const SALT: &[u8] = b"sixteen byte sal";

/// On both databases, and one figure for each number of clients.
pub(crate) async fn measure(
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
    report: &mut Report,
) -> Outcome<()> {
    report.figures.push(libraries(effort, clock).await?);
    let mut lines = Vec::from(on(Database::Sqlite, effort, programs, clock, report).await?);
    match Postgres::start().await {
        Ok(postgres) => lines.extend(on(Database::Postgres(&postgres), effort, programs, clock, report).await?),
        Err(why) => report.leave_out("logins on PostgreSQL", why),
    }
    report.plots.push(Plot {
        name: "logins",
        title: "Logins in a second, over those of bare Argon2id",
        across: "clients that log in at once",
        lines,
        aim: Some(AIM),
    });
    Ok(())
}

async fn on(
    database: Database<'_>,
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
    report: &mut Report,
) -> Outcome<[Line; 2]> {
    let scratch = Scratch::new()?;
    let mut server = database.durward(programs, &scratch, &[]).await?;
    server.ready("/health/ready").await?;
    let mut client = Client::connect(server.address).await?;
    for number in 0..CLIENTS.into_iter().max().unwrap_or_default() {
        open_account(&mut client, number).await?;
    }
    let threads = std::thread::available_parallelism()?.get();
    let mut line = Line { name: format!("{}, by `argon2`", database.name()), points: vec![] };
    let mut strict = Line { name: format!("{}, by the same library", database.name()), points: vec![] };
    for clients in CLIENTS {
        let requests = (0..clients).map(|number| load::post(server.address, "/api/v1/auth/login", &login(number)));
        let requests = requests.collect::<Outcome<Vec<_>>>()?;
        let what = format!("logins on {}, {clients} clients", database.name());
        let measured = async {
            let (mut rounds, mut strictly) = (Vec::new(), Vec::new());
            for _ in 0..effort.rounds {
                let same = bare(hash_until, threads, effort.seconds, clock).await?;
                let ours = load::run(server.address, requests.clone(), effort.seconds, clock).await?.all_good()?;
                let other = bare(other_hash_until, threads, effort.seconds, clock).await?;
                rounds.push((ours.rate(), other));
                strictly.push((ours.rate(), same));
            }
            let figure = |against, rounds| Figure {
                what: what.clone(),
                unit: "logins/s",
                against,
                rounds,
                aim: Aim::RatioAtLeast(AIM),
            };
            Outcome::Ok([
                figure("bare Argon2id by `argon2`, same parameters, as many threads", rounds),
                figure("bare Argon2id by the library that durward takes, likewise", strictly),
            ])
        };
        match measured.await {
            Ok(figures) => {
                for (line, figure) in [&mut line, &mut strict].into_iter().zip(figures) {
                    line.points.push((clients as f64, figure.ratio().median));
                    report.figures.push(figure);
                }
            }
            Err(why) => report.leave_out(what, why),
        }
    }
    Ok([line, strict])
}

/// Bare Argon2id by durward's choice of a library, against the other one.
async fn libraries(effort: Effort, clock: &Arc<SystemClock>) -> Outcome<Figure> {
    let threads = std::thread::available_parallelism()?.get();
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
        let theirs = bare(other_hash_until, threads, effort.seconds, clock).await?;
        rounds.push((bare(hash_until, threads, effort.seconds, clock).await?, theirs));
    }
    Ok(Figure {
        what: "bare Argon2id by `argon2-rust`, as many threads as durward hashes on".to_owned(),
        unit: "hashes/s",
        against: "by `argon2`, in the same memory again and again",
        rounds,
        aim: Aim::Nothing,
    })
}

/// Hashes until this time, in one thread: how many in a second.
type Hashing = fn(Duration, &SystemClock) -> Outcome<f64>;

/// Hashes in a second.
async fn bare(hashing: Hashing, threads: usize, seconds: u64, clock: &Arc<SystemClock>) -> Outcome<f64> {
    let until = clock.monotonic() + Duration::from_secs(seconds);
    let mut running = Vec::new();
    for _ in 0..threads {
        let clock = clock.clone();
        running.push(tokio::task::spawn_blocking(move || hashing(until, &clock)));
    }
    let mut rate = 0.0;
    for thread in running {
        rate += thread.await??;
    }
    Ok(rate)
}

/// By the library that durward takes.
fn hash_until(until: Duration, clock: &SystemClock) -> Outcome<f64> {
    use argon2_rust::params::Memory;
    use argon2_rust::{Algorithm, Argon2, Params, Version};
    let params = Params::builder().memory(Memory::kib(COST.0.into())).passes(COST.1).lanes(COST.2).build();
    let params = params.map_err(|error| error.to_string())?;
    let mut hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hasher();
    repeat(until, clock, |output| {
        hasher.hash_into(PASSWORD.as_bytes(), SALT, output).map_err(|error| error.to_string())
    })
}

/// By the other one.
fn other_hash_until(until: Duration, clock: &SystemClock) -> Outcome<f64> {
    use argon2::{Algorithm, Argon2, Block, Params, Version};
    let params = Params::new(COST.0, COST.1, COST.2, Some(32)).map_err(|error| error.to_string())?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    repeat(until, clock, |output| {
        argon2
            .hash_password_into_with_memory(PASSWORD.as_bytes(), SALT, output, &mut memory)
            .map_err(|error| error.to_string())
    })
}

fn repeat(
    until: Duration,
    clock: &SystemClock,
    mut hash: impl FnMut(&mut [u8; 32]) -> Result<(), String>,
) -> Outcome<f64> {
    let (start, mut hashes) = (clock.monotonic(), 0u32);
    while clock.monotonic() < until {
        hash(&mut [0; 32])?;
        hashes += 1;
    }
    Ok(f64::from(hashes) / (clock.monotonic() - start).as_secs_f64())
}
