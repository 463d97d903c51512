//! Who takes mails away: a mail server, behind the circuit breaker ([`smtp`]), or in development the log ([`to_log`]).
//!
//! [`session`] is one connection to the server, [`letter`] makes of a mail what stands on the wire, and [`trouble`] says of
//! each failure whether it counts, whether to try again, and what an operator can do.

mod letter;
mod session;
mod smtp;
mod to_log;
mod trouble;

use std::sync::Arc;

use durward_core::Breakers;
use durward_core::mail::{Courier, Mailing, Templates};

use crate::config::{Config, Environment};
pub(crate) use session::Server;

/// The name of the breaker around the mail server.
const BREAKER: &str = "mail";

/// What mails are made with, and who takes them away.
///
/// # Errors
/// When the templates or the authorities cannot be used: all that is wrong with them.
pub(crate) fn mailing(config: &Config, breakers: &Breakers) -> Result<Mailing, String> {
    Ok(Mailing { courier: courier(config, breakers)?, templates: templates(config)? })
}

fn courier(config: &Config, breakers: &Breakers) -> Result<Option<Arc<dyn Courier>>, String> {
    if let Some(server) = server(config)? {
        // Servers may take their time, and so may a probe.
        let breaker = breakers.register_patient(BREAKER, config.mail.timeout);
        return Ok(Some(Arc::new(smtp::Smtp::new(server, breaker))));
    }
    // Links are secrets: nowhere else may they stand in a log.
    let is_development = config.environment == Environment::Development;
    Ok(is_development.then(|| Arc::new(to_log::ToLog) as Arc<dyn Courier>))
}

/// The mail server that is configured.
///
/// # Errors
/// When the authorities cannot be used.
pub(crate) fn server(config: &Config) -> Result<Option<Server>, String> {
    // Without a sender the configuration is refused before anybody comes here.
    let (Some(url), Some(from)) = (&config.mail.url, &config.mail.from) else { return Ok(None) };
    Server::new(url.clone(), from.clone(), &config.server.public_url.host(), &config.mail).map(Some)
}

/// The templates, the operator's among them.
///
/// # Errors
/// Everything that is wrong with them.
pub(crate) fn templates(config: &Config) -> Result<Templates, String> {
    let (site, url) = (&config.second_factor.issuer, config.server.public_url.to_string());
    let templates = Templates::new(site, &url, &config.mail.language, config.mail.templates.as_deref());
    templates.map_err(|bad| bad.to_string())
}
