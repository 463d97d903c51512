//! 64 at the same moment with one thing that is good once, over two nodes: one winner each.

#![allow(clippy::print_stdout, reason = "the figures are what one wants to see")]

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use durward_store::testing::Backend;
use http::Method;
use tokio::sync::Barrier;

use super::*;
use crate::kit::{Line, rounds};

const AT_ONCE: usize = 64;
/// Of each kind; together more than 200 on each database.
const ROUNDS: usize = 67;
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Budgets and hashes do not decide here.
const SETTINGS: [(&str, &str); 2] =
    [("DURWARD_LIMITS__ACCOUNT_FAILURES", "1000000"), ("DURWARD_LIMITS__ADDRESS_FAILURES", "1000000")];

/// 64 clients at two nodes.
struct Crowd {
    lines: Vec<Line>,
    /// Challenges, with how many more answers each allows.
    challenges: Vec<(String, u32)>,
}

impl Crowd {
    async fn gather(addresses: [SocketAddr; 2]) -> Self {
        let mut lines = Vec::new();
        for number in 0..AT_ONCE {
            lines.push(Line::open(addresses[number % 2]).await);
        }
        Self { lines, challenges: Vec::new() }
    }

    /// A challenge of Ann's.
    async fn challenge(&mut self) -> String {
        let body = json!({ "email": email("ann"), "password": PASSWORD, "transport": "bearer" });
        let answer = self.lines[0].send(Method::POST, LOGIN, &JSON, body.to_string().into()).await.is(200);
        answer.json()["challenge_token"].as_str().unwrap().to_owned()
    }

    /// A challenge for each that has not been answered yet, old ones as long as they allow an answer.
    async fn challenges(&mut self) -> Vec<String> {
        self.challenges.retain(|(_, left)| *left > 0);
        while self.challenges.len() < AT_ONCE {
            let fresh = self.challenge().await;
            // The last one is left out: a wrong answer to it would end the challenge.
            self.challenges.push((fresh, 4));
        }
        self.challenges.iter_mut().for_each(|(_, left)| *left -= 1);
        self.challenges.iter().map(|(token, _)| token.clone()).collect()
    }

    /// All send at the same moment: the answers, in their order.
    async fn send(&mut self, bodies: Vec<Value>) -> Vec<Answer> {
        let barrier = Arc::new(Barrier::new(AT_ONCE));
        let tasks: Vec<_> = self
            .lines
            .drain(..)
            .zip(bodies)
            .map(|(mut line, body)| {
                let (barrier, body) = (barrier.clone(), Bytes::from(body.to_string()));
                tokio::spawn(async move {
                    barrier.wait().await;
                    let answer = line.send(Method::POST, VERIFY, &JSON, body).await;
                    (line, answer)
                })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            let (line, answer) = task.await.unwrap();
            self.lines.push(line);
            answers.push(answer);
        }
        answers
    }
}

/// The one who won; all others were refused, and none for a reason of the server's own.
fn winner(answers: &[Answer], round: usize) -> usize {
    let won: Vec<usize> = (0..answers.len()).filter(|at| answers[*at].status == 200).collect();
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.status, 401, "round {round}: {}", answer.text());
    }
    assert_eq!(won.len(), 1, "round {round}");
    won[0]
}

async fn sessions(app: &App) -> i64 {
    app.database.count("SELECT COUNT(*) FROM user_sessions").await
}

async fn race(backend: Backend) {
    let app = App::with(backend, &SETTINGS).await;
    let node = app.beside().await;
    let (_, phone, mut codes) = user_with_totp(&app, "ann").await;
    let mut crowd = Crowd::gather([app.address, node.address]).await;
    let mut expected = sessions(&app).await;

    // One TOTP code, by 64 challenges.
    for round in 0..rounds(ROUNDS) {
        let challenges = crowd.challenges().await;
        let code = phone.next(&app);
        let bodies =
            challenges.iter().map(|token| answer_to(&json!({ "challenge_token": token }), "totp", &code)).collect();
        let won = winner(&crowd.send(bodies).await, round);
        crowd.challenges.remove(won);
        expected += 1;
        assert_eq!(sessions(&app).await, expected, "round {round}");
    }

    // One backup code, by 64 challenges.
    crowd.challenges.clear();
    for round in 0..rounds(ROUNDS) {
        let challenges = crowd.challenges().await;
        let code = codes.pop().unwrap();
        let bodies = challenges
            .iter()
            .map(|token| answer_to(&json!({ "challenge_token": token }), "backup_code", &code))
            .collect();
        let answers = crowd.send(bodies).await;
        let won = winner(&answers, round);
        crowd.challenges.remove(won);
        expected += 1;
        assert_eq!(sessions(&app).await, expected, "round {round}");
        if codes.is_empty() {
            let ann = app.app_client().with_bearer(answers[won].json()["access_token"].as_str().unwrap());
            codes = backup_codes(&ann.post_empty("/api/v1/2fa/backup-codes").await.is(200).json());
        }
    }

    // One challenge, by 64 with codes of three steps, each of which is right.
    for round in 0..rounds(ROUNDS) {
        let challenge = json!({ "challenge_token": crowd.challenge().await });
        app.clock.advance(STEP * 3);
        begin_step(&app);
        let right: Vec<String> = (-1..=1).map(|steps| phone.steps_away(&app, steps)).collect();
        let bodies = (0..AT_ONCE).map(|number| answer_to(&challenge, "totp", &right[number % 3])).collect();
        winner(&crowd.send(bodies).await, round);
        expected += 1;
        assert_eq!(sessions(&app).await, expected, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    race(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    race(Backend::Postgres).await;
}

on_both! {
    /// A second factor and a change of the password at the same moment: whatever was opened is ended by it.
    async fn no_session_outlives_the_password_that_began_it(app) {
        let app = Arc::new(app);
        let mut opened = 0;
        for round in 0..12 {
            let name = format!("ann{round}");
            let (ann, _, codes) = user_with_totp(&app, &name).await;
            let mut challenges = Vec::new();
            for _ in 0..8 {
                challenges.push(challenged_for(&app.app_client(), &name, "bearer").await);
            }
            let barrier = Arc::new(Barrier::new(9));
            let tries: Vec<_> = challenges.into_iter().zip(codes).zip(0..).map(|((challenge, code), number)| {
                let (app, barrier) = (app.clone(), barrier.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    // Spread over the time that the change takes.
                    tokio::time::sleep(Duration::from_millis(number)).await;
                    verify(&app.app_client(), &challenge, "backup_code", &code).await
                })
            }).collect();
            barrier.wait().await;
            // Earlier in one round, later in the next.
            tokio::time::sleep(Duration::from_millis(round)).await;
            let change = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
            ann.post("/api/v1/password/change", change).await.is(204);
            for task in tries {
                let answer = task.await.unwrap();
                if answer.status == 200 {
                    opened += 1;
                    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
                    app.app_client().with_bearer(&token).get("/api/v1/profile").await.refused(401, "token_revoked");
                } else {
                    answer.refused(401, "challenge_invalid");
                }
            }
            ann.get("/api/v1/profile").await.is(200);
        }
        println!("{opened} of 96 second factors opened a session before the change, which ended it");
    }
}
