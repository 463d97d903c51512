//! What holds while a node is cut off, and that it comes back by itself.

use std::time::{Duration, Instant};

use durward_store::testing::Backend;

use super::{CHAT, id_of, within};
use crate::kit::{Actor, App, Control, Node, Proxy, Socket, Traffic};

const MAX_STALENESS: Duration = Duration::from_millis(1_000);
const GRACE: Duration = Duration::from_millis(1_000);
const RECOVERY: Duration = Duration::from_millis(500);
/// What a busy machine may add.
const SLACK: Duration = Duration::from_millis(700);
const CYCLES: usize = 5;

const QUICK: [(&str, &str); 4] = [
    ("DURWARD_SESSION__MAX_STALENESS", "1s"),
    ("DURWARD_SESSION__STALENESS_GRACE", "1s"),
    ("DURWARD_BREAKER__RECOVERY_TIMEOUT", "500ms"),
    ("DURWARD_BREAKER__CALL_TIMEOUT", "700ms"),
];

/// Two nodes, one of them behind a proxy, and two people with a socket at each.
struct Stage {
    app: App,
    proxy: Proxy,
    node: Node,
}

impl Stage {
    async fn set() -> Self {
        let app = App::with(Backend::Postgres, &QUICK).await;
        let proxy = app.proxy().await;
        let node = app.beside_through(&proxy).await;
        Self { app, proxy, node }
    }

    /// Logs somebody in, with a socket at the node behind the proxy.
    async fn somebody(&self, name: &str) -> (Actor, Socket) {
        let here = self.app.user(name).await;
        let there = here.at(self.node.address);
        there.get("/api/v1/profile/debug").await.is(200);
        let mut socket = there.socket(CHAT).await;
        socket.expect("ready").await;
        (there, socket)
    }

    /// An outage of the node behind the proxy, in which somebody is revoked at the other one.
    async fn outage(&self, cycle: usize, traffic: Traffic) {
        let (ann, mut ann_socket) = self.somebody(&format!("ann{cycle}")).await;
        let (bob, mut bob_socket) = self.somebody(&format!("bob{cycle}")).await;
        self.proxy.set(traffic);
        let cut = Instant::now();
        let bob_id = id_of(&self.app, &format!("bob{cycle}")).await;
        assert_eq!(self.app.operator.revoke_sessions(bob_id).await.unwrap(), 1);
        let revoked = Instant::now();

        let closed = tokio::spawn(async move {
            let bob = bob_socket.closed().await;
            let bob_after = revoked.elapsed();
            (bob, bob_after, ann_socket.closed().await)
        });
        let (mut let_in_until, mut unavailable) = (Duration::ZERO, 0);
        while cut.elapsed() < MAX_STALENESS + GRACE + Duration::from_millis(500) {
            let asked = revoked.elapsed();
            let (of_ann, of_bob) = tokio::join!(ann.get("/api/v1/profile/debug"), bob.get("/api/v1/profile/debug"));
            if of_bob.status == 200 {
                let_in_until = asked;
            }
            for answer in [of_ann, of_bob] {
                if answer.status != 200 {
                    unavailable += 1;
                    let answer = answer.refused(503, "verification_unavailable");
                    assert_eq!(answer.set_cookies(), Vec::<&str>::new(), "no cookie is cleared");
                    assert_eq!(answer.header("retry-after"), Some("1"));
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(let_in_until <= MAX_STALENESS, "a revoked token was good for {let_in_until:?}");
        assert!(unavailable > 0, "the outage was none");
        let (bob_end, bob_after, ann_end) = closed.await.unwrap();
        assert!(bob_after <= MAX_STALENESS + GRACE + SLACK, "a revoked socket lived for {bob_after:?}");
        assert_eq!(bob_end, (1013, "verification_unavailable".to_owned()));
        assert_eq!(ann_end, bob_end);
        let mut during = ann.socket(CHAT).await;
        assert_eq!(during.closed().await, (1013, "verification_unavailable".to_owned()));

        self.proxy.set(Traffic::Flows);
        let back = within("the live are let in again", RECOVERY + Duration::from_secs(2), || async {
            ann.get("/api/v1/profile/debug").await.status == 200
        })
        .await;
        // Who is in memory is known before the breaker lets anybody ask for the others.
        within("the others are known", RECOVERY + Duration::from_secs(2), || async {
            bob.get("/api/v1/profile/debug").await.status != 503
        })
        .await;
        bob.get("/api/v1/profile/debug").await.refused(401, "token_revoked");
        ann.socket(CHAT).await.expect("ready").await;
        within("all is known", RECOVERY + Duration::from_secs(2), || async { self.node.core.bus().is_fresh() }).await;
        println!(
            "{traffic:?} {cycle}: revoked token good for {let_in_until:?}, socket for {bob_after:?}, back after {back:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off() {
    let stage = Stage::set().await;
    for cycle in 0..CYCLES {
        stage.outage(cycle, Traffic::Cut).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_database_does_not_answer() {
    let stage = Stage::set().await;
    for cycle in 0..CYCLES {
        stage.outage(cycle, Traffic::Frozen).await;
    }
}

/// The database lets nobody in: nobody can be revoked, nobody is logged out, and all come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_lets_nobody_in() {
    let stage = Stage::set().await;
    let Stage { app, node, .. } = &stage;
    let durward_store::Target::Postgres(target) = &app.database.options.target else { panic!("it is PostgreSQL") };
    let name = &target.database;
    let elsewhere = durward_store::testing::fresh(Backend::Postgres).await;
    for cycle in 0..CYCLES {
        let ann = app.user(&format!("ann{cycle}")).await;
        let there = ann.copy().at(node.address);
        there.get("/api/v1/profile/debug").await.is(200);
        elsewhere
            .sql(&format!(
                "ALTER DATABASE {name} ALLOW_CONNECTIONS false; \
                 SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ))
            .await;
        let cut = Instant::now();
        let mut unavailable = 0;
        while cut.elapsed() < MAX_STALENESS + GRACE {
            for actor in [&ann, &there] {
                let answer = actor.get("/api/v1/profile/debug").await;
                if answer.status != 200 {
                    unavailable += 1;
                    answer.refused(503, "verification_unavailable");
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(unavailable > 0, "the outage was none");
        elsewhere.sql(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
        for actor in [&ann, &there] {
            within("the live are let in again", RECOVERY + Duration::from_secs(2), || async {
                actor.get("/api/v1/profile/debug").await.status == 200
            })
            .await;
        }
        ann.post_empty("/api/v1/auth/logout").await.is(204);
        within("the logout is known everywhere", Duration::from_secs(1), || async {
            there.get("/api/v1/profile/debug").await.status == 401
        })
        .await;
    }
}

/// Without its bell a node still hears of everything within a second, loses nobody, and hangs up another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bell_that_is_cut_down() {
    let stage = Stage::set().await;
    let Stage { app, node, .. } = &stage;
    let listeners = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    for cycle in 0..CYCLES {
        let (ann, mut ann_socket) = stage.somebody(&format!("ann{cycle}")).await;
        let (bob, mut bob_socket) = stage.somebody(&format!("bob{cycle}")).await;
        within("both nodes listen", Duration::from_secs(5), || async { app.database.count(listeners).await == 2 })
            .await;
        let cut = listeners.replace("COUNT(*)", "pg_terminate_backend(pid)");
        app.database.sql(&cut).await;
        let user = id_of(app, &format!("bob{cycle}")).await;
        app.operator.revoke_sessions(user).await.unwrap();
        let control = Control::of(app.address);
        let revoked = Instant::now();
        assert_eq!(bob_socket.closed().await, (1008, "token_revoked".to_owned()));
        let took = revoked.elapsed();
        assert!(took < control.allows(Duration::from_secs(1)), "{took:?}");
        bob.get("/api/v1/profile/debug").await.refused(401, "token_revoked");
        ann.get("/api/v1/profile/debug").await.is(200);
        ann_socket.send(serde_json::json!({ "type": "ping" })).await;
        ann_socket.expect("pong").await;
        assert!(node.core.bus().is_fresh());
        println!("bell {cycle}: closed {took:?} after the revocation");
    }
}
