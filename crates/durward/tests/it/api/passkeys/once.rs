//! One assertion, sent many times at once, on two nodes.

use std::sync::Arc;

use tokio::sync::Barrier;

use super::{FINISH, answer_to, begin, owner};
use crate::kit::{on_both, rounds};

/// In an ordinary run.
const ROUNDS: usize = 25;
const TASKS: usize = 64;

on_both! {
    with &[("DURWARD_LIMITS__ADDRESS_FAILURES", "1000000")];

    /// It opens one session.
    async fn one_assertion_one_session(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        let node = app.beside().await;
        for round in 0..rounds(ROUNDS) {
            let options = begin(&app).await;
            let body = answer_to(&options, key.get(&app.origin, &options));
            let barrier = Arc::new(Barrier::new(TASKS));
            let tasks: Vec<_> = (0..TASKS)
                .map(|task| {
                    let client = app.app_client().at(if task % 2 == 0 { app.address } else { node.address });
                    let (barrier, body) = (barrier.clone(), body.clone());
                    tokio::spawn(async move {
                        barrier.wait().await;
                        client.post(FINISH, body).await
                    })
                })
                .collect();
            let mut winners = 0;
            for task in tasks {
                let answer = task.await.unwrap();
                match answer.status.as_u16() {
                    200 => winners += 1,
                    // Whoever waits too long for a turn is told to come again.
                    503 => drop(answer.refused(503, "overloaded")),
                    _ => drop(answer.refused(401, "invalid_passkey")),
                }
            }
            assert_eq!(winners, 1, "round {round}");
        }
        let opened = "SELECT COUNT(*) FROM device_login_attempts WHERE method = 'passkey' AND succeeded";
        assert_eq!(app.database.count(opened).await, i64::try_from(rounds(ROUNDS)).unwrap());
    }

    /// Two answers of one counter to two questions: one of them.
    async fn one_counter_one_session(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        for round in 0..10 {
            let (one, two) = (begin(&app).await, begin(&app).await);
            let draft = key.draft_get(&app.origin, &one);
            let mut twin = draft.clone();
            twin.challenge = two["publicKey"]["challenge"].as_str().unwrap().to_owned();
            let (first, second) = (answer_to(&one, key.assert(&draft)), answer_to(&two, key.assert(&twin)));
            let client = app.app_client();
            let (first, second) = tokio::join!(client.post(FINISH, first), client.post(FINISH, second));
            let mut statuses = [first.status.as_u16(), second.status.as_u16()];
            statuses.sort();
            assert_eq!(statuses, [200, 401], "round {round}");
        }
    }
}
