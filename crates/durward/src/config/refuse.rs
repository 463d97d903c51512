//! What can be read but must not be used. In staging and production much more than in development.

use std::time::Duration;

use durward_core::WebhookKey;
use durward_core::chat::MAX_ANSWER;
use durward_proto::Secret;

use crate::config::Config;
use crate::config::choice::{Answering, FactorMethod, SecondFactorPolicy};
use crate::config::known_secrets::weakness;
use crate::config::problem::{Problem, check_of};

/// RFC 7518 section 3.2: a key of the same size as the hash's output, or larger.
const SHORTEST_SECRET: usize = 32;

/// Four GiB: above that, a slip of the pen is likelier than a wish.
const MOST_MEMORY_KIB: u32 = 4 * 1024 * 1024;

/// A node makes one call at a time: one that hangs holds up the others, and after a crash is made again that much later.
const LONGEST_WEBHOOK: Duration = Duration::from_secs(60);

const MAKE_A_SECRET: &str = "make one with `openssl rand -base64 32` and set it";

impl Config {
    /// Everything for which the server must not start, all at once. [`crate::config::Loaded::problems`] adds where
    /// each value came from.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.impossible();
        if self.environment.is_strict() {
            problems.extend(self.unsafe_secrets());
            problems.extend(self.plain_http());
            problems.extend(self.mail_problems());
        }
        problems
    }

    /// What cannot work in any environment.
    fn impossible(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(domain) = &self.cookies.domain
            && !domain.covers(&self.server.public_url.host())
        {
            problems.push(problem(
                "cookies.domain",
                format!("{domain}, for which a browser takes no cookie from {}", self.server.public_url),
                "the public URL's host or a domain above it",
                "correct cookies.domain or server.public_url; for one host leave the domain out",
            ));
        }
        if self.metrics.listen == Some(self.server.listen) && self.server.listen.port() != 0 {
            let expected = "an address of its own";
            problems.push(problem("metrics.listen", "server.listen's address", expected, "take another port"));
        }
        problems.extend(self.chat_problems());
        problems.extend(self.passkey_problems());
        problems.extend(self.second_factor_problem());
        problems.extend(self.webhook_problems());
        problems.extend(self.role_problems());
        problems.extend(self.place_problems());
        // RFC 9106 section 3.1.
        let least = self.password.parallelism.saturating_mul(8);
        if !(least..=MOST_MEMORY_KIB).contains(&self.password.memory_kib) {
            problems.push(problem(
                "password.memory_kib",
                self.password.memory_kib.to_string(),
                format!("{least} (eight for each lane) to {MOST_MEMORY_KIB}"),
                "the default is 19456",
            ));
        }
        problems
    }

    /// A second factor that is demanded and that nobody can set up.
    fn second_factor_problem(&self) -> Option<Problem> {
        let chosen = &self.second_factor;
        if chosen.policy == SecondFactorPolicy::Optional || chosen.methods.contains(&FactorMethod::Totp) {
            return None;
        }
        Some(problem(
            "second_factor.methods",
            format!("no totp, while second_factor.policy is `{}`", chosen.policy),
            "totp among them: whoever has no second factor sets it up in the course of the login",
            "add totp to second_factor.methods, or set second_factor.policy = \"optional\"",
        ))
    }

    /// Alerts that could not be told of.
    fn webhook_problems(&self) -> Vec<Problem> {
        let (alerts, mut problems) = (&self.alerts, Vec::new());
        let expected = "24 to 64 bytes, as text or as base64 behind whsec_";
        let cure = "make one with `echo whsec_$(openssl rand -base64 32)`, and give it to whoever runs the webhook";
        match &alerts.webhook_secret {
            Some(secret) => {
                let bad = WebhookKey::new(secret).err();
                problems.extend(bad.map(|bad| problem("alerts.webhook_secret", bad.to_string(), expected, cure)));
            }
            None if alerts.webhook_url.is_some() => {
                let found = "nothing, while alerts.webhook_url is set";
                problems.push(problem("alerts.webhook_secret", found, expected, cure));
            }
            None => {}
        }
        if alerts.webhook_timeout > LONGEST_WEBHOOK {
            let found = format!("{} s", alerts.webhook_timeout.as_secs());
            problems.push(problem("alerts.webhook_timeout", found, "at most 60s", "lower it"));
        }
        problems
    }

    /// Lists of countries without anybody who knows where an address is, and thresholds in the wrong order.
    fn place_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let lists = [
            ("access.allow_countries", &self.access.allow_countries),
            ("access.deny_countries", &self.access.deny_countries),
        ];
        for (key, _) in lists.into_iter().filter(|(_, list)| !list.is_empty() && self.geoip.database.is_none()) {
            let found = "a list of countries, while nobody knows where an address is";
            let cure = format!("set geoip.database to a file in MaxMind's format, or remove {key}");
            problems.push(problem(key, found, "geoip.database set as well", cure));
        }
        let thresholds = [
            ("risk.notice", self.risk.notice),
            ("risk.second_factor", self.risk.second_factor),
            ("risk.deny", self.risk.deny),
        ];
        let set: Vec<_> = thresholds.into_iter().filter(|(_, threshold)| threshold.0 > 0).collect();
        for (milder, stricter) in set.iter().zip(set.iter().skip(1)).filter(|(one, other)| one.1.0 > other.1.0) {
            let found = format!("{}, less than {} with {}", stricter.1.0, milder.0, milder.1.0);
            let expected = format!("at least {}, or 0 to turn it off", milder.0);
            problems.push(problem(stricter.0, found, expected, "raise it, or lower the other one"));
        }
        if self.risk.travel_speed == 0 {
            problems.push(problem("risk.travel_speed", "0", "kilometres an hour", "the default is 900"));
        }
        problems
    }

    /// Roles that are named and that there are not.
    fn role_problems(&self) -> Vec<Problem> {
        let named =
            [("second_factor.roles", &self.second_factor.roles), ("access.exempt_roles", &self.access.exempt_roles)];
        let mut problems = Vec::new();
        for (key, names) in named {
            for role in names.iter().filter(|role| !self.roles.knows(role.as_str())) {
                let meant = self.roles.nearest(role.as_str());
                let cure = format!("did you mean `{meant}`? Otherwise define it: roles.{role}.scopes");
                problems.push(problem(key, format!("`{role}`, which is no role"), "roles that there are", cure));
            }
        }
        problems
    }

    /// What the chat's answering side cannot work with.
    fn chat_problems(&self) -> Vec<Problem> {
        let chat = &self.chat;
        let mut problems = Vec::new();
        if let Some(example) = match chat.answering {
            Answering::Echo => None,
            Answering::Ollama => Some("http://localhost:11434"),
            Answering::Openai => Some("https://api.openai.com"),
        } && chat.url.is_none()
        {
            let found = format!("nothing, while chat.answering is `{}`", chat.answering);
            let cure = format!("set it, for example to {example}, or set chat.answering = \"echo\"");
            problems.push(problem("chat.url", found, "the URL of the server that answers", cure));
        }
        // What a header's value can hold (RFC 9110 section 5.5), without spaces.
        let is_sendable = |key: &Secret| key.expose().bytes().all(|byte| byte.is_ascii_graphic());
        if chat.api_key.as_ref().is_some_and(|key| key.expose().is_empty() || !is_sendable(key)) {
            let found =
                "a text that no header can hold: it is empty, or has spaces, line breaks or letters beyond ASCII";
            problems.push(problem("chat.api_key", found, "the key as the server gave it", "copy it again"));
        }
        if chat.max_answer as usize > MAX_ANSWER {
            let expected = format!("at most {MAX_ANSWER}");
            problems.push(problem("chat.max_answer", chat.max_answer.to_string(), expected, "lower it"));
        }
        problems
    }

    /// What no browser would let pages use passkeys with.
    fn passkey_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(rp_id) = self.passkeys.rp_id.as_ref().filter(|rp_id| !self.is_usable_rp_id(rp_id)) {
            problems.push(problem(
                "passkeys.rp_id",
                format!("{rp_id:?}, which no browser accepts from pages of {}", self.server.public_url),
                "the public URL's host or a domain above it, in lower case",
                "correct passkeys.rp_id or server.public_url; without passkeys.rp_id it is the host",
            ));
        }
        for origin in &self.passkeys.related_origins {
            if origin.is_insecure() {
                problems.push(problem(
                    "passkeys.related_origins",
                    format!("{origin}, where browsers have no passkeys"),
                    "https origins, or http://localhost",
                    "set the https origin that browsers use",
                ));
            }
        }
        problems
    }

    fn unsafe_secrets(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.tokens.secret.is_none() {
            let environment = self.environment;
            let found = format!("nothing, and in {environment} none is made up");
            let cure = format!("{MAKE_A_SECRET}; on a developer's machine set environment = development (ENVIRONMENT)");
            problems.push(problem("tokens.secret", found, "a secret of at least 32 bytes", cure));
        }
        let secrets = [
            ("tokens.secret", &self.tokens.secret),
            ("csrf.secret", &self.csrf.secret),
            ("keys.master_key", &self.keys.master_key),
        ];
        for (key, secret) in secrets.into_iter().filter_map(|(key, secret)| Some((key, secret.as_ref()?.expose()))) {
            if secret.len() < SHORTEST_SECRET {
                let found = format!("{} bytes", secret.len());
                problems.push(problem(key, found, "at least 32 bytes", MAKE_A_SECRET));
            } else if let Some(found) = weakness(secret) {
                problems.push(problem(key, found, "random text of at least 32 bytes", MAKE_A_SECRET));
            }
        }
        problems.extend(self.shared_secrets());
        problems
    }

    /// One text for two purposes: who learns it in one place has the other too.
    fn shared_secrets(&self) -> Vec<Problem> {
        let mail = self.mail.url.as_ref().and_then(|url| url.password.as_ref());
        let all = [
            ("tokens.secret", self.tokens.secret.as_ref()),
            ("csrf.secret", self.csrf.secret.as_ref()),
            ("keys.master_key", self.keys.master_key.as_ref()),
            ("database.url", self.database.url.password()),
            ("mail.url", mail),
            ("chat.api_key", self.chat.api_key.as_ref()),
            ("alerts.webhook_secret", self.alerts.webhook_secret.as_ref()),
        ];
        let all: Vec<(&str, &Secret)> = all.into_iter().filter_map(|(key, secret)| Some((key, secret?))).collect();
        let mut problems = Vec::new();
        for (place, (key, secret)) in all.iter().enumerate() {
            if let Some((earlier, _)) = all.iter().take(place).find(|(_, earlier)| earlier == secret) {
                let found = format!("the same secret as in {earlier}");
                problems.push(Problem { id: "secrets", ..problem(key, found, "a secret of its own", MAKE_A_SECRET) });
            }
        }
        problems
    }

    /// What nobody could confirm, and pages that somebody on the way could change.
    fn mail_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.registration.verify_email && self.mail.url.is_none() {
            let found = "true, but mail.url is not set, so that nobody could ever confirm an address";
            let cure = "set mail.url, or registration.verify_email = false; registration.approve = true lets an operator decide";
            problems.push(problem("registration.verify_email", found, "false without a mail server", cure));
        }
        let pages = [
            ("mail.reset_page", &self.mail.reset_page),
            ("mail.verify_page", &self.mail.verify_page),
            ("mail.confirm_page", &self.mail.confirm_page),
        ];
        // Where the public URL is http as well, that is said already.
        for (key, page) in pages.into_iter().filter(|(_, page)| self.server.public_url.is_https() && !page.is_https()) {
            let expected = format!("an https URL in {}", self.environment);
            problems.push(problem(key, page.to_string(), expected, "set it to the https URL of the page"));
        }
        problems
    }

    fn plain_http(&self) -> Option<Problem> {
        (!self.server.public_url.is_https()).then(|| {
            problem(
                "server.public_url",
                self.server.public_url.to_string(),
                format!("an https URL in {}", self.environment),
                "set it to the https URL that browsers use; a proxy before the server may end TLS",
            )
        })
    }
}

fn problem(key: &str, found: impl Into<String>, expected: impl Into<String>, cure: impl Into<String>) -> Problem {
    Problem {
        id: check_of(key),
        key: key.to_owned(),
        source: String::new(),
        found: found.into(),
        expected: expected.into(),
        cure: cure.into(),
    }
}
