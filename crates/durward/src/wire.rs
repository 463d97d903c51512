//! Wiring: from the configuration to the parts of the program.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use durward_core::budgets::Limits;
use durward_core::chat::Echo;
use durward_core::factors::password::HashSettings;
use durward_core::{Core, Csrf, Parts, Policy};
use durward_http::{App, CookieRules, HttpRules, Server};
use durward_proto::{Clock, Random};
use durward_store::{Opened, StoreOptions};
use durward_verify::{KeyRing, Rules};

use crate::checks::golden_path::Walk;
use crate::config::Config;
use crate::operations::NoOperations;

/// How many sessions the roster keeps in memory.
const ROSTER: usize = 1_000_000;

/// How the database is reached.
pub(crate) fn store_options(config: &Config) -> StoreOptions {
    StoreOptions {
        target: config.database.url.target().clone(),
        max_connections: config.database.max_connections,
        acquire_timeout: config.breaker.call_timeout,
    }
}

/// The services.
pub(crate) fn core(
    config: &Config,
    opened: &Opened,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Arc<Core>, String> {
    let secret = config.tokens.secret.as_ref().ok_or("tokens.secret is missing")?;
    let csrf_secret = config.csrf.secret.clone().unwrap_or_else(|| Csrf::derived_secret(secret));
    let parts = Parts {
        store: opened.store.clone(),
        gate: opened.gate.clone(),
        keys: KeyRing::hs256(secret).map_err(|error| error.to_string())?,
        rules: Rules {
            issuer: config.tokens.issuer.clone(),
            audience: config.tokens.audience.clone(),
            access_cookie: cookie_rules(config).access_token_name().to_owned(),
        },
        csrf_secret,
        hashing: hash_settings(config),
        limits: Limits {
            account_failures: config.limits.account_failures,
            address_failures: config.limits.address_failures,
            window: config.limits.window,
            first_delay: config.limits.first_delay,
        },
        policy: policy(config),
        settings: crate::checks::settings_schema(config.settings.schema.as_deref())?,
        answerer: Arc::new(Echo),
        clock,
        random,
    };
    Core::new(parts).map_err(|fault| fault.cause().unwrap_or("the services cannot be started").to_owned())
}

/// Cost and parallelism of password hashes.
pub(crate) fn hash_settings(config: &Config) -> HashSettings {
    HashSettings {
        memory_kib: config.password.memory_kib,
        iterations: config.password.iterations,
        parallelism: config.password.parallelism,
        max_concurrent: config.password.max_concurrent as usize,
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
        password_min_strength: config.password.min_strength.into(),
        sockets_per_user: config.websocket.max_connections_per_user as usize,
        roster_capacity: ROSTER,
    }
}

fn cookie_rules(config: &Config) -> CookieRules {
    CookieRules {
        secure: config.environment.is_strict() || config.server.public_url.is_https(),
        domain: config.cookies.domain.as_ref().map(ToString::to_string),
        prefix: config.cookies.prefix,
        access_token_readable: config.cookies.access_token_readable,
    }
}
