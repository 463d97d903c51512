//! What runs in process for a request or a login, hash and database apart: `cargo bench -p durward-bench`.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use durward_bench::Outcome;
use durward_bench::inside::{core, log_in};
use durward_bench::scratch::Scratch;
use durward_core::place::Place;
use durward_core::risk::{Facts, Habits, KnownDevice, Login, RiskRules, judge, network_key};
use durward_core::{Core, Csrf};
use durward_proto::wire::auth::StatusAnswer;
use durward_proto::{Clock, Secret, SessionId, SystemClock};
use durward_verify::{Algorithm, SystemRandom, Verified};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, header};
use tokio::runtime::Runtime;

fn main() -> Outcome<()> {
    let mut criterion = Criterion::default().configure_from_args();
    for algorithm in [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let node = Node::start(algorithm)?;
        criterion
            .bench_function(&format!("token check, roster hit, {algorithm}"), |bencher| bencher.iter(|| node.hit()));
        if algorithm.is_symmetric() {
            criterion.bench_function(&format!("token check, roster miss on SQLite, {algorithm}"), |bencher| {
                bencher.iter(|| node.miss());
            });
            let me = node.runtime.block_on(node.core.verifier().rest(&node.headers)).map_err(|fault| fault.detail())?;
            status(&mut criterion, &me);
        }
    }
    csrf(&mut criterion);
    risk(&mut criterion);
    criterion.final_summary();
    Ok(())
}

/// A node with one session, and a request in it.
struct Node {
    core: Arc<Core>,
    headers: HeaderMap,
    session: SessionId,
    runtime: Runtime,
    _scratch: Scratch,
}

impl Node {
    fn start(algorithm: Algorithm) -> Outcome<Self> {
        let (scratch, clock) = (Scratch::new()?, SystemClock::new());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let core = runtime.block_on(core(&scratch, &clock, algorithm))?;
        // Memory answers only while revocations are followed.
        runtime.spawn(runtime.block_on(core.clone().follow_events())?);
        let token = runtime.block_on(log_in(&core))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", token.expose()))?);
        let me = runtime.block_on(core.verifier().rest(&headers)).map_err(|refusal| refusal.detail())?;
        Ok(Self { session: me.session_id(), core, headers, runtime, _scratch: scratch })
    }

    /// Memory answers at once.
    fn hit(&self) -> Verified {
        match self.core.verifier().rest(black_box(&self.headers)).now_or_never() {
            Some(Ok(verified)) => verified,
            Some(Err(_)) | None => std::process::abort(),
        }
    }

    /// The database is asked: as after a restart.
    fn miss(&self) -> Verified {
        self.core.verifier().liveness().forget(self.session);
        match self.runtime.block_on(self.core.verifier().rest(black_box(&self.headers))) {
            Ok(verified) => verified,
            Err(_) => std::process::abort(),
        }
    }
}

/// As `crates/http` makes the answer to `GET /api/v1/auth/status`.
fn status(criterion: &mut Criterion, me: &Verified) {
    criterion.bench_function("status answer, made and written as JSON", |bencher| {
        bencher.iter(|| {
            let me = black_box(me);
            serde_json::to_vec(&StatusAnswer {
                authenticated: true,
                user: Some(me.user().clone()),
                session_id: Some(me.session_id()),
                expires_at: Some(me.expires_at()),
                auth_methods: Some(me.amr().to_vec()),
                scopes: Some(me.scopes().to_vec()),
            })
        });
    });
}

fn csrf(criterion: &mut Criterion) {
    let (clock, random) = (SystemClock::new(), SystemRandom);
    let csrf = Csrf::new(&Secret::new("a key for another purpose, and of enough bytes"));
    let binding = SessionId::new(clock.now(), &random).to_string();
    let token = csrf.issue(&binding, clock.now(), &random);
    criterion.bench_function("CSRF token, checked", |bencher| {
        bencher.iter(|| match csrf.check(black_box(&token), &binding, clock.now()) {
            Ok(age) => age,
            Err(_) => std::process::abort(),
        });
    });
    criterion.bench_function("CSRF token, made", |bencher| {
        bencher.iter(|| csrf.issue(black_box(&binding), clock.now(), &random));
    });
}

/// A user who travels, and a login from one of their places and from nowhere near them.
fn risk(criterion: &mut Criterion) {
    let (now, rules) = (SystemClock::new().now(), RiskRules::default());
    let place = |number: u32| Place {
        country: Some(if number.is_multiple_of(5) { "NO" } else { "DE" }.to_owned()),
        city: None,
        latitude: Some(50.0 + f64::from(number % 12)),
        longitude: Some(5.0 + f64::from(number % 7)),
        network: Some(64_496 + number % 16),
    };
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let mut habits = Habits::default();
    for number in 0..200 {
        let place = place(number);
        let network = network_key(address, Some(&place));
        let at = now.minus(Duration::from_secs(12 * 3_600 * u64::from(200 - number)));
        habits.learn(&Login { at, place: Some(&place), network: &network, is_new_device: number == 0 });
    }
    let elsewhere = Place { country: Some("NZ".to_owned()), latitude: Some(-41.0), longitude: Some(175.0), ..place(3) };
    let own = KnownDevice { logins: 200, successes: 40.0, failures: 1.0, is_changed: false, is_proven: true };
    for (what, place, device) in [("as ever", place(3), Some(own)), ("from elsewhere", elsewhere, None)] {
        let facts = Facts {
            now,
            place: Some(&place),
            network: network_key(address, Some(&place)),
            device,
            account_failures: 1.0,
            address_failures: 2,
            surge: 1.0,
            is_listed: false,
            is_guessable: true,
        };
        criterion.bench_function(&format!("risk score of a login {what}"), |bencher| {
            bencher.iter(|| judge(black_box(&facts), black_box(&habits), &rules));
        });
    }
}
