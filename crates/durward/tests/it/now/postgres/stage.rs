//! The server, three nodes, and what must hold when something befalls them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tokio::sync::watch;

use super::Event::{self, *};
use super::people::{Answers, Person, Watched, ask};
use crate::kit::process::run;
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
/// What a busy machine may add.
pub const SLACK: Duration = Duration::from_millis(1_500);

pub struct Stage {
    pub(super) cluster: Cluster,
    proxy: Proxy,
    pub(super) nodes: Vec<Process>,
    pub(super) times: Times,
    /// They stay logged in for all of it. The first is an administrator, the second has cookies.
    pub(super) stay: Vec<Person>,
    number: usize,
    pub(super) origin: String,
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

    pub(super) async fn node(&self, node: usize) -> Process {
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

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Process::address).collect()
    }

    pub(super) async fn somebody(&mut self, with_cookies: bool) -> Person {
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
        let (mut ended, limit) = (Duration::ZERO, max_staleness + grace + SLACK);
        for (node, socket) in gone.sockets.iter_mut().enumerate() {
            let (at, how) = socket.end(limit.saturating_sub(revoked.elapsed())).await.expect("its sockets have closed");
            let (code, reason) = how.expect("and were told why");
            assert!(
                matches!((code, &*reason), (1008, "token_revoked") | (1013, "verification_unavailable")),
                "{reason}"
            );
            let after = at.saturating_duration_since(revoked);
            assert!(
                after <= limit,
                "{event:?} {round}: at node {node} a revoked socket lived for {after:?}, then {reason}"
            );
            ended = ended.max(after);
        }
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
                let all = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
                let each = self.nodes.len().to_string();
                // After an outage they come back a little later than the answers.
                let limit = Duration::from_secs(12);
                within("each node listens", limit, || async { self.cluster.sql(all).await == each }).await;
                self.cluster.sql(&all.replace("COUNT(*)", "COUNT(pg_terminate_backend(pid))")).await;
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

    /// Opens again what was closed.
    pub(super) async fn open_again(&mut self) {
        let addresses = self.addresses();
        for person in &mut self.stay {
            for (socket, node) in person.sockets.iter_mut().zip(&addresses) {
                if !socket.is_open() {
                    *socket = Watched::open(&person.actor, *node).await;
                }
            }
        }
    }

    pub(super) async fn log_out(&self, person: &Person) {
        person.actor.copy().at(self.nodes[0].address()).post_empty("/api/v1/auth/logout").await.is(204);
    }

    /// Everybody leaves, and so every socket that was open closes.
    pub async fn leave(&mut self) {
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
