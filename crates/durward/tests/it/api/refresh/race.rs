//! One token, used by many at the same moment.

use std::sync::Arc;

use tokio::sync::Barrier;

use super::*;
use crate::kit::Line;

on_both! {
    /// 64 at once with one token, 200 times: one rotation each, the same successor for all, and nobody is logged out.
    async fn of_64_at_once_nobody_loses(app) {
        race(&app, &[app.address], 200).await;
    }
}

/// Two nodes on one database race as one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_race_as_one() {
    let app = App::start(durward_store::testing::Backend::Postgres).await;
    let node = app.beside().await;
    race(&app, &[app.address, node.address], 50).await;
}

/// 64 tasks use one token at the same moment, many rounds over kept connections.
async fn race(app: &App, addresses: &[std::net::SocketAddr], rounds: usize) {
    app.register("ann").await;
    let (_, mut token) = app.bearer("ann").await;
    let mut lines = Vec::new();
    for number in 0..64 {
        lines.push(Line::open(addresses[number % addresses.len()]).await);
    }
    for round in 0..rounds {
        let (barrier, body) = (Arc::new(Barrier::new(64)), Bytes::from(json!({ "refresh_token": token }).to_string()));
        let tasks: Vec<_> = lines
            .drain(..)
            .map(|mut line| {
                let (barrier, body) = (barrier.clone(), body.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    let answer = line.send(Method::POST, REFRESH, &[("content-type", "application/json")], body).await;
                    (line, answer)
                })
            })
            .collect();
        let mut successors = Vec::new();
        let mut access = String::new();
        for task in tasks {
            let (line, answer) = task.await.unwrap();
            lines.push(line);
            let answer = answer.is(200);
            clears_nothing(&answer);
            let body = answer.json();
            successors.push(text(&body, "refresh_token").to_owned());
            access = text(&body, "access_token").to_owned();
        }
        successors.dedup();
        assert_eq!(successors.len(), 1, "round {round}");
        token = successors.remove(0);
        if round % 20 == 0 {
            // Over one of the lines: it shows that the token works, and settles the generation before the next round.
            let bearer = format!("Bearer {access}");
            let headers = [("authorization", bearer.as_str())];
            lines[0].send(Method::GET, "/api/v1/profile", &headers, Bytes::new()).await.is(200);
        }
    }
    let rounds = i64::try_from(rounds).unwrap();
    let count = async |sql: &str| app.database.count(sql).await;
    assert_eq!(count("SELECT COUNT(*) FROM refresh_tokens").await, rounds + 1);
    assert_eq!(count("SELECT COUNT(*) FROM refresh_tokens WHERE rotated_at IS NOT NULL").await, rounds);
    assert_eq!(count("SELECT COUNT(*) FROM user_sessions WHERE ended_at IS NOT NULL").await, 0);
    assert_eq!(audited(app, "token_refreshed").await, rounds);
    assert_eq!(audited(app, "refresh_reuse").await, 0);
    refresh(app, &token).await.is(200);
}
