//! Three processes of the program on a PostgreSQL server that is stopped, frozen, restarted, crashed, cut off from one of
//! them, or cut off from their bells; and one of them killed in the middle of revocations.
//!
//! In each: who has a good token is let in or told 503, nobody is called bad and no cookie is cleared; what was revoked
//! before or during it ends everywhere in time; nobody who is logged in is lost; and all comes back by itself. By default
//! each kind that takes time goes on for 20 s once, with the settings as they come, and five rounds of all kinds follow
//! one another with shorter times. `DURWARD_TEST_OUTAGES=full` gives these rounds 20 s and the settings as they come as
//! well, which takes seven minutes.

mod claims;
mod kill;
mod people;
mod stage;

use std::time::Duration;

use durward_store::testing::{Backend, backends};
use tokio::task::JoinSet;

use stage::{Stage, Times};

/// What befalls the server or a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// Shut down in order, and started again after a while.
    Stop,
    /// As if it had crashed, and started again after a while.
    Crash,
    /// All of its processes stand still for a while, so that nobody is told.
    Freeze,
    /// Shut down and started again at once.
    Restart,
    /// Every connection that listens is ended.
    Bells,
    /// One node cannot reach it for a while.
    CutOff,
    /// One node is killed while it revokes.
    Kill,
}

use Event::*;

impl Event {
    /// Whether nobody, or one node, can reach the database for a while.
    fn is_outage(self) -> bool {
        matches!(self, Stop | Crash | Freeze | CutOff)
    }

    /// Whether a node cannot reach it.
    fn befalls(self, node: usize) -> bool {
        self.is_outage() && (self != CutOff || node == stage::BEHIND_PROXY)
    }
}

const ROUND: [Event; 7] = [Stop, Bells, Crash, Kill, Freeze, Restart, CutOff];
const ROUNDS: usize = 5;

/// As they come: the figures of the issue that these tests answer.
const DEFAULT: Times = Times {
    max_staleness: Duration::from_secs(5),
    grace: Duration::from_secs(5),
    recovery: Duration::from_secs(10),
    outage: Duration::from_secs(20),
};

const QUICK: Times = Times {
    max_staleness: Duration::from_secs(1),
    grace: Duration::from_secs(1),
    recovery: Duration::from_secs(1),
    outage: Duration::from_millis(4_400),
};

/// They run side by side, each with a server of its own, in one test: they mostly wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_befalls_postgresql() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let is_full = std::env::var("DURWARD_TEST_OUTAGES").is_ok_and(|value| value == "full");
    let mut all = JoinSet::new();
    for (number, event) in [Stop, Crash, Freeze, CutOff].into_iter().enumerate() {
        all.spawn(async move {
            // Not all servers are made at the same moment.
            let late = Duration::from_secs(1) * u32::try_from(number).unwrap();
            tokio::time::sleep(late * 3).await;
            // Nor do all outages end just when a breaker tries again.
            go_through(Times { outage: DEFAULT.outage + late, ..DEFAULT }, &[event], 1).await;
        });
    }
    all.spawn(go_through(if is_full { DEFAULT } else { QUICK }, &ROUND, ROUNDS));
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

async fn go_through(times: Times, events: &[Event], rounds: usize) {
    let mut stage = Stage::set(times).await;
    for round in 1..=rounds {
        for event in events {
            stage.go_through(*event, round).await;
        }
    }
    if events == ROUND {
        stage.alerts().await;
    }
    stage.leave().await;
    // To stop the server and the nodes takes its time, which nobody else's watch is to measure.
    tokio::task::spawn_blocking(move || drop(stage)).await.unwrap();
}
