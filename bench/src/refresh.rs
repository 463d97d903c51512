//! `POST /api/v1/auth/refresh`: each session goes on and on, its tokens used once each, against the bare durable
//! transactions of the same kind of database.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use durward_proto::SystemClock;
use http::Request;
use http_body_util::Full;
use serde_json::json;

use crate::accounts::{Tokens, log_in, open_account};
use crate::child::Programs;
use crate::database::Database;
use crate::durable::Durable;
use crate::figure::{Aim, Figure};
use crate::load::{self, Client, Turns};
use crate::postgres::Postgres;
use crate::report::Report;
use crate::scratch::Scratch;
use crate::{Effort, Outcome};

/// How many sessions go on at once, each over a connection of its own.
pub(crate) const SESSIONS: usize = 64;
/// How many sessions each account has.
const EACH: usize = 8;
const PATH: &str = "/api/v1/auth/refresh";

/// On both databases.
pub(crate) async fn measure(
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
    report: &mut Report,
) -> Outcome<()> {
    let on_sqlite = async {
        let against = "bare transactions of one update, one after the other, `synchronous=FULL`";
        on(Database::Sqlite, Durable::sqlite().await?, against, effort, programs, clock).await
    };
    report.add_or_leave_out("refreshes on SQLite", on_sqlite.await);
    let on_postgres = async {
        let postgres = Postgres::start().await?;
        let bare = Durable::postgres(&postgres, SESSIONS).await?;
        let against = "bare transactions of one update, 64 connections, `fsync=on`";
        on(Database::Postgres(&postgres), bare, against, effort, programs, clock).await
    };
    report.add_or_leave_out("refreshes on PostgreSQL", on_postgres.await);
    Ok(())
}

async fn on(
    database: Database<'_>,
    mut bare: Durable,
    against: &'static str,
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
) -> Outcome<Figure> {
    let scratch = Scratch::new()?;
    let mut server = database.durward(programs, &scratch, &[]).await?;
    server.ready("/health/ready").await?;
    let sessions = Session::open_all(server.address).await?;
    let mut rounds = Vec::new();
    // The first round is not counted: caches, plans, files that grow.
    for round in 0..=effort.rounds {
        let theirs = bare.rate(effort.seconds, clock).await?;
        let ours = load::run(server.address, sessions.clone(), effort.seconds, clock).await?.all_good()?;
        if round > 0 {
            rounds.push((ours.rate(), theirs));
        }
    }
    Ok(Figure {
        what: format!("`POST {PATH}` on {}, {SESSIONS} sessions", database.name()),
        unit: "refreshes/s",
        against,
        rounds,
        aim: Aim::RatioAtLeast(0.5),
    })
}

/// A session, and the refresh token that is its next.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    address: SocketAddr,
    token: Arc<Mutex<String>>,
}

impl Session {
    /// As many as there are connections, of several accounts.
    pub(crate) async fn open_all(address: SocketAddr) -> Outcome<Vec<Self>> {
        let mut client = Client::connect(address).await?;
        let mut sessions = Vec::with_capacity(SESSIONS);
        for number in 0..SESSIONS {
            if number % EACH == 0 {
                open_account(&mut client, number / EACH).await?;
            }
            let token = log_in(&mut client, number / EACH).await?.refresh;
            sessions.push(Self { address, token: Arc::new(Mutex::new(token)) });
        }
        Ok(sessions)
    }
}

impl Turns for Session {
    fn next(&mut self) -> Outcome<Request<Full<Bytes>>> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        load::post(self.address, PATH, &json!({ "refresh_token": *token }))
    }

    fn hear(&mut self, body: &Bytes) -> Outcome<()> {
        let next = Tokens::of(body)?.refresh;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}
