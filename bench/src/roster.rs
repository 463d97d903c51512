//! A node that starts with a million live sessions in its database: what the first check of each costs, how soon memory
//! answers, and how much memory that takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use durward_proto::{Clock, SystemClock};
use tokio::task::JoinSet;

use crate::Outcome;
use crate::child::{Programs, Server};
use crate::figure::{Aim, Figure};
use crate::load::{self, Client};
use crate::scratch::Scratch;
use crate::seed::{SETTINGS, Seed, scatter};

const SESSIONS: usize = 1_000_000;
/// Out of how many sessions the requests come at first.
const WORKING_SET: usize = 100_000;
/// How many sessions are asked for before memory is looked at for the first time.
const WARM: usize = 2_000;
const CONNECTIONS: usize = 64;
/// After how many requests the share of first ones is looked at.
const WINDOW: usize = 10_000;
/// How long each phase may take at most.
const BOUND: Duration = Duration::from_secs(180);
/// Longer ago than `last_seen_at` may lie without being written again.
const LAST_USED: Duration = Duration::from_secs(3_600);

/// Latencies, time until memory answers, and memory.
pub(crate) async fn measure(programs: &Programs, clock: &Arc<SystemClock>) -> Outcome<Vec<Figure>> {
    let scratch = Scratch::new()?;
    let seed = Arc::new(Seed::plant(scratch.path(), SESSIONS, LAST_USED, clock).await?);
    let mut server = programs.durward(scratch.path(), &SETTINGS)?;
    server.ready("/health/ready").await?;
    let cold = Arc::new(Cold::new(seed, clock.clone()));

    let chosen = cold.clone().ask(&server, Choice::ByChance).await?;
    let settled = cold.settled().ok_or("memory did not come to answer 99 of 100 requests in time")?;
    cold.clone().ask(&server, Choice::InTurn { first: WORKING_SET, end: WORKING_SET + WARM }).await?;
    let before = server.resident()?;
    let first = WORKING_SET + WARM;
    let swept = cold.clone().ask(&server, Choice::InTurn { first, end: SESSIONS }).await?;
    let grown = (server.resident()? - before) * 1024.0 * 1024.0;

    let share = |latencies: &[Duration], percent: usize| {
        let at = (latencies.len() * percent).div_ceil(100).saturating_sub(1);
        latencies.get(at).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    let check = |percent| Figure {
        what: format!(
            "p{percent} of the first check of a session after a cold start, {SESSIONS} sessions on SQLite, {CONNECTIONS} connections"
        ),
        unit: "ms",
        against: "later checks of the same sessions, in between",
        rounds: vec![(share(&chosen.first, percent), share(&chosen.later, percent))],
        aim: Aim::Nothing,
    };
    let alone = |what: String, unit, value, aim| Figure { what, unit, against: "", rounds: vec![(value, value)], aim };
    let rate = swept.first.len() as f64 / swept.took.as_secs_f64();
    Ok(vec![
        check(50),
        check(99),
        alone(
            format!("until memory answers 99 of 100 checks, {WORKING_SET} sessions in use"),
            "s",
            settled.as_secs_f64(),
            Aim::Nothing,
        ),
        alone("first checks alone, one after the other in every session".to_owned(), "checks/s", rate, Aim::Nothing),
        alone(
            format!("roster memory for each session, {} in memory", first + swept.first.len()),
            "bytes",
            grown / swept.first.len() as f64,
            Aim::ValueAtMost(200.0),
        ),
    ])
}

/// Which session is next.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// Out of the working set, until nearly all were asked for before.
    ByChance,
    /// Each once.
    InTurn { first: usize, end: usize },
}

/// What is known of the sessions that were asked for.
struct Cold {
    seed: Arc<Seed>,
    clock: Arc<SystemClock>,
    asked: Vec<AtomicBool>,
    /// In this window.
    requests: AtomicUsize,
    firsts: AtomicUsize,
    /// In microseconds after the first request; 0 for not yet.
    settled: AtomicUsize,
}

#[derive(Debug, Default)]
struct Latencies {
    /// Of the first request in each session, and of the later ones; the shortest first.
    first: Vec<Duration>,
    later: Vec<Duration>,
    took: Duration,
}

impl Cold {
    fn new(seed: Arc<Seed>, clock: Arc<SystemClock>) -> Self {
        let asked = (0..SESSIONS).map(|_| AtomicBool::new(false)).collect();
        let [requests, firsts, settled] = [const { AtomicUsize::new(0) }; 3];
        Self { seed, clock, asked, requests, firsts, settled }
    }

    fn settled(&self) -> Option<Duration> {
        let micros = self.settled.load(Ordering::Relaxed) as u64;
        (micros > 0).then_some(Duration::from_micros(micros))
    }

    async fn ask(self: Arc<Self>, server: &Server, choice: Choice) -> Outcome<Latencies> {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(Client::connect(server.address).await?);
        }
        let (start, address) = (self.clock.monotonic(), server.address);
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for (number, mut client) in clients.into_iter().enumerate() {
            let (cold, next) = (self.clone(), next.clone());
            tasks.spawn(async move {
                let (mut mine, mut state) = (Latencies::default(), number as u64);
                while let Some(session) = cold.next(choice, &next, &mut state, start) {
                    let request = load::get(address, "/api/v1/auth/status", Some(&cold.seed.token(session)?))?;
                    let begun = cold.clock.monotonic();
                    let (status, body) = client.send(request).await?;
                    let took = cold.clock.monotonic() - begun;
                    // The answer is 200 for nobody, too.
                    if status != 200 || !body.starts_with(b"{\"authenticated\":true") {
                        return Err(format!("{status} {}", String::from_utf8_lossy(&body)).into());
                    }
                    let is_first = cold.asked.get(session).is_some_and(|asked| !asked.swap(true, Ordering::Relaxed));
                    if is_first {
                        mine.first.push(took)
                    } else {
                        mine.later.push(took)
                    }
                    cold.note(is_first, start);
                }
                Outcome::Ok(mine)
            });
        }
        let mut all = Latencies::default();
        while let Some(mine) = tasks.join_next().await {
            let mine = mine??;
            all.first.extend(mine.first);
            all.later.extend(mine.later);
        }
        all.took = self.clock.monotonic() - start;
        all.first.sort_unstable();
        all.later.sort_unstable();
        Ok(all)
    }

    /// The next session; `None` when there are no more, or time is up.
    fn next(&self, choice: Choice, next: &AtomicUsize, state: &mut u64, start: Duration) -> Option<usize> {
        let session = match choice {
            Choice::ByChance if self.settled().is_some() => None,
            Choice::ByChance => usize::try_from(scatter(state) % WORKING_SET as u64).ok(),
            Choice::InTurn { first, end } => {
                Some(first + next.fetch_add(1, Ordering::Relaxed)).filter(|session| *session < end)
            }
        };
        session.filter(|_| self.clock.monotonic() - start < BOUND)
    }

    /// Looks at the share of first requests after each window.
    fn note(&self, is_first: bool, start: Duration) {
        self.firsts.fetch_add(usize::from(is_first), Ordering::Relaxed);
        if self.requests.fetch_add(1, Ordering::Relaxed) % WINDOW == WINDOW - 1 {
            let firsts = self.firsts.swap(0, Ordering::Relaxed);
            if firsts * 100 < WINDOW && self.settled().is_none() {
                let micros = usize::try_from((self.clock.monotonic() - start).as_micros()).unwrap_or(usize::MAX);
                self.settled.store(micros, Ordering::Relaxed);
            }
        }
    }
}
