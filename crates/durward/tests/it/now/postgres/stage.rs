//! The server, three nodes, and what must hold when something befalls them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tokio::sync::watch;

use super::Event::{self, *};
use super::metrics::Metrics;
use super::people::{Answers, Person, Watched, ask};
use crate::kit::process::run;
use crate::kit::raw;
use crate::kit::{Actor, Cluster, PASSWORD, Process, Proxy, SECRET, Traffic, email};
use crate::now::within;

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    pub max_staleness: Duration,
    pub grace: Duration,
    pub recovery: Duration,
    /// How long an outage goes on.
    pub outage: Duration,
}

/// The node that reaches the server through the proxy; the last.
pub const BEHIND_PROXY: usize = 2;
/// The node that is killed.
const KILLED: usize = 1;
/// What a busy machine may add.
const SLACK: Duration = Duration::from_millis(1_500);
/// So much older than an outage may be what a node knew when it began.
const POLL: Duration = Duration::from_millis(800);
/// So many revocations a killed node is in the middle of.
const REVOCATIONS: usize = 24;

pub struct Stage {
    cluster: Cluster,
    proxy: Proxy,
    nodes: Vec<Process>,
    times: Times,
    /// They stay logged in for all of it. The first is an administrator, the second has cookies.
    stay: Vec<Person>,
    number: usize,
    origin: String,
}

impl Stage {
    pub async fn set(times: Times) -> Self {
        let cluster = Cluster::start().await;
        let proxy = Proxy::to(("127.0.0.1".to_owned(), cluster.port)).await;
        let origin = "http://localhost:8000".to_owned();
        let mut stage = Self { cluster, proxy, nodes: Vec::new(), times, stay: Vec::new(), number: 0, origin };
        stage.command(&["migrate"]).await;
        for node in 0..=BEHIND_PROXY {
            stage.nodes.push(stage.node(node).await);
        }
        for number in 0..3 {
            let person = stage.somebody(number == 1).await;
            stage.stay.push(person);
        }
        // A role change ends the sockets: they are opened again.
        stage.command(&["user", "set-role", &email(&stage.stay[0].name), "admin"]).await;
        for socket in &mut stage.stay[0].sockets {
            assert!(socket.end(Duration::from_secs(5)).await.is_some(), "a role change ends sockets");
        }
        stage.open_again().await;
        stage
    }

    fn url(&self, node: usize) -> String {
        let port = if node == BEHIND_PROXY { self.proxy.address.port() } else { self.cluster.port };
        self.cluster.url("127.0.0.1", port)
    }

    fn settings(&self, node: usize) -> Vec<(&'static str, String)> {
        let Times { max_staleness, grace, recovery, .. } = self.times;
        let call_timeout = recovery.min(Duration::from_secs(5));
        let text = |duration: Duration| format!("{}ms", duration.as_millis());
        vec![
            ("ENVIRONMENT", "test".to_owned()),
            ("JWT_SECRET_KEY", SECRET.to_owned()),
            ("DATABASE_URL", self.url(node)),
            ("DURWARD_SERVER__PUBLIC_URL", self.origin.clone()),
            ("DURWARD_PASSWORD__MEMORY_KIB", "64".to_owned()),
            ("DURWARD_PASSWORD__ITERATIONS", "1".to_owned()),
            ("DURWARD_SESSION__MAX_STALENESS", text(max_staleness)),
            ("DURWARD_SESSION__STALENESS_GRACE", text(grace)),
            ("DURWARD_BREAKER__RECOVERY_TIMEOUT", text(recovery)),
            ("DURWARD_BREAKER__CALL_TIMEOUT", text(call_timeout)),
        ]
    }

    async fn node(&self, node: usize) -> Process {
        let settings = self.settings(node);
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Process::start(&["serve"], &settings).await
    }

    /// Runs a command of the program on the same database.
    async fn command(&self, args: &[&str]) {
        let settings = self.settings(0);
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let directory = tempfile::tempdir().unwrap();
        run(directory.path(), args, &settings, "").await.code(0);
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Process::address).collect()
    }

    async fn somebody(&mut self, with_cookies: bool) -> Person {
        self.number += 1;
        let visitor = Actor::new(self.nodes[0].address(), &self.origin);
        Person::join(format!("user{}", self.number), &self.addresses(), visitor, with_cookies).await
    }

    /// One thing that happens, from before its beginning to after its end.
    pub async fn go_through(&mut self, event: Event, round: usize) {
        let began = Instant::now();
        if event == Kill {
            self.kill(round).await;
        } else {
            self.befall(event, round).await;
        }
        for node in &self.nodes {
            assert!(!node.stderr().contains("panicked"), "{}", node.stderr());
        }
        println!("{event:?} {round}: all of it took {:.1} s", began.elapsed().as_secs_f32());
    }

    async fn befall(&mut self, event: Event, round: usize) {
        let mut gone = self.somebody(false).await;
        let (stop, stopped) = watch::channel(false);
        let asking = |person: &Person| -> Vec<_> {
            self.addresses().into_iter().map(|node| ask(&person.actor, node, stopped.clone())).collect()
        };
        let asked_by_gone = asking(&gone);
        let asked_by_stay: Vec<_> = self.stay.iter().flat_map(asking).collect();

        // What is committed just before the others cannot hear of it any more; or while one cannot.
        let hears_nothing = matches!(event, CutOff | Bells);
        let mut revoked = None;
        if !hears_nothing {
            self.log_out(&gone).await;
            revoked = Some(Instant::now());
        }
        let before = Instant::now();
        self.begin(event).await;
        let began = Instant::now();
        if hears_nothing {
            self.log_out(&gone).await;
            revoked = Some(Instant::now());
        }
        let revoked = revoked.unwrap();
        let opened_after = if matches!(event, Stop | Crash) { Some(self.breakers_open(began).await) } else { None };
        if event.is_outage() {
            tokio::time::sleep(self.times.outage.saturating_sub(began.elapsed())).await;
        }
        if matches!(event, Stop | Crash) {
            self.metrics_in_an_outage(began).await;
        }
        self.finish(event).await;
        let back = Instant::now();
        let known = self.come_back(back).await;
        stop.send_replace(true);

        let Times { max_staleness, grace, recovery, .. } = self.times;
        assert!(known.everything <= recovery + Duration::from_secs(2), "{event:?} {round}: {known:?}");
        let (mut let_in, mut longest, mut unavailable) = (Duration::ZERO, Duration::ZERO, 0);
        for (node, asked) in asked_by_gone.into_iter().enumerate() {
            let answers = asked.await.unwrap();
            let until = answers.let_in.map_or(Duration::ZERO, |asked| asked.saturating_duration_since(revoked));
            assert!(until <= max_staleness, "{event:?} {round}: at node {node} a revoked token was good for {until:?}");
            let_in = let_in.max(until);
        }
        for (number, asked) in asked_by_stay.into_iter().enumerate() {
            let answers: Answers = asked.await.unwrap();
            let node = number % self.nodes.len();
            assert_eq!(answers.revoked, 0, "{event:?} {round}: somebody was logged out at node {node}");
            if event.befalls(node) && self.times.outage > max_staleness * 2 {
                assert!(answers.unavailable > 0, "{event:?} {round}: the outage was none: {answers:?}");
            } else if event == Bells {
                assert_eq!(answers.unavailable, 0, "a bell is no outage: {answers:?}");
            }
            (longest, unavailable) = (longest.max(answers.longest), unavailable + answers.unavailable);
        }
        let mut ended = Duration::ZERO;
        for socket in &mut gone.sockets {
            let left = (max_staleness + grace + SLACK).saturating_sub(revoked.elapsed());
            let (at, how) = socket.end(left.max(Duration::from_millis(50))).await.expect("its sockets have closed");
            let (code, reason) = how.expect("and were told why");
            assert!(
                matches!((code, &*reason), (1008, "token_revoked") | (1013, "verification_unavailable")),
                "{reason}"
            );
            ended = ended.max(at.saturating_duration_since(revoked));
        }
        assert!(ended <= max_staleness + grace + SLACK, "{event:?} {round}: a revoked socket lived for {ended:?}");
        let closed = self.sockets_that_stay(event, [before, began, back]).await;
        self.after(&gone).await;
        let seconds = |duration: Duration| format!("{:.2} s", duration.as_secs_f32());
        println!(
            "{event:?} {round}: {}revoked token good for {}, its sockets for {}; others' sockets closed: {closed}; 503: {unavailable}, \
             longest answer {}; back: known sessions after {}, all after {}",
            opened_after.map(|after| format!("breakers open after {}; ", seconds(after))).unwrap_or_default(),
            seconds(let_in),
            seconds(ended),
            seconds(longest),
            seconds(known.sessions),
            seconds(known.everything),
        );
    }

    async fn begin(&self, event: Event) {
        match event {
            Stop => self.cluster.down("fast").await,
            Crash => self.cluster.down("immediate").await,
            Freeze => self.cluster.signal(Signal::STOP),
            Restart => self.cluster.down("fast").await,
            CutOff => self.proxy.set(Traffic::Cut),
            Bells => {
                let cut = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
                assert_eq!(self.cluster.sql(cut).await, self.nodes.len().to_string(), "each node listens");
            }
            Kill => unreachable!("it has a way of its own"),
        }
    }

    async fn finish(&self, event: Event) {
        match event {
            Stop | Crash | Restart => self.cluster.up().await,
            Freeze => self.cluster.signal(Signal::CONT),
            CutOff => self.proxy.set(Traffic::Flows),
            Bells | Kill => {}
        }
    }

    /// How long it takes until every node knows that nobody is there. Their own reading for revocations is traffic enough.
    async fn breakers_open(&self, began: Instant) -> Duration {
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
    async fn metrics_in_an_outage(&self, began: Instant) {
        let metrics = self.metrics().await;
        assert!(metrics.get("durward_breaker_state", &[("name", "database")]) > 0.0);
        assert!(metrics.get("durward_breaker_transitions_total", &[("name", "database"), ("to", "open")]) >= 1.0);
        let lag = metrics.get("durward_revocation_lag_seconds", &[]);
        let late = (began.elapsed().as_secs_f64() - lag).abs();
        assert!(late < SLACK.as_secs_f64(), "it lags behind by {lag} s after {:?}", began.elapsed());
        if self.times.outage > self.times.max_staleness + self.times.grace {
            assert_eq!(metrics.get("durward_websockets_open", &[]), 0.0);
        }
    }

    async fn metrics(&self) -> Metrics {
        Metrics::of(&Actor::new(self.nodes[0].address(), &self.origin)).await
    }

    /// What a node tells its operators once it has gone through everything.
    pub async fn alerts(&self) {
        let metrics = self.metrics().await;
        metrics.have_what_the_alerts_ask_for();
        assert_eq!(metrics.get("durward_breaker_state", &[("name", "database")]), 0.0);
        assert!(metrics.get("durward_breaker_transitions_total", &[("name", "database"), ("to", "closed")]) >= 1.0);
        assert!(metrics.get("durward_revocation_lag_seconds", &[]) < 1.0);
        assert!(metrics.get("durward_websockets_open", &[]) >= 3.0, "one of each who stays");
    }

    /// Waits until everything is as it was, and says how long it took.
    async fn come_back(&mut self, back: Instant) -> Back {
        let limit = self.times.recovery + Duration::from_secs(4);
        for person in &self.stay {
            for node in self.addresses() {
                let there = person.actor.copy().at(node);
                within("who was logged in is let in", limit, || async {
                    there.get("/api/v1/profile/debug").await.status == 200
                        && there.get("/api/v1/profile").await.status == 200
                })
                .await;
            }
        }
        let sessions = back.elapsed();
        // A session that no node has seen: whether it is alive only the database says.
        let body = json!({ "email": email(&self.stay[0].name), "password": PASSWORD, "transport": "bearer" });
        let visitor = Actor::new(self.nodes[0].address(), &self.origin).without_origin();
        let answer = visitor.post("/api/v1/auth/login", body).await.is(200).json();
        let newcomer = visitor.with_bearer(answer["access_token"].as_str().unwrap());
        for node in self.addresses() {
            let there = newcomer.copy().at(node);
            within("a new session is let in", limit, || async { there.get("/api/v1/profile").await.status == 200 })
                .await;
        }
        let everything = back.elapsed();
        for node in self.addresses() {
            let there = newcomer.copy().at(node);
            within("it is ready", limit, || async { there.get("/health/ready").await.status == 200 }).await;
        }
        newcomer.post_empty("/api/v1/auth/logout").await.is(204);
        Back { sessions, everything }
    }

    /// The sockets of those who stay: closed with 1013 where the outage was long enough, and not before; open otherwise.
    /// Says how many were closed.
    async fn sockets_that_stay(&mut self, event: Event, [before, began, back]: [Instant; 3]) -> usize {
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

    /// Opens again what was closed.
    async fn open_again(&mut self) {
        let addresses = self.addresses();
        for person in &mut self.stay {
            for (socket, node) in person.sockets.iter_mut().zip(&addresses) {
                if !socket.is_open() {
                    *socket = Watched::open(&person.actor, *node).await;
                }
            }
        }
    }

    /// Nobody is lost who was logged in; who has ended stays so; and an end is an end everywhere within a second.
    async fn after(&mut self, gone: &Person) {
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

    async fn log_out(&self, person: &Person) {
        person.actor.copy().at(self.nodes[0].address()).post_empty("/api/v1/auth/logout").await.is(204);
    }

    /// A node dies while it revokes: what it has answered for holds everywhere, and no session is half dead.
    async fn kill(&mut self, round: usize) {
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

    /// Everybody leaves, and so every socket that was open closes.
    pub async fn leave(mut self) {
        let people = std::mem::take(&mut self.stay);
        for mut person in people {
            self.log_out(&person).await;
            for socket in &mut person.sockets {
                let (_, how) = socket.end(SLACK).await.expect("within a second, or little more where nobody has time");
                assert_eq!(how, Some((1008, "token_revoked".to_owned())));
            }
        }
    }
}

/// How long after the end of an outage something was as before.
#[derive(Debug)]
struct Back {
    /// Who was known to the nodes.
    sessions: Duration,
    /// Everybody.
    everything: Duration,
}
