//! A node that is killed in the middle of revocations.

use std::time::{Duration, Instant};

use super::stage::{BEHIND_PROXY, Stage};
use crate::kit::raw;

/// The node that is killed.
const KILLED: usize = 1;
/// So many revocations it is in the middle of.
const REVOCATIONS: usize = 24;

impl Stage {
    /// A node dies while it revokes: what it has answered for holds everywhere, and no session is half dead.
    pub(super) async fn kill(&mut self, round: usize) {
        let mut people = Vec::new();
        for _ in 0..REVOCATIONS {
            people.push(self.somebody(false).await);
        }
        let at = self.nodes[KILLED].address();
        let logouts: Vec<_> = people
            .iter()
            .map(|person| {
                let token = person.actor.header("authorization").unwrap();
                let request = format!(
                    "POST /api/v1/auth/logout HTTP/1.1\r\nhost: {at}\r\nauthorization: {token}\r\nconnection: close\r\n\
                     content-length: 0\r\n\r\n"
                );
                tokio::spawn(
                    async move { raw::exchange(at, request.as_bytes(), false).await.map(|answer| answer.status) },
                )
            })
            .collect();
        let started = Instant::now();
        while logouts.iter().all(|logout| !logout.is_finished()) {
            assert!(started.elapsed() < Duration::from_secs(5), "none ends");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.nodes[KILLED].kill();
        let killed = Instant::now();
        let mut acknowledged = Vec::new();
        for logout in logouts {
            acknowledged.push(logout.await.is_ok_and(|status| status.is_some_and(|status| status == 204)));
        }
        // The server undoes what was not committed, and the others hear of what was.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let others = [self.nodes[0].address(), self.nodes[BEHIND_PROXY].address()];
        let mut dead = 0;
        for (person, acknowledged) in people.iter_mut().zip(&acknowledged) {
            let mut statuses = Vec::new();
            for node in others {
                statuses.push(person.actor.copy().at(node).get("/api/v1/profile").await.status.as_u16());
            }
            assert!(statuses == [200, 200] || statuses == [401, 401], "{statuses:?}: a session is half dead");
            assert!(!acknowledged || statuses[0] == 401, "a logout that was answered for is undone");
            for node in [0, BEHIND_PROXY] {
                assert_eq!(person.sockets[node].is_open(), statuses[0] == 200);
            }
            dead += usize::from(statuses[0] == 401);
        }
        for person in &self.stay {
            for node in [0, BEHIND_PROXY] {
                assert!(person.sockets[node].is_open());
                person.actor.copy().at(self.nodes[node].address()).get("/api/v1/profile").await.is(200);
            }
        }
        self.nodes[KILLED] = self.node(KILLED).await;
        let took = killed.elapsed();
        self.open_again().await;
        for (person, acknowledged) in people.iter().zip(&acknowledged) {
            let answer = person.actor.copy().at(self.nodes[KILLED].address()).get("/api/v1/profile").await;
            assert!(!acknowledged || answer.status == 401);
        }
        println!(
            "Kill {round}: {dead} of {REVOCATIONS} had ended; another node took over after {:.2} s",
            took.as_secs_f32()
        );
    }
}
