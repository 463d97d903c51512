//! Nodes that are processes of their own: one is killed in the middle of revocations, one is stopped for a while.

use std::time::{Duration, Instant};

use durward_store::testing::Backend;
use rustix::process::Signal;
use serde_json::json;

use super::{CHAT, id_of, within};
use crate::kit::process::database_url;
use crate::kit::{App, Process, SECRET};

/// Memory is soon not trusted any more. The sockets of the living may stay for longer: on a slow machine a node that has
/// just gone on needs its time to catch up.
const QUICK: [(&str, &str); 2] =
    [("DURWARD_SESSION__MAX_STALENESS", "1s"), ("DURWARD_SESSION__STALENESS_GRACE", "30s")];
const PATIENCE: Duration = Duration::from_secs(60);

/// The program as another process on the same database.
async fn another(app: &App) -> Process {
    let url = database_url(&app.database);
    let env = [
        ("ENVIRONMENT", "test"),
        ("JWT_SECRET_KEY", SECRET),
        ("DATABASE_URL", url.as_str()),
        ("DURWARD_SERVER__PUBLIC_URL", app.origin.as_str()),
    ];
    Process::start(&["serve"], &env.into_iter().chain(QUICK).collect::<Vec<_>>()).await
}

/// What was committed is known on the other node, what was not is not: no session is half dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_in_the_middle_of_revocations() {
    const SESSIONS: usize = 60;
    let app = App::with(Backend::Postgres, &QUICK).await;
    let mut node = another(&app).await;
    let mut sessions = Vec::new();
    for number in 0..SESSIONS {
        let ann = app.user(&format!("ann{number}")).await;
        let mut socket = ann.socket(CHAT).await;
        socket.expect("ready").await;
        sessions.push((ann, socket));
    }
    let logouts: Vec<_> = sessions
        .iter()
        .map(|(ann, _)| {
            let there = ann.copy().at(node.address());
            tokio::spawn(async move { there.post_empty("/api/v1/auth/logout").await.status.as_u16() })
        })
        .collect();
    let ended = "SELECT COUNT(*) FROM user_sessions WHERE ended_at IS NOT NULL";
    within("some have ended", PATIENCE, || async { app.database.count(ended).await >= 5 }).await;
    node.kill();
    let mut acknowledged = Vec::new();
    for logout in logouts {
        acknowledged.push(logout.await.is_ok_and(|status| status == 204));
    }
    // The database undoes what the dead node had not committed, and the other one reads what it had.
    let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND xact_start IS NOT NULL AND pid <> pg_backend_pid()";
    within("nothing is half done", PATIENCE, || async { app.database.count(open).await == 0 }).await;
    let newest = app.database.count("SELECT COALESCE(MAX(seq), 0) FROM revocation_events").await;
    within("all is known", PATIENCE, || async { app.core.bus().applied() == newest }).await;
    let (mut dead, mut alive) = (0, 0);
    for ((ann, mut socket), acknowledged) in sessions.into_iter().zip(acknowledged) {
        let answer = ann.get("/api/v1/profile").await;
        if answer.status == 200 {
            assert!(!acknowledged, "a logout that was acknowledged is undone");
            socket.send(json!({ "type": "ping" })).await;
            socket.expect("pong").await;
            alive += 1;
        } else {
            answer.refused(401, "token_revoked");
            assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
            dead += 1;
        }
    }
    assert_eq!(app.database.count(ended).await, dead);
    println!("{dead} sessions had ended when the node was killed, {alive} live on");
}

/// A process that was stopped knows nothing of what was revoked meanwhile, and does not act as if it did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_stopped_for_a_while() {
    let app = App::with(Backend::Postgres, &QUICK).await;
    let node = another(&app).await;
    for cycle in 0..3 {
        let mut people = Vec::new();
        for name in [format!("ann{cycle}"), format!("bob{cycle}")] {
            let actor = app.user(&name).await.at(node.address());
            actor.get("/api/v1/profile").await.is(200);
            let mut socket = actor.socket(CHAT).await;
            socket.expect("ready").await;
            people.push((actor, socket));
        }
        node.signal(Signal::STOP);
        app.operator.revoke_sessions(id_of(&app, &format!("bob{cycle}")).await).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        // These wait in its sockets' buffers, and are the first that it sees.
        let asked: Vec<_> = (0..4)
            .map(|_| {
                let bob = people[1].0.copy();
                tokio::spawn(async move { bob.get("/api/v1/profile/debug").await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        node.signal(Signal::CONT);
        let resumed = Instant::now();
        for answer in asked {
            answer.await.unwrap().refused(401, "token_revoked");
        }
        assert_eq!(people[1].1.closed().await, (1008, "token_revoked".to_owned()));
        println!("{cycle}: closed {:?} after the process went on", resumed.elapsed());
        people[0].0.get("/api/v1/profile").await.is(200);
        people[0].1.send(json!({ "type": "ping" })).await;
        people[0].1.expect("pong").await;
    }
}
