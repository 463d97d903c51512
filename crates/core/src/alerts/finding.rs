//! What a rule has found.

use durward_proto::{Timestamp, UserId};
use serde_json::{Value, json};

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Many logins failed.
    LoginFailures,
    /// Many logins were denied for their risk.
    RiskDenials,
    /// A breaker opened again and again.
    BreakerOpenings,
    /// A refresh token was used twice.
    RefreshReuse,
    /// Somebody is an administrator who was none.
    NewAdmin,
    /// The audit trail is not what was written.
    AuditBroken,
    /// Mails wait for too long.
    MailStuck,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::LoginFailures,
        Self::RiskDenials,
        Self::BreakerOpenings,
        Self::RefreshReuse,
        Self::NewAdmin,
        Self::AuditBroken,
        Self::MailStuck,
    ];

    /// Its stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::LoginFailures => "login_failures",
            Self::RiskDenials => "risk_denials",
            Self::BreakerOpenings => "breaker_openings",
            Self::RefreshReuse => "refresh_reuse",
            Self::NewAdmin => "new_admin",
            Self::AuditBroken => "audit_broken",
            Self::MailStuck => "mail_stuck",
        }
    }

    /// How bad it is.
    pub const fn severity(self) -> &'static str {
        match self {
            Self::AuditBroken => "critical",
            _ => "warning",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }
}

/// Something to raise an alert about.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// By which rule.
    pub rule: Rule,
    /// What it is about: `user:12`, `breaker:mail`, or nothing.
    pub about: String,
    /// When it was. Of the same rule about the same, one is raised in each stretch of time.
    pub at: Timestamp,
    /// What else is worth knowing. Never a secret, and no address of a person.
    pub detail: Value,
}

impl Finding {
    /// About the whole.
    pub fn new(rule: Rule, at: Timestamp, detail: Value) -> Self {
        Self { rule, about: String::new(), at, detail }
    }

    /// About a user, by number: what is said goes to other places, which forget nobody.
    pub fn of_user(rule: Rule, user: UserId, at: Timestamp) -> Self {
        Self { rule, about: format!("user:{user}"), at, detail: json!({ "user_id": user }) }
    }

    /// The audit trail does not hold: what was found, as the check of it says.
    pub fn audit_broken(findings: u64, first: &str, at: Timestamp) -> Self {
        Self::new(Rule::AuditBroken, at, json!({ "findings": findings, "first": first }))
    }
}

/// An alert in a sentence or two.
pub(super) fn in_words(rule: &str, about: &str, detail: &Value) -> String {
    let number = |name: &str| detail.get(name).and_then(Value::as_u64).unwrap_or_default();
    let who = about.split_once(':').map_or(about, |(_, who)| who);
    match Rule::of_word(rule) {
        Some(Rule::LoginFailures) => {
            format!("{} logins failed within {} s.", number("count"), number("window_seconds"))
        }
        Some(Rule::RiskDenials) => {
            format!("{} logins were denied for their risk within {} s.", number("count"), number("window_seconds"))
        }
        Some(Rule::BreakerOpenings) => {
            let (count, window) = (number("count"), number("window_seconds"));
            format!("The breaker around \"{who}\" opened {count} times within {window} s on one node.")
        }
        Some(Rule::RefreshReuse) => {
            format!("A refresh token of user {who} was used twice: somebody has a copy of it. The session was ended.")
        }
        Some(Rule::NewAdmin) => format!("User {who} is an administrator now."),
        Some(Rule::AuditBroken) => {
            let first = detail.get("first").and_then(Value::as_str).unwrap_or_default();
            format!("The audit trail is not what was written: {} findings, the first: {first}", number("findings"))
        }
        Some(Rule::MailStuck) => format!("The oldest mail has waited for {} s.", number("waits_seconds")),
        None => format!("The rule {rule} was raised by another version of this program."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_a_word_and_a_sentence_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for rule in Rule::ALL {
            assert_eq!(Rule::of_word(rule.word()), Some(rule));
            let words = in_words(rule.word(), "user:12", &json!({ "count": 3, "window_seconds": 300 }));
            assert!(!words.contains("another version") && seen.insert(words), "{rule:?}");
        }
        let user = Finding::of_user(Rule::NewAdmin, UserId(12), Timestamp::from_seconds(0));
        assert_eq!(in_words("new_admin", &user.about, &user.detail), "User 12 is an administrator now.");
    }
}
