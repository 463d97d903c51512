//! What the program answered and printed.

use serde_json::Value;

use super::needles::Needles;
use crate::kit::Answer;

/// Words that no answer to a bad request has.
const INSIDES: [&str; 10] = [
    "SELECT ",
    "INSERT INTO",
    "UPDATE ",
    "DELETE FROM",
    "sqlx",
    "SQLITE",
    "panicked",
    ".rs:",
    "crates/",
    "stack backtrace",
];

#[derive(Default)]
pub(super) struct Witness {
    /// Name, what was said, and whether tokens are its very content.
    said: Vec<(String, Vec<u8>, bool)>,
}

impl Witness {
    /// An answer: head and body.
    pub(super) fn answer(&mut self, answer: Answer) -> Answer {
        self.keep(answer, false)
    }

    /// An answer that issues tokens, which become needles.
    pub(super) fn issue(&mut self, answer: Answer, needles: &mut Needles) -> Answer {
        let body = answer.json();
        for member in
            ["access_token", "refresh_token", "csrf_token", "ticket", "challenge_token", "device_token", "secret"]
        {
            if let Value::String(token) = &body[member] {
                needles.token(&format!("the {member} of {}", answer.request), token);
            }
        }
        for code in body["backup_codes"].as_array().into_iter().flatten() {
            // Without its number, which is no secret.
            let (_, code) = code.as_str().unwrap().split_once('-').unwrap();
            needles.token(&format!("a backup code of {}", answer.request), code);
        }
        for name in ["access_token", "refresh_token", "csrf_token", "csrf_binding", "device_id", "device_trust"] {
            let cookie = answer.set_cookie(name).map(|cookie| cookie[name.len() + 1..].split(';').next().unwrap());
            if let Some(value) = cookie.filter(|value| !value.is_empty()) {
                needles.token(&format!("the cookie {name} of {}", answer.request), value);
            }
        }
        self.keep(answer, true)
    }

    /// What a command printed.
    pub(super) fn printed(&mut self, command: &str, text: String) {
        self.said.push((format!("`durward {command}`"), text.into_bytes(), false));
    }

    fn keep(&mut self, answer: Answer, issues: bool) -> Answer {
        let head: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}\n")).collect();
        let values: Vec<u8> = answer.headers.values().flat_map(|value| [value.as_bytes(), b"\n"].concat()).collect();
        let all = [head.as_bytes(), &values, &answer.body].concat();
        let name = format!("the answer {} to {}", answer.status, answer.request);
        if answer.status.is_client_error() || answer.status.is_server_error() {
            let text = answer.text();
            assert!(!answer.status.is_server_error(), "{name}: {text}");
            if let Some(word) = INSIDES.iter().find(|word| text.contains(**word)) {
                panic!("{word:?} is in {name}: {text}");
            }
        }
        self.said.push((name, all, issues));
        answer
    }

    /// None of it tells a secret, and only those that issue tokens tell one.
    pub(super) fn judge(&self, needles: &Needles) {
        needles.are_enough();
        assert!(self.said.len() > 50);
        for (name, said, issues) in &self.said {
            if *issues { needles.no_secret(name, said) } else { needles.absent(name, said) }
        }
    }
}
