//! One token, used by many at the same moment.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use durward_store::testing::Backend;
use http::Method;
use tokio::sync::Barrier;

use super::*;
use crate::kit::{Line, rounds};

/// In an ordinary run.
const ROUNDS: usize = 25;
const TASKS: usize = 64;

/// Guesses are not what is tested here: 63 of 64 are wrong, and make the login that follows look risky.
const ROOMY: [(&str, &str); 6] = [
    SETTINGS[0],
    SETTINGS[1],
    ("DURWARD_LIMITS__ADDRESS_FAILURES", "1000000"),
    ("DURWARD_LIMITS__MAILS_PER_ADDRESS", "1000000"),
    ("DURWARD_LIMITS__MAILS_PER_CLIENT", "1000000"),
    ("DURWARD_RISK__ENABLED", "false"),
];

/// Sends the bodies at the same moment, and gives the statuses.
pub(in crate::api) async fn at_once(
    lines: &mut Vec<Line>,
    path: &'static str,
    body: impl Fn(usize) -> Value,
) -> Vec<(usize, Answer)> {
    let barrier = Arc::new(Barrier::new(lines.len()));
    let tasks: Vec<_> = lines
        .drain(..)
        .enumerate()
        .map(|(number, mut line)| {
            let (barrier, body) = (barrier.clone(), Bytes::from(body(number).to_string()));
            tokio::spawn(async move {
                barrier.wait().await;
                let answer = line.send(Method::POST, path, &[("content-type", "application/json")], body).await;
                (number, line, answer)
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        let (number, line, answer) = task.await.unwrap();
        lines.push(line);
        answers.push((number, answer));
    }
    answers
}

pub(in crate::api) async fn lines(addresses: &[SocketAddr]) -> Vec<Line> {
    let mut lines = Vec::new();
    for number in 0..TASKS {
        lines.push(Line::open(addresses[number % addresses.len()]).await);
    }
    lines
}

async fn race(app: &App, addresses: &[SocketAddr]) {
    let mut lines = lines(addresses).await;
    app.register("ann").await;
    for round in 0..rounds(ROUNDS) {
        let token = link(app, "ann").await;
        let password = |number: usize| format!("heron {number} at dusk in round {round}");
        let body = |number| json!({ "token": token, "new_password": password(number) });
        let mut won = Vec::new();
        for (number, answer) in at_once(&mut lines, RESET, body).await {
            if answer.status == 204 {
                won.push(number);
            } else {
                // Whoever finds no hashing thread in time is told so.
                assert!([422, 503].contains(&answer.status.as_u16()), "{}", answer.text());
            }
        }
        assert_eq!(won.len(), 1, "round {round}");
        login(app, "ann", &password(won[0])).await.is(200);
        app.mails.expect(&email("ann"), "password_changed").await;
    }
    let expected = i64::try_from(rounds(ROUNDS)).unwrap();
    assert_eq!(audited(app, "password_reset").await, expected);
    app.no_more_mails().await;
}

on_both! {
    with &ROOMY;

    /// 64 at once with one token, round after round: one new password each.
    async fn of_64_resets_one_wins(app) {
        race(&app, &[app.address]).await;
    }
}

/// Two nodes race as one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_two_nodes_one_wins() {
    let app = App::with(Backend::Postgres, &ROOMY).await;
    let node = app.beside().await;
    race(&app, &[app.address, node.address]).await;
}
