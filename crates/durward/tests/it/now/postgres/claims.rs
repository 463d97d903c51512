//! What is claimed to hold while something befalls the server, and after it.

use std::time::{Duration, Instant};

use super::Event::{self, Restart};
use super::people::Person;
use super::stage::{SLACK, Stage};
use crate::kit::{Actor, Metrics};
use crate::now::within;

/// So much older than an outage may be what a node knew when it began.
const POLL: Duration = Duration::from_millis(800);

impl Stage {
    /// How long it takes until every node knows that nobody is there. Their own reading for revocations is traffic enough.
    pub(super) async fn breakers_open(&self, began: Instant) -> Duration {
        for node in self.addresses() {
            let admin = self.stay[0].actor.copy().at(node);
            within("the breaker is open", Duration::from_secs(2), || async {
                // Once memory is too old, nobody is told.
                let answer = admin.get("/api/v1/admin/breakers").await;
                answer.status == 503 || answer.json()[0]["state"] == "open"
            })
            .await;
        }
        began.elapsed()
    }

    /// What the first node tells its operators while nobody is there.
    pub(super) async fn metrics_in_an_outage(&self, began: Instant) {
        let metrics = self.metrics().await;
        assert!(metrics.get("durward_breaker_state", &[("name", "database")]) > 0.0);
        assert!(metrics.get("durward_breaker_transitions_total", &[("name", "database"), ("to", "open")]) >= 1.0);
        assert!(self.nodes[0].stderr().contains("a breaker has opened"), "the log says so, too");
        let lag = metrics.get("durward_revocation_lag_seconds", &[]);
        let late = (began.elapsed().as_secs_f64() - lag).abs();
        assert!(late < SLACK.as_secs_f64(), "it lags behind by {lag} s after {:?}", began.elapsed());
        if self.times.outage > self.times.max_staleness + self.times.grace {
            assert_eq!(metrics.get("durward_websockets_open", &[]), 0.0);
        }
    }

    pub(super) async fn metrics(&self) -> Metrics {
        Metrics::of(&Actor::new(self.nodes[0].address(), &self.origin)).await
    }

    /// What a node tells its operators once it has gone through everything.
    pub(super) async fn alerts(&self) {
        let metrics = self.metrics().await;
        metrics.have_what_the_alerts_ask_for("durward");
        assert_eq!(metrics.get("durward_breaker_state", &[("name", "database")]), 0.0);
        assert!(metrics.get("durward_breaker_transitions_total", &[("name", "database"), ("to", "closed")]) >= 1.0);
        assert!(metrics.get("durward_revocation_lag_seconds", &[]) < 1.0);
        assert!(metrics.get("durward_websockets_open", &[]) >= 3.0, "one of each who stays");
    }

    /// The sockets of those who stay: closed with 1013 where the outage was long enough, and not before; open otherwise.
    /// Says how many were closed.
    pub(super) async fn sockets_that_stay(&mut self, event: Event, [before, began, back]: [Instant; 3]) -> usize {
        let patience = self.times.max_staleness + self.times.grace;
        let mut closed = 0;
        for person in &mut self.stay {
            for (node, socket) in person.sockets.iter_mut().enumerate() {
                let is_long = event.befalls(node) && self.times.outage >= patience;
                // A restart may take long on a busy machine.
                let may_close = is_long || (event == Restart && back - before + POLL >= patience);
                if socket.is_open() {
                    assert!(!is_long, "{event:?}: a socket at node {node} is still open");
                    continue;
                }
                assert!(may_close, "{event:?}: a socket at node {node} was closed for nothing");
                let (at, how) = socket.end(Duration::ZERO).await.expect("it has ended");
                assert_eq!(how, Some((1013, "verification_unavailable".to_owned())));
                let (since_before, since) = (at - before, at.saturating_duration_since(began));
                assert!(since_before + POLL >= patience, "{event:?}: closed after {since_before:?}, too early");
                assert!(since <= patience + SLACK, "{event:?}: closed after {since:?}, too late");
                closed += 1;
            }
        }
        self.open_again().await;
        closed
    }

    /// Nobody is lost who was logged in; who has ended stays so; and an end is an end everywhere within a second.
    pub(super) async fn after(&mut self, gone: &Person) {
        let addresses = self.addresses();
        for node in &addresses {
            gone.actor.copy().at(*node).get("/api/v1/profile").await.refused(401, "token_revoked");
        }
        gone.cannot_refresh(addresses[0]).await;
        for (number, person) in self.stay.iter_mut().enumerate() {
            person.refresh(addresses[number % addresses.len()]).await;
            for node in &addresses {
                person.actor.copy().at(*node).get("/api/v1/profile").await.is(200);
            }
        }
        let mut last = self.somebody(false).await;
        self.log_out(&last).await;
        for socket in &mut last.sockets {
            let (_, how) = socket.end(SLACK).await.expect("within a second, or little more where nobody has time");
            assert_eq!(how, Some((1008, "token_revoked".to_owned())));
        }
    }
}
