//! The cost of a login and of a check: the nodes' own processor time, and how long a client waits.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use durward_proto::{Clock, SystemClock};
use http::Request;
use http_body_util::Full;
use serde_json::json;
use tokio::task::JoinSet;

use super::fill;
use super::place::Place;
use crate::Outcome;
use crate::accounts::Tokens;
use crate::child::Server;
use crate::figure::Spread;
use crate::latency::Latencies;
use crate::load::{self, Client, PASSWORD};
use crate::seed::scatter;
use crate::sockets;

/// How many accounts log in, chosen out of all by chance. As many as there are in the smallest database.
const ACCOUNTS: usize = 1_000;
/// How many checks there are in a round.
const CHECKS: usize = 30_000;

/// What was measured: microseconds of processor time, milliseconds of waiting.
#[derive(Debug)]
pub(crate) struct Cost {
    /// The first login of each account, on a device that nobody has seen: nothing of it is in any memory.
    pub(crate) first_cpu: f64,
    pub(crate) first_p50: f64,
    /// Later logins of the same accounts.
    pub(crate) login_cpu: Spread,
    pub(crate) login_p50: Spread,
    /// The first check of each session after a start: from the database.
    pub(crate) cold_p50: f64,
    /// Later ones: from memory.
    pub(crate) check_cpu: Spread,
    pub(crate) check_p50: Spread,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (login, check) = (self.login_cpu.median, self.check_cpu.median);
        write!(f, "login {login:.0} µs (the first {:.0} µs), check {check:.1} µs", self.first_cpu)
    }
}

/// How it is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) rounds: usize,
    /// How many clients ask at once, shared out among the nodes.
    pub(crate) clients: usize,
    /// How many sockets are open meanwhile.
    pub(crate) held: usize,
}

/// Logs in and checks on all nodes of a place in turns. `users` is how many accounts there are.
pub(crate) async fn measure(place: &Place<'_>, users: usize, load: Load, clock: &Arc<SystemClock>) -> Outcome<Cost> {
    let Load { rounds, clients, held } = load;
    let mut crowd = Crowd { servers: place.start().await?, clients, clock: clock.clone() };
    let logins = logins(users);
    let first = crowd.ask(&logins).await?;
    let tokens: Vec<String> = first.bodies.iter().map(|body| Ok(Tokens::of(body)?.access)).collect::<Outcome<_>>()?;
    let sockets = crowd.hold(&tokens, held).await?;
    let mut login = Vec::new();
    for _ in 0..rounds {
        login.push(crowd.ask(&logins).await?);
    }
    drop(sockets);

    crowd = crowd.again(place).await?;
    let checks: Vec<Asking> = tokens.iter().map(|token| Asking::Check(token.clone())).collect();
    let cold = crowd.ask(&checks).await?;
    let sockets = crowd.hold(&tokens, held).await?;
    let many: Vec<Asking> = checks.iter().cycle().take(CHECKS).cloned().collect();
    // On every node, before it is measured.
    crowd.ask(&many).await?;
    let mut check = Vec::new();
    for _ in 0..rounds {
        check.push(crowd.ask(&many).await?);
    }
    drop(sockets);
    crowd.stop()?;
    let cpu = |passes: &[Pass]| Spread::of(passes.iter().map(|pass| pass.cpu));
    let p50 = |passes: &[Pass]| Spread::of(passes.iter().map(|pass| pass.p50));
    Ok(Cost {
        first_cpu: first.cpu,
        first_p50: first.p50,
        login_cpu: cpu(&login),
        login_p50: p50(&login),
        cold_p50: cold.p50,
        check_cpu: cpu(&check),
        check_p50: p50(&check),
    })
}

/// Different accounts, scattered over all that there are.
fn logins(users: usize) -> Vec<Asking> {
    let (mut state, stride) = (7, users / ACCOUNTS);
    let chosen = (0..ACCOUNTS).map(|number| {
        let within = usize::try_from(scatter(&mut state) % stride.max(1) as u64).unwrap_or(0);
        Asking::Login(1 + number * stride + within)
    });
    let mut chosen: Vec<Asking> = chosen.collect();
    chosen.sort_by_cached_key(|_| scatter(&mut state));
    chosen
}

/// What is asked.
#[derive(Debug, Clone)]
enum Asking {
    Login(usize),
    Check(String),
}

impl Asking {
    fn request(&self, address: SocketAddr) -> Outcome<Request<Full<Bytes>>> {
        match self {
            Self::Login(number) => {
                let form = json!({ "email": fill::email(*number), "password": PASSWORD, "transport": "bearer" });
                load::post(address, "/api/v1/auth/login", &form)
            }
            Self::Check(token) => load::get(address, "/api/v1/auth/status", Some(token)),
        }
    }

    fn is_answered(&self, body: &Bytes) -> bool {
        match self {
            Self::Login(_) => true,
            // The answer is 200 for nobody, too.
            Self::Check(_) => body.starts_with(b"{\"authenticated\":true"),
        }
    }
}

/// One time through all requests.
struct Pass {
    /// Microseconds for each.
    cpu: f64,
    /// Milliseconds.
    p50: f64,
    /// The answers to the first thousand, in no order.
    bodies: Vec<Bytes>,
}

/// The nodes, and those who ask them.
struct Crowd {
    servers: Vec<Server>,
    clients: usize,
    clock: Arc<SystemClock>,
}

impl Crowd {
    /// Asks everything once, each client the next that nobody has asked.
    async fn ask(&self, all: &[Asking]) -> Outcome<Pass> {
        let (all, next): (Arc<[Asking]>, _) = (all.into(), Arc::new(AtomicUsize::new(0)));
        let latencies = Arc::new(Latencies::new()?);
        let before = self.cpu()?;
        let mut tasks = JoinSet::new();
        for server in self.servers.iter().cycle().take(self.clients) {
            let (address, clock) = (server.address, self.clock.clone());
            let (all, next, latencies) = (all.clone(), next.clone(), latencies.clone());
            let mut client = Client::connect(address).await?;
            tasks.spawn(async move {
                let mut bodies = Vec::new();
                while let Some(asking) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let request = asking.request(address)?;
                    let begun = clock.monotonic();
                    let (status, body) = client.send(request).await?;
                    latencies.record(clock.monotonic() - begun);
                    if status != 200 || !asking.is_answered(&body) {
                        return Err(format!("{status} {}", String::from_utf8_lossy(&body)).into());
                    }
                    if bodies.len() < ACCOUNTS {
                        bodies.push(body);
                    }
                }
                Outcome::Ok(bodies)
            });
        }
        let mut bodies = Vec::new();
        while let Some(done) = tasks.join_next().await {
            bodies.extend(done??);
        }
        let cpu = (self.cpu()? - before) * 1e6 / all.len() as f64;
        Ok(Pass { cpu, p50: latencies.percentile(50.0), bodies })
    }

    /// Opens sockets and leaves them alone, several in each session where there are more than sessions.
    async fn hold(&self, tokens: &[String], count: usize) -> Outcome<Vec<sockets::Socket>> {
        let mut held = Vec::with_capacity(count);
        for (token, server) in tokens.iter().cycle().zip(self.servers.iter().cycle()).take(count) {
            held.push(sockets::open(server.address, token).await?);
        }
        Ok(held)
    }

    /// Seconds of processor time, all nodes together.
    fn cpu(&self) -> Outcome<f64> {
        self.servers.iter().map(|server| Ok(server.cpu()?.as_secs_f64())).sum()
    }

    async fn again(self, place: &Place<'_>) -> Outcome<Self> {
        let (clients, clock) = (self.clients, self.clock.clone());
        self.stop()?;
        Ok(Self { servers: place.start().await?, clients, clock })
    }

    fn stop(self) -> Outcome<()> {
        self.servers.into_iter().try_for_each(Server::stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_logs_in_twice_in_a_round() {
        for users in [1_000, 10_000, 1_000_000] {
            let chosen = logins(users);
            let mut numbers: Vec<usize> = chosen
                .iter()
                .map(|asking| match asking {
                    Asking::Login(number) => *number,
                    Asking::Check(_) => 0,
                })
                .collect();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), ACCOUNTS);
            assert!(numbers.first() >= Some(&1) && numbers.last() <= Some(&users), "{numbers:?}");
            assert!(numbers.last() > Some(&(users / 2)), "they are scattered");
        }
    }
}
