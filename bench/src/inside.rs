//! durward's core in this process, over a database of its own: for what is measured without a server.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use durward_core::access::AccessRules;
use durward_core::budgets::Limits;
use durward_core::chat::Echo;
use durward_core::factors::password::{HashSettings, Hasher, Library};
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
use durward_proto::{Secret, SystemClock};
use durward_store::{Opened, StoreOptions, Target};
use durward_verify::{Algorithm, BreakerRules, Rules, SystemRandom};

use crate::Outcome;
use crate::load::{PASSWORD, email};
use crate::scratch::Scratch;

pub(crate) const SECRET: &str = "nobody else signs with this key, which only measures";
const MASTER: &str = "nobody else seals with this key, which only measures";

/// With tokens of this algorithm. Hashing costs next to nothing.
///
/// # Errors
/// Whatever keeps it from being made.
pub async fn core(scratch: &Scratch, clock: &Arc<SystemClock>, algorithm: Algorithm) -> Outcome<Arc<Core>> {
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
    let library = Library::default();
    let hashing = HashSettings { memory_kib: 64, iterations: 1, parallelism: 1, max_concurrent: 1, library };
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
        hasher: Arc::new(Hasher::start(hashing, random.clone()).map_err(|fault| format!("{fault:?}"))?),
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

/// Registers the first account, logs it in, and gives its access token.
///
/// # Errors
/// Whatever keeps it from that: an account may be there already.
pub async fn log_in(core: &Core) -> Outcome<Secret> {
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
