//! Checks of the configuration. What is wrong is found by [`crate::config`]; here it gets its place in the list.

use durward_core::settings_schema::SettingsSchema;
use durward_http::CookieKind;

use super::{Outcome, Subject};
use crate::config::{FactorMethod, Origin, Source};
use crate::wire;

pub(super) async fn config(subject: &Subject) -> Outcome {
    let held = subject.loaded().held();
    let set = held.iter().filter(|held| held.source != Source::Default).count();
    reported(subject, "config", || format!("{set} of {} settings are set, the others have their defaults", held.len()))
}

pub(super) async fn environment(subject: &Subject) -> Outcome {
    reported(subject, "environment", || subject.config().environment.to_string())
}

pub(super) async fn secrets(subject: &Subject) -> Outcome {
    let source = |key: &str, otherwise: &str| match subject.loaded().source(key) {
        Source::Default => format!("{key}: {otherwise}"),
        source => format!("{key}: {source}"),
    };
    reported(subject, "secrets", || {
        [source("tokens.secret", "none yet"), source("csrf.secret", "derived from tokens.secret")].join("; ")
    })
}

pub(super) async fn public_url(subject: &Subject) -> Outcome {
    reported(subject, "public_url", || subject.config().server.public_url.to_string())
}

pub(super) async fn cors(subject: &Subject) -> Outcome {
    let allowed: Vec<&str> = subject.config().cors.allowed_origins.iter().map(Origin::as_str).collect();
    reported(subject, "cors", || if allowed.is_empty() { "no other origin".to_owned() } else { allowed.join(", ") })
}

pub(super) async fn cookies(subject: &Subject) -> Outcome {
    let rules = wire::cookie_rules(subject.config());
    let domain = rules.domain.as_ref().map_or("this host alone".to_owned(), |domain| format!("for {domain}"));
    let secure = if rules.secure { "Secure" } else { "not Secure, because the public URL is http" };
    reported(subject, "cookies", || format!("{}, {domain}, {secure}", rules.name(CookieKind::Access)))
}

/// Whether what has to be read again is sealed under a key of its own. Under one that is made from the tokens' secret it
/// is safe, too, until somebody replaces that secret.
pub(super) async fn sealing(subject: &Subject) -> Outcome {
    let config = subject.config();
    if config.keys.master_key.is_some() {
        return Outcome::Good("TOTP secrets and mails are sealed under keys.master_key".to_owned());
    }
    if !config.environment.is_strict() {
        return Outcome::Good("TOTP secrets and mails are sealed under a key made from tokens.secret".to_owned());
    }
    Outcome::Worth {
        found: "keys.master_key is not set: TOTP secrets and mails are sealed under a key made from tokens.secret, and cannot be \
                opened any more once that is replaced"
            .to_owned(),
        cure: "set keys.master_key (DURWARD_KEYS__MASTER_KEY=$(openssl rand -base64 48)) before tokens.secret is replaced; what was \
               sealed until then still opens"
            .to_owned(),
    }
}

/// Whether there can be passkeys. A server without them works: who has none is asked for nothing else.
pub(super) async fn passkeys(subject: &Subject) -> Outcome {
    let config = subject.config();
    let public_url = &config.server.public_url;
    if !config.second_factor.methods.contains(&FactorMethod::Passkey) {
        return reported(subject, "passkeys", || "turned off by second_factor.methods".to_owned());
    }
    let Some(rp_id) = config.rp_id() else {
        return Outcome::Worth {
            found: format!("none can be used: {public_url} has an address where passkeys need a name"),
            cure: "set server.public_url to a URL with a host name, or take passkey out of second_factor.methods"
                .to_owned(),
        };
    };
    if !public_url.is_https() && !public_url.is_this_machine() {
        return Outcome::Worth {
            found: format!(
                "none can be used: browsers have no passkeys on plain http, and {public_url} is not this machine"
            ),
            cure: "set server.public_url to an https URL, or take passkey out of second_factor.methods".to_owned(),
        };
    }
    let related: Vec<&str> = config.passkeys.related_origins.iter().map(Origin::as_str).collect();
    reported(subject, "passkeys", || match related.as_slice() {
        [] => format!("for {rp_id}, on pages of {public_url}"),
        related => format!("for {rp_id}, on pages of {public_url}, {}", related.join(", ")),
    })
}

pub(super) async fn schema(subject: &Subject) -> Outcome {
    match settings_schema(subject.config().settings.schema.as_deref()) {
        Ok(schema) => Outcome::Good(format!("{} settings for each user", schema.with_defaults(Vec::new()).len())),
        Err(found) => Outcome::Bad {
            found: format!("settings.schema: {found}"),
            cure: "mend the file that settings.schema names, or unset it".to_owned(),
        },
    }
}

/// The schema from the configured file, or the built-in one.
pub(crate) fn settings_schema(path: Option<&std::path::Path>) -> Result<SettingsSchema, String> {
    let Some(path) = path else { return SettingsSchema::built_in().map_err(|error| error.to_string()) };
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    SettingsSchema::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The problems that belong to a check; `otherwise` says how it is when there are none.
fn reported(subject: &Subject, id: &str, otherwise: impl FnOnce() -> String) -> Outcome {
    let problems = subject.loaded().problems();
    let (mut found, mut cures) = (Vec::new(), Vec::new());
    for problem in problems.iter().filter(|problem| problem.id == id) {
        found.push(format!("{} ({}): {}, expected {}", problem.key, problem.source, problem.found, problem.expected));
        cures.push(problem.cure.clone());
    }
    cures.dedup();
    if found.is_empty() {
        Outcome::Good(otherwise())
    } else {
        Outcome::Bad { found: found.join("; "), cure: cures.join("; ") }
    }
}
