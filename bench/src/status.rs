//! `GET /api/v1/auth/status` with a bearer token over 64 kept connections, against the bare handler; and how long such
//! requests take while a login storm is on.

use std::sync::Arc;

use durward_proto::SystemClock;
use serde_json::{Value, json};

use crate::child::{Programs, Server};
use crate::figure::{Aim, Figure};
use crate::load::{self, Client, Load, PASSWORD, email};
use crate::scratch::Scratch;
use crate::{Effort, Outcome};

/// How many connections ask at once.
const CONNECTIONS: usize = 64;
/// How many log in at once, over and over, in the storm.
const STORM: usize = 64;
const PATH: &str = "/api/v1/auth/status";

/// Throughput as shipped and without a log line for each request, processor time, and latency in a storm.
pub(crate) async fn measure(effort: Effort, programs: &Programs, clock: &Arc<SystemClock>) -> Outcome<Vec<Figure>> {
    let bare = Asked::bare(programs).await?;
    let (shipped, _data) = Asked::durward(programs, &[]).await?;
    let (quiet, _quiet_data) = Asked::durward(programs, &[("DURWARD_LOG__LEVEL", "warn")]).await?;
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
    Ok(vec![
        figure(request.clone(), "requests/s", rates, Aim::RatioAtLeast(0.85)),
        figure(format!("{request}, `log.level = \"warn\"`"), "requests/s", quiet_rates, Aim::RatioAtLeast(0.85)),
        figure("the server's processor time for each of these".to_owned(), "µs", costs, Aim::Nothing),
        figure("the same, `log.level = \"warn\"`".to_owned(), "µs", quiet_costs, Aim::Nothing),
        storm(effort, &shipped, clock).await?,
    ])
}

/// The p99 of token checks while many log in, over the p99 while nobody does.
async fn storm(effort: Effort, asked: &Asked, clock: &Arc<SystemClock>) -> Outcome<Figure> {
    let address = asked.server.address;
    let mut client = Client::connect(address).await?;
    for number in 1..STORM {
        open_account(&mut client, number).await?;
    }
    let logins = (0..STORM).map(|number| load::post(address, "/api/v1/auth/login", &login(number)));
    let logins = logins.collect::<Outcome<Vec<_>>>()?;
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
        let (calm, _) = asked.ask(effort.seconds, clock).await?;
        // The storm begins before the measurement and ends after it. Logins that are shed (503) are part of it.
        let storm = tokio::spawn({
            let (logins, seconds, clock) = (logins.clone(), effort.seconds + 1, clock.clone());
            async move { load::run(address, logins, seconds, &clock).await }
        });
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let (stormy, _) = asked.ask(effort.seconds, clock).await?;
        storm.await??;
        rounds.push((stormy.p99(), calm.p99()));
    }
    Ok(Figure {
        what: format!("p99 of these requests while {STORM} clients log in over and over"),
        unit: "ms",
        against: "the same without logins",
        rounds,
        aim: Aim::RatioAtMost(2.0),
    })
}

/// A server with the request that it is asked.
struct Asked {
    server: Server,
    token: Option<String>,
}

impl Asked {
    async fn bare(programs: &Programs) -> Outcome<Self> {
        let mut server = programs.bare("bare")?;
        server.ready(PATH).await?;
        Ok(Self { server, token: None })
    }

    async fn durward(programs: &Programs, settings: &[(&str, &str)]) -> Outcome<(Self, Scratch)> {
        let scratch = Scratch::new()?;
        let mut server = programs.durward(scratch.path(), settings)?;
        server.ready("/health/ready").await?;
        let mut client = Client::connect(server.address).await?;
        open_account(&mut client, 0).await?;
        let (_, body) = client.post("/api/v1/auth/login", &login(0)).await?;
        let answer: Value = serde_json::from_slice(&body)?;
        let token = answer.get("access_token").and_then(Value::as_str).ok_or("no token")?.to_owned();
        let (_, body) = client.get(PATH, Some(&token)).await?;
        let answer: Value = serde_json::from_slice(&body)?;
        if answer.get("authenticated") != Some(&Value::Bool(true)) {
            return Err("the token is not taken".into());
        }
        Ok((Self { server, token: Some(token) }, scratch))
    }

    /// The load, and the server's processor time for each request in microseconds.
    async fn ask(&self, seconds: u64, clock: &Arc<SystemClock>) -> Outcome<(Load, f64)> {
        // The bare handler gets a header of the same length, so that both read as much.
        let filler = "x".repeat(600);
        let token = self.token.as_deref().unwrap_or(&filler);
        let request = load::get(self.server.address, PATH, Some(token))?;
        let before = self.server.cpu()?;
        let load = load::run(self.server.address, vec![request; CONNECTIONS], seconds, clock).await?.all_good()?;
        let cpu = self.server.cpu()?.saturating_sub(before);
        let each = cpu.as_secs_f64() * 1e6 / load.count().max(1) as f64;
        Ok((load, each))
    }
}

/// A login as JSON.
pub(crate) fn login(number: usize) -> Value {
    json!({ "email": email(number), "password": PASSWORD, "transport": "bearer" })
}

/// Registers one of the accounts.
pub(crate) async fn open_account(client: &mut Client, number: usize) -> Outcome<()> {
    let form = json!({ "email": email(number), "password": PASSWORD });
    match client.post("/api/v1/auth/register", &form).await? {
        (201, _) => Ok(()),
        (status, body) => Err(format!("registering: {status} {}", String::from_utf8_lossy(&body)).into()),
    }
}
