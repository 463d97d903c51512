//! Whom alerts are told to, by the configuration: the log in any case, the operator's webhook ([`webhook`]), mailboxes.

mod webhook;

use std::sync::Arc;

use durward_core::alerts::{Listeners, Webhook};
use durward_core::mail::Outbox;
use durward_core::{AlertRules, Alerts, Breakers, WebhookKey};
use durward_proto::{Clock, Random};
use durward_store::SystemStore;

use crate::config::Config;
use crate::wire;

/// The name of the breaker around the webhook.
const BREAKER: &str = "webhook";

/// The alerts of this program. `breakers` are those of a running node.
///
/// # Errors
/// When the webhook's secret or its authorities cannot be used.
pub fn alerts(
    config: &Config,
    system: SystemStore,
    breakers: Option<&Arc<Breakers>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Alerts, String> {
    let chosen = &config.alerts;
    let rules = AlertRules {
        window: chosen.window,
        repeat: chosen.repeat,
        login_failures: chosen.login_failures,
        risk_denials: chosen.risk_denials,
        breaker_openings: chosen.breaker_openings,
        mail_stuck: chosen.mail_stuck,
    };
    let listeners =
        Listeners { webhook: webhook(config, breakers)?, mail: mail(config, clock.clone(), random.clone())? };
    Ok(Alerts::new(system, rules, listeners, breakers.cloned(), clock, random))
}

type Signed = (Arc<dyn Webhook>, WebhookKey);

fn webhook(config: &Config, breakers: Option<&Arc<Breakers>>) -> Result<Option<Signed>, String> {
    let chosen = &config.alerts;
    // Without a secret the configuration is refused before anybody comes here.
    let (Some(url), Some(secret)) = (&chosen.webhook_url, &chosen.webhook_secret) else { return Ok(None) };
    let key = WebhookKey::new(secret).map_err(|bad| format!("alerts.webhook_secret: {bad}"))?;
    let breaker = breakers.map(|breakers| breakers.register_patient(BREAKER, chosen.webhook_timeout));
    let http = webhook::Http::new(url.clone(), chosen.webhook_ca_file.as_deref(), chosen.webhook_timeout, breaker)?;
    Ok(Some((Arc::new(http), key)))
}

fn mail(
    config: &Config,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Option<(Outbox, Vec<String>)>, String> {
    let to: Vec<String> = config.alerts.mail_to.iter().map(|mailbox| mailbox.address.to_string()).collect();
    let (Some(tokens), true) = (&config.tokens.secret, wire::has_post(config) && !to.is_empty()) else {
        return Ok(None);
    };
    let outbox = Outbox::new(config.keys.master_key.as_ref(), tokens, clock, random);
    let outbox = outbox.map_err(|fault| fault.cause().unwrap_or("the outbox cannot be opened").to_owned())?;
    Ok(Some((outbox, to)))
}
