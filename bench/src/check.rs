//! A token check in process, the session in the roster, against a bare HMAC-SHA256 over the bytes that are signed.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use durward_core::budgets::Limits;
use durward_core::chat::Echo;
use durward_core::factors::password::HashSettings;
use durward_core::settings_schema::SettingsSchema;
use durward_core::sockets::SocketRules;
use durward_core::{Breakers, Client, Core, KeySettings, Parts, Policy, SigningKeys};
use durward_proto::wire::auth::{Register, Transport};
use durward_proto::{Clock, Secret, SystemClock};
use durward_store::{Opened, StoreOptions, Target};
use durward_verify::breaker::BreakerRules;
use durward_verify::{Algorithm, Rules, SystemRandom};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, header};

use crate::figure::{Aim, Figure};
use crate::load::{PASSWORD, email};
use crate::scratch::Scratch;
use crate::{Effort, Outcome};

/// How many checks, then how many HMACs, in turns.
const BATCH: u32 = 1_000;
/// How many turns make a round.
const TURNS: u32 = 60;
const SECRET: &str = "nobody else signs with this key, which only measures";

/// Measures it with the real roster over a real database.
pub(crate) fn measure(effort: Effort, clock: &Arc<SystemClock>) -> Outcome<Figure> {
    let scratch = Scratch::new()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let core = runtime.block_on(core(&scratch, clock))?;
    let token = runtime.block_on(log_in(&core))?;
    let _inside = runtime.enter();

    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", token.expose()))?);
    // The first check loads the session; from then on memory answers.
    runtime.block_on(core.verifier().rest(&headers)).map_err(|refusal| refusal.detail())?;
    let check = || match core.verifier().rest(black_box(&headers)).now_or_never() {
        Some(Ok(verified)) => drop(black_box(verified)),
        Some(Err(_)) | None => std::process::abort(),
    };

    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = token.expose().rsplit_once('.').map(|(signed, _)| signed).ok_or("not a token")?;
    let bare = || {
        black_box(hmac::sign(&key, black_box(signed.as_bytes())));
    };

    let mut rounds = Vec::new();
    for _ in 0..effort.rounds * 3 {
        let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..TURNS {
            ours += time(clock, check);
            theirs += time(clock, bare);
        }
        let each = |took: Duration| took.as_nanos() as f64 / f64::from(BATCH * TURNS);
        rounds.push((each(ours), each(theirs)));
    }
    Ok(Figure {
        what: format!("token check in process, roster hit, HS256, {} bytes", token.expose().len()),
        unit: "ns",
        against: "bare HMAC-SHA256 over the signed bytes",
        rounds,
        aim: Aim::RatioAtMost(1.5),
    })
}

fn time(clock: &Arc<SystemClock>, work: impl Fn()) -> Duration {
    let start = clock.monotonic();
    for _ in 0..BATCH {
        work();
    }
    clock.monotonic() - start
}

async fn core(scratch: &Scratch, clock: &Arc<SystemClock>) -> Outcome<Arc<Core>> {
    let random = Arc::new(SystemRandom);
    let target = Target::Sqlite { path: scratch.path().join("durward.db") };
    let options = StoreOptions { target, max_connections: 2, acquire_timeout: Duration::from_secs(5) };
    let opened = Opened::open(&options, clock.clone(), random.clone()).await?;
    opened.system.migrate().await?;
    let breakers = Breakers::new(BreakerRules::default(), clock.clone());
    let settings =
        KeySettings { secret: Secret::new(SECRET), master: None, algorithm: Algorithm::Hs256, is_chosen: false };
    let signing_keys = SigningKeys::new(opened.gate.clone(), settings, clock.clone(), random.clone())?;
    let parts = Parts {
        store: opened.store,
        gate: opened.gate,
        keys: signing_keys.start().await?,
        signing_keys,
        rules: Rules {
            issuer: "http://localhost:8000".to_owned(),
            audience: "durward".to_owned(),
            access_cookie: "access_token".to_owned(),
        },
        csrf_secret: Secret::new("a key for another purpose, and of enough bytes"),
        hashing: HashSettings { memory_kib: 64, iterations: 1, parallelism: 1, max_concurrent: 1 },
        limits: Limits {
            account_failures: 10,
            address_failures: 100,
            window: Duration::from_secs(900),
            first_delay: Duration::from_secs(1),
        },
        policy: Policy {
            access_ttl: Duration::from_secs(3_600),
            refresh_ttl: Duration::from_secs(7 * 86_400),
            session_absolute: Duration::from_secs(30 * 86_400),
            session_idle: None,
            registration_open: true,
            registration_approve: false,
            password_min_strength: 2,
            sockets: SocketRules { per_user: 20, per_session: 20, per_address: 1_000 },
            max_staleness: Duration::from_secs(5),
            staleness_grace: Duration::from_secs(5),
            roster_capacity: 1_000_000,
        },
        settings: SettingsSchema::built_in()?,
        answerer: Arc::new(Echo),
        breakers,
        clock: clock.clone(),
        random,
    };
    Core::new(parts).map_err(|fault| format!("{fault:?}").into())
}

async fn log_in(core: &Core) -> Outcome<Secret> {
    let client =
        Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), user_agent: None, request_id: "bench".to_owned(), device: None };
    let form = Register { email: email(0), password: Secret::new(PASSWORD), full_name: None };
    core.register(form, &client).await.map_err(|fault| format!("{fault:?}"))?;
    let opened = core.login(&email(0), &Secret::new(PASSWORD), Transport::Bearer, &client).await;
    opened.map(|opened| opened.access_token).map_err(|fault| format!("{fault:?}").into())
}
