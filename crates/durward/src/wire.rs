//! Wiring: from the configuration to the parts of the program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use durward_core::access::AccessRules;
use durward_core::budgets::Limits;
use durward_core::factors::password::{HashSettings, Hasher, Library};
use durward_core::factors::{Demand, SecondFactorRules};
use durward_core::risk::{RiskRules, Thresholds, Weights};
use durward_core::sockets::SocketRules;
use durward_core::{
    Breakers, Core, Csrf, KeyFault, KeySettings, Parts, PasskeySettings, Policy, RecoveryRules, RetentionRules, Roles,
    SigningKeys,
};
use durward_http::{App, CookieKind, CookieRules, Features, HttpRules, Origin, PageRules, Pages, Server, Traces};
use durward_proto::wire::factor::Method;
use durward_proto::{Clock, Random};
use durward_store::{AuditKeys, AuditOptions, Opened, StoreOptions};
use durward_verify::{Algorithm, BreakerRules, KeyRing, Rules};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::answering;
use crate::checks::Subject;
use crate::checks::golden_path::Walk;
use crate::config::{
    self, Answering, Argon2Library, Config, Environment, FactorMethod, Loaded, SecondFactorPolicy, Source,
    UnknownCountry,
};
use crate::mailing;
use crate::operations::Program;
use crate::places;
use crate::telemetry::Contexts;

/// How many sessions the roster keeps in memory.
const ROSTER: usize = 1_000_000;

/// How the database is reached.
pub(crate) fn store_options(config: &Config) -> StoreOptions {
    StoreOptions {
        target: config.database.url.target(),
        max_connections: config.database.max_connections,
        acquire_timeout: config.breaker.call_timeout,
        audit: audit_options(config),
    }
}

/// How the audit trail is written.
fn audit_options(config: &Config) -> AuditOptions {
    let keys = config.tokens.secret.as_ref().and_then(|tokens| {
        // Any text makes keys.
        AuditKeys::new(config.keys.master_key.as_ref(), tokens).ok()
    });
    AuditOptions { keys, node: config.node.name.as_str().into() }
}

/// The signing keys, of the configuration and of the database.
///
/// # Errors
/// When the secret is missing, or it or the master key is too short.
pub fn signing_keys(
    loaded: &Loaded,
    opened: &Opened,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<SigningKeys, KeyFault> {
    let config = &loaded.config;
    let settings = KeySettings {
        secret: config.tokens.secret.clone().ok_or(KeyFault::NoSecret)?,
        master: config.keys.master_key.clone(),
        algorithm: match config.tokens.algorithm {
            config::Algorithm::Hs256 => Algorithm::Hs256,
            config::Algorithm::EdDsa => Algorithm::EdDsa,
            config::Algorithm::Es256 => Algorithm::Es256,
            config::Algorithm::Rs256 => Algorithm::Rs256,
        },
        is_chosen: *loaded.source("tokens.algorithm") != Source::Default,
    };
    SigningKeys::new(opened.gate.clone(), settings, clock, random)
}

/// The services. `keys` are what [`SigningKeys::start`] gave.
///
/// # Errors
/// As [`parts`]; and when a secret cannot be used, or the hashing threads cannot be started.
pub fn core(
    config: &Config,
    opened: &Opened,
    keys: (SigningKeys, KeyRing),
    hasher: Arc<Hasher>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Arc<Core>, String> {
    let core = Core::new(parts(config, opened, keys, hasher, clock, random)?);
    core.map_err(|fault| fault.cause().unwrap_or("the services cannot be started").to_owned())
}

/// What the services are made of.
///
/// # Errors
/// When a secret is missing, or the settings' schema, the mails' templates or an authority cannot be read.
pub fn parts(
    config: &Config,
    opened: &Opened,
    (signing_keys, keys): (SigningKeys, KeyRing),
    hasher: Arc<Hasher>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Parts, String> {
    let secret = config.tokens.secret.as_ref().ok_or("tokens.secret is missing")?;
    let csrf_secret = config.csrf.secret.clone().unwrap_or_else(|| Csrf::derived_secret(secret));
    let breakers = Breakers::new(breaker_rules(config), clock.clone());
    Ok(Parts {
        store: opened.store.clone(),
        gate: opened.gate.clone(),
        keys,
        signing_keys,
        rules: Rules {
            issuer: config.tokens.issuer.clone(),
            audience: config.tokens.audience.clone(),
            access_cookie: cookie_rules(config).name(CookieKind::Access).to_owned(),
        },
        csrf_secret,
        master_key: config.keys.master_key.clone(),
        tokens_secret: secret.clone(),
        hasher,
        limits: Limits {
            account_failures: config.limits.account_failures,
            address_failures: config.limits.address_failures,
            window: config.limits.window,
            pair_failures: config.limits.pair_failures,
            pair_window: config.limits.pair_window,
            first_delay: config.limits.first_delay,
        },
        policy: policy(config),
        passkeys: passkey_settings(config),
        places: places::places(config)?,
        settings: crate::checks::settings_schema(config.settings.schema.as_deref())?,
        answerer: answering::answerer(config, &breakers),
        mailing: mailing::mailing(config, &breakers)?,
        breakers,
        clock,
        random,
    })
}

/// Cost and parallelism of password hashes.
pub fn hash_settings(config: &Config) -> HashSettings {
    HashSettings {
        memory_kib: config.password.memory_kib,
        iterations: config.password.iterations,
        parallelism: config.password.parallelism,
        max_concurrent: config.password.max_concurrent as usize,
        library: match config.password.library {
            Argon2Library::Argon2Rust => Library::Argon2Rust,
            Argon2Library::Argon2 => Library::Argon2,
        },
    }
}

/// When breakers open and close.
fn breaker_rules(config: &Config) -> BreakerRules {
    BreakerRules {
        failure_threshold: config.breaker.failure_threshold,
        success_threshold: config.breaker.success_threshold,
        recovery_timeout: config.breaker.recovery_timeout,
        call_timeout: config.breaker.call_timeout,
        exponential_backoff: config.breaker.exponential_backoff,
        ..BreakerRules::default()
    }
}

fn policy(config: &Config) -> Policy {
    Policy {
        access_ttl: config.tokens.access_ttl,
        refresh_ttl: config.tokens.refresh_ttl,
        session_absolute: config.session.absolute_timeout,
        session_idle: config.session.idle_timeout,
        registration_open: config.registration.open,
        registration_approve: config.registration.approve,
        roles: roles(config),
        password_min_strength: config.password.min_strength.into(),
        second_factor: second_factor_rules(config),
        recovery: RecoveryRules {
            verify_email: config.registration.verify_email,
            reset_page: config.mail.reset_page.to_string(),
            verify_page: config.mail.verify_page.to_string(),
            confirm_page: config.mail.confirm_page.to_string(),
            per_address: config.limits.mails_per_address,
            per_client: config.limits.mails_per_client,
        },
        access: access_rules(config),
        risk: risk_rules(config),
        sockets: SocketRules {
            per_user: config.websocket.max_connections_per_user as usize,
            per_session: config.websocket.max_connections_per_session as usize,
            per_address: config.websocket.max_connections_per_address as usize,
        },
        max_staleness: config.session.max_staleness,
        staleness_grace: config.session.staleness_grace,
        roster_capacity: ROSTER,
    }
}

/// The roles there are.
pub(crate) fn roles(config: &Config) -> Arc<Roles> {
    Arc::new(Roles::new(config.roles.defined.clone()))
}

/// Of whom a second factor is demanded, and which there are.
pub(crate) fn second_factor_rules(config: &Config) -> SecondFactorRules {
    let chosen = &config.second_factor;
    SecondFactorRules {
        demand: match chosen.policy {
            SecondFactorPolicy::Optional => Demand::Nobody,
            SecondFactorPolicy::Required => Demand::Everybody,
            SecondFactorPolicy::RequiredForRoles => {
                Demand::Roles(chosen.roles.iter().filter_map(|role| role.parse().ok()).collect())
            }
        },
        methods: chosen
            .methods
            .iter()
            .map(|method| match method {
                FactorMethod::Totp => Method::Totp,
                FactorMethod::BackupCode => Method::BackupCode,
                FactorMethod::Passkey => Method::Passkey,
            })
            .collect(),
        issuer: chosen.issuer.clone(),
        trust_device: chosen.trust_device,
    }
}

fn access_rules(config: &Config) -> AccessRules {
    let access = &config.access;
    let codes = |list: &[config::Country]| list.iter().map(ToString::to_string).collect();
    AccessRules {
        allow_countries: codes(&access.allow_countries),
        deny_countries: codes(&access.deny_countries),
        allow_networks: access.allow_networks.clone(),
        deny_networks: access.deny_networks.clone(),
        exempt_roles: access.exempt_roles.iter().filter_map(|role| role.parse().ok()).collect(),
        exempt_networks: access.exempt_networks.clone(),
        allows_unknown_country: access.unknown_country == UnknownCountry::Allow,
    }
}

fn risk_rules(config: &Config) -> RiskRules {
    let risk = &config.risk;
    RiskRules {
        enabled: risk.enabled,
        weights: Weights {
            new_device: risk.new_device.0,
            fingerprint_changed: risk.fingerprint_changed.0,
            device_reputation: risk.device_reputation.0,
            new_country: risk.new_country.0,
            new_area: risk.new_area.0,
            new_network: risk.new_network.0,
            impossible_travel: risk.impossible_travel.0,
            unusual_hour: risk.unusual_hour.0,
            account_failures: risk.account_failures.0,
            address_failures: risk.address_failures.0,
            global_failures: risk.global_failures.0,
            listed_address: risk.listed_address.0,
        },
        thresholds: Thresholds { notice: risk.notice.0, second_factor: risk.second_factor.0, deny: risk.deny.0 },
        travel_speed: risk.travel_speed.into(),
        suspect_networks: risk.suspect_networks.clone(),
    }
}

fn passkey_settings(config: &Config) -> PasskeySettings {
    PasskeySettings {
        rp_id: config.rp_id(),
        rp_name: config.second_factor.issuer.clone(),
        origin: config.server.public_url.origin(),
        related_origins: config.passkeys.related_origins.iter().map(ToString::to_string).collect(),
    }
}

/// Whether anybody sends mails: a mail server, or in development the log.
pub(crate) fn has_post(config: &Config) -> bool {
    config.mail.url.is_some() || config.environment == Environment::Development
}

/// How long what is kept. Where nobody is asked to confirm an address, nobody's account goes for not having done so.
pub fn retention_rules(config: &Config) -> RetentionRules {
    let kept = &config.retention;
    RetentionRules {
        sessions: kept.sessions,
        login_attempts: kept.login_attempts,
        audit: kept.audit,
        alerts: kept.alerts,
        figures: kept.figures,
        devices: kept.devices,
        unverified_accounts: kept.unverified_accounts.filter(|_| config.registration.verify_email),
    }
}

/// What the cookies look like.
pub(crate) fn cookie_rules(config: &Config) -> CookieRules {
    CookieRules {
        secure: config.environment.is_strict() || config.server.public_url.is_https(),
        domain: config.cookies.domain.as_ref().map(ToString::to_string),
        prefix: config.cookies.prefix,
        access_token_readable: config.cookies.access_token_readable,
    }
}

/// How the wire behaves.
///
/// # Errors
/// When an origin of the configuration is none.
pub fn http_rules(config: &Config) -> Result<HttpRules, String> {
    let origin = |text: &str| Origin::of_url(text).map_err(|error| format!("{text}: {error}"));
    let mut rules = HttpRules::new(origin(&config.server.public_url.origin())?);
    rules.allowed_origins =
        config.cors.allowed_origins.iter().map(|allowed| origin(allowed.as_str())).collect::<Result<_, _>>()?;
    rules.max_connections = config.server.max_connections as usize;
    rules.trusted_proxies = config.server.trusted_proxies.clone();
    rules.cookies = cookie_rules(config);
    rules.security_headers = config.security_headers;
    rules.production = config.environment == Environment::Production;
    rules.hsts = rules.production && config.server.public_url.is_https();
    rules.token_in_url = config.websocket.token_in_url;
    rules.messages_per_minute = config.websocket.max_messages_per_minute;
    rules.metrics_here = config.metrics.listen.is_none();
    rules.log_client_address = config.log.client_address;
    Ok(rules)
}

/// The pages that people use; none where they are turned off.
///
/// # Errors
/// When something that the configuration names for them cannot be used.
pub(crate) fn pages(config: &Config) -> Result<Option<Arc<Pages>>, String> {
    let chosen = &config.pages;
    if !chosen.enabled {
        return Ok(None);
    }
    let rules = PageRules {
        name: chosen.name.clone(),
        logo: chosen.logo.clone(),
        accent: chosen.accent.as_ref().map(ToString::to_string),
        stylesheet: chosen.stylesheet.clone(),
        texts: chosen.texts.clone(),
        language: chosen.language.clone(),
        after_login: chosen.after_login.clone(),
        features: Features {
            registration: config.registration.open,
            verify_email: config.registration.verify_email,
            passkeys: config.second_factor.methods.contains(&FactorMethod::Passkey),
            mail: has_post(config),
            trust_device: config.second_factor.trust_device.is_some(),
            environment: config.environment.as_str(),
        },
    };
    let wire = http_rules(config)?;
    let pages = Pages::new(&rules, &wire.public_origin, &wire.allowed_origins);
    pages.map(|pages| Some(Arc::new(pages))).map_err(|bad| bad.to_string())
}

/// The program as it runs at `address`, with what its operators ask of it.
///
/// # Errors
/// When an origin of the configuration is none, or as [`pages`].
pub fn app(
    loaded: &Arc<Loaded>,
    opened: &Opened,
    core: &Arc<Core>,
    address: SocketAddr,
    metrics: PrometheusHandle,
) -> Result<App, String> {
    let walk = walk(&loaded.config, opened, core, address);
    let subject = Subject::running(loaded.clone(), opened.clone(), core.clone(), walk);
    let operations = Arc::new(Program::new(subject, core.clone(), metrics));
    let exports = loaded.config.telemetry.otlp_endpoint.is_some();
    let traces = exports.then(|| Arc::new(Contexts::default()) as Arc<dyn Traces>);
    let pages = pages(&loaded.config)?;
    Ok(App { core: core.clone(), operations, rules: http_rules(&loaded.config)?, pages, traces })
}

/// The Golden Path to a program that listens at `address`.
pub(crate) fn walk(config: &Config, opened: &Opened, core: &Arc<Core>, address: SocketAddr) -> Walk {
    // Whoever listens on all addresses is reached on this machine's own.
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Walk {
        address: SocketAddr::new(ip, address.port()),
        origin: config.server.public_url.origin(),
        // Nobody reads what would be mailed to the walker.
        open: config.registration.open && !config.registration.approve && !config.registration.verify_email,
        echoes: config.chat.answering == Answering::Echo,
        core: core.clone(),
        system: opened.system.clone(),
        clock: core.clock().clone(),
        random: core.random().clone(),
    }
}

/// Serves the program on a free port of this machine for as long as the process lives, and says the way there.
///
/// # Errors
/// When no port can be bound.
pub(crate) async fn serve_for_checks(loaded: &Arc<Loaded>, opened: &Opened, core: &Arc<Core>) -> Result<Walk, String> {
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into()).await.map_err(|error| error.to_string())?;
    let address = server.local_addr();
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let app = app(loaded, opened, core, address, metrics)?;
    tokio::spawn(server.run(app, std::future::pending()));
    Ok(walk(&loaded.config, opened, core, address))
}
