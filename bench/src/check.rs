//! A token check in process, the session in the roster, against the bare primitive over the bytes that are signed: for
//! each algorithm.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_core::access::AccessRules;
use durward_core::budgets::Limits;
use durward_core::chat::Echo;
use durward_core::factors::password::HashSettings;
use durward_core::factors::{Demand, SecondFactorRules};
use durward_core::mail::{Mailing, Templates};
use durward_core::passkeys::PasskeySettings;
use durward_core::place::Nowhere;
use durward_core::recover::RecoveryRules;
use durward_core::risk::RiskRules;
use durward_core::settings_schema::SettingsSchema;
use durward_core::sockets::SocketRules;
use durward_core::{Breakers, Client, Core, KeySettings, LoginOutcome, Parts, Policy, SigningKeys};
use durward_proto::wire::auth::{Login, Register, Transport};
use durward_proto::{Clock, Secret, SystemClock};
use durward_store::{Opened, StoreOptions, Target};
use durward_verify::{Algorithm, BreakerRules, Rules, SystemRandom};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;

use crate::figure::{Aim, Figure};
use crate::load::{PASSWORD, email};
use crate::scratch::Scratch;
use crate::{Effort, Outcome};

/// How many checks, then how many of the bare thing, in turns.
const BATCH: u32 = 1_000;
const SECRET: &str = "nobody else signs with this key, which only measures";
const MASTER: &str = "nobody else seals with this key, which only measures";

/// Measures it for every algorithm.
pub(crate) fn measure(effort: Effort, clock: &Arc<SystemClock>) -> Outcome<Vec<Figure>> {
    [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256]
        .into_iter()
        .map(|algorithm| measure_one(effort, clock, algorithm))
        .collect()
}

/// Measures it with the real roster over a real database.
fn measure_one(effort: Effort, clock: &Arc<SystemClock>, algorithm: Algorithm) -> Outcome<Figure> {
    let scratch = Scratch::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let core = runtime.block_on(core(&scratch, clock, algorithm))?;
    // Memory answers only while revocations are followed; on a thread of its own, which mostly sleeps.
    runtime.spawn(runtime.block_on(core.clone().follow_events())?);
    let token = runtime.block_on(log_in(&core))?;
    if !core.verifier().keys().spells(token.expose()) {
        return Err("the server's own tokens take the long way through the check".into());
    }
    let _inside = runtime.enter();

    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", token.expose()))?);
    // The first check loads the session; from then on memory answers.
    runtime.block_on(core.verifier().rest(&headers)).map_err(|refusal| refusal.detail())?;
    let check = || match core.verifier().rest(black_box(&headers)).now_or_never() {
        Some(Ok(verified)) => drop(black_box(verified)),
        Some(Err(_)) | None => std::process::abort(),
    };

    let allocations = allocation_counter::measure(check).count_total;
    let (signed, signature) = token.expose().rsplit_once('.').ok_or("not a token")?;
    let signature = URL_SAFE_NO_PAD.decode(signature)?;
    let primitive = Primitive::of(algorithm, &core.verifier().keys().jwks())?;
    let bare = || primitive.run(black_box(signed.as_bytes()), black_box(&signature));

    // A signature with a public key takes so long that a tenth of the checks are enough.
    let turns = if algorithm.is_symmetric() { 60 } else { 6 };
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds * 3 {
        let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..turns {
            ours += time(clock, check);
            theirs += time(clock, bare);
        }
        let each = |took: Duration| took.as_nanos() as f64 / f64::from(BATCH * turns);
        rounds.push((each(ours), each(theirs)));
    }
    Ok(Figure {
        what: format!(
            "token check in process, roster hit, {algorithm}, {} bytes, {allocations} allocations",
            token.expose().len()
        ),
        unit: "ns",
        against: primitive.name(),
        rounds,
        aim: Aim::RatioAtMost(1.5),
    })
}

/// The bare thing, on the same bytes with the same key.
enum Primitive {
    Hmac(Box<hmac::Key>),
    Public(&'static str, ParsedPublicKey),
}

impl Primitive {
    fn of(algorithm: Algorithm, jwks: &Value) -> Outcome<Self> {
        let part = |name: &str| -> Outcome<Vec<u8>> {
            let text = jwks.pointer(&format!("/keys/0/{name}")).and_then(Value::as_str).ok_or("no such key")?;
            Ok(URL_SAFE_NO_PAD.decode(text)?)
        };
        let bad = |_| "the key set has a key that is none";
        Ok(match algorithm {
            Algorithm::Hs256 => Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()))),
            Algorithm::EdDsa => Self::Public(
                "bare Ed25519 verification over the signed bytes",
                ParsedPublicKey::new(&ED25519, part("x")?).map_err(bad)?,
            ),
            Algorithm::Es256 => Self::Public(
                "bare ECDSA P-256 verification over the signed bytes",
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [vec![4], part("x")?, part("y")?].concat())
                    .map_err(bad)?,
            ),
            Algorithm::Rs256 => {
                let (n, e) = (part("n")?, part("e")?);
                let key = RsaPublicKeyComponents { n: &n, e: &e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
                let key = key.map_err(|_| "the key set has a key that is none")?;
                Self::Public("bare RSA-3072 verification over the signed bytes", key)
            }
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "bare HMAC-SHA256 over the signed bytes",
            Self::Public(name, _) => name,
        }
    }

    fn run(&self, signed: &[u8], signature: &[u8]) {
        match self {
            Self::Hmac(key) => {
                black_box(hmac::sign(key, signed));
            }
            Self::Public(_, key) => {
                if black_box(key.verify_sig(signed, signature)).is_err() {
                    std::process::abort();
                }
            }
        }
    }
}

fn time(clock: &Arc<SystemClock>, work: impl Fn()) -> Duration {
    let start = clock.monotonic();
    for _ in 0..BATCH {
        work();
    }
    clock.monotonic() - start
}

async fn core(scratch: &Scratch, clock: &Arc<SystemClock>, algorithm: Algorithm) -> Outcome<Arc<Core>> {
    let random = Arc::new(SystemRandom);
    let target = Target::Sqlite { path: scratch.path().join("durward.db") };
    let options = StoreOptions {
        target,
        max_connections: 2,
        acquire_timeout: Duration::from_secs(5),
        audit: crate::seed::audit(),
    };
    let opened = Opened::open(&options, clock.clone(), random.clone()).await?;
    opened.system.migrate().await?;
    let settings =
        KeySettings { secret: Secret::new(SECRET), master: Some(Secret::new(MASTER)), algorithm, is_chosen: true };
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
        master_key: Some(Secret::new(MASTER)),
        tokens_secret: Secret::new(SECRET),
        hashing: HashSettings { memory_kib: 64, iterations: 1, parallelism: 1, max_concurrent: 1 },
        limits: Limits {
            account_failures: 10,
            address_failures: 100,
            window: Duration::from_secs(900),
            pair_failures: 20,
            pair_window: Duration::from_secs(86_400),
            first_delay: Duration::from_secs(1),
        },
        policy: Policy {
            access_ttl: Duration::from_secs(3_600),
            refresh_ttl: Duration::from_secs(7 * 86_400),
            session_absolute: Duration::from_secs(30 * 86_400),
            session_idle: None,
            registration_open: true,
            roles: Arc::default(),
            registration_approve: false,
            password_min_strength: 2,
            second_factor: SecondFactorRules {
                demand: Demand::Nobody,
                methods: Vec::new(),
                issuer: "durward".to_owned(),
                trust_device: None,
            },
            recovery: RecoveryRules {
                verify_email: false,
                reset_page: String::new(),
                verify_page: String::new(),
                confirm_page: String::new(),
                per_address: 5,
                per_client: 100,
            },
            access: AccessRules::default(),
            risk: RiskRules::default(),
            sockets: SocketRules { per_user: 20, per_session: 20, per_address: 20 },
            max_staleness: Duration::from_secs(5),
            staleness_grace: Duration::from_secs(5),
            roster_capacity: 1_000_000,
        },
        passkeys: PasskeySettings {
            rp_id: None,
            rp_name: "durward".to_owned(),
            origin: "http://localhost:8000".to_owned(),
            related_origins: Vec::new(),
        },
        places: Arc::new(Nowhere),
        settings: SettingsSchema::built_in()?,
        answerer: Arc::new(Echo),
        mailing: Mailing { courier: None, templates: Templates::new("durward", "http://localhost:8000", "en", None)? },
        breakers: Breakers::new(BreakerRules::default(), clock.clone()),
        clock: clock.clone(),
        random,
    };
    Core::new(parts).map_err(|fault| format!("{fault:?}").into())
}

async fn log_in(core: &Core) -> Outcome<Secret> {
    let client = Client {
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: None,
        language: None,
        request_id: "bench".to_owned(),
        device: None,
        fingerprint: [0; 32],
    };
    let form = Register { email: email(0), password: Secret::new(PASSWORD), full_name: None };
    core.register(form, &client).await.map_err(|fault| format!("{fault:?}"))?;
    let login =
        Login { email: email(0), password: Secret::new(PASSWORD), transport: Transport::Bearer, device_token: None };
    match core.login(&login, &client).await {
        Ok(LoginOutcome::Opened(opened)) => Ok(opened.access_token),
        other => Err(format!("{other:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_measured_on_its_own_bytes() {
        let clock = SystemClock::new();
        let names = [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256].map(|algorithm| {
            let scratch = Scratch::new().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let core = runtime.block_on(core(&scratch, &clock, algorithm)).unwrap();
            let token = runtime.block_on(log_in(&core)).unwrap();
            assert!(core.verifier().keys().spells(token.expose()), "{algorithm}");
            let (signed, signature) = token.expose().rsplit_once('.').unwrap();
            let primitive = Primitive::of(algorithm, &core.verifier().keys().jwks()).unwrap();
            // It would end the process if the signature did not hold.
            primitive.run(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap());
            primitive.name().split_whitespace().nth(1).unwrap().to_owned()
        });
        assert_eq!(names, ["HMAC-SHA256", "Ed25519", "ECDSA", "RSA-3072"]);
    }
}
