//! The checks: one list, used by the start, `durward doctor`, `GET /api/v1/diagnostics` and `/health/ready`.
//!
//! Each row names what it needs; a row whose needs are not met is skipped, so that one broken thing gives one finding.
//! How to add one: a row in [`CHECKS`], a function in the file of its subject, a way to break it in
//! `tests/it/broken.rs`.

mod browser;
mod chat;
mod data;
pub(crate) mod golden_path;
mod machine;
mod mail;
mod pages;
mod place;
mod program;
mod settings;
mod subject;
mod unread;

use std::future::Future;
use std::pin::Pin;

use durward_proto::wire::health::{CheckStatus, Finding, Report};

pub(crate) use settings::settings_schema;
pub(crate) use subject::Subject;
pub(crate) use unread::unread;

/// What a check found.
pub(crate) enum Outcome {
    /// It is as it should be, and this is how it is.
    Good(String),
    /// It works, but should be looked at.
    Worth { found: String, cure: String },
    /// It does not work.
    Bad { found: String, cure: String },
    /// It could not be looked at, for this reason.
    Skipped(String),
}

type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// A row of the list.
pub(crate) struct Check {
    /// Its stable id.
    pub(crate) id: &'static str,
    /// What should be found.
    expected: &'static str,
    /// The checks that must be good before this one says anything.
    needs: &'static [&'static str],
    /// When it runs.
    pub(crate) when: When,
    run: for<'a> fn(&'a Subject) -> Running<'a>,
}

/// When a check runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// At the start, in the doctor and in the diagnostics; and it is quick enough for every `/health/ready`.
    Always,
    /// At the start, in the doctor and in the diagnostics.
    Thoroughly,
}

macro_rules! check {
    ($id:literal, $when:ident, needs $needs:expr, $expected:literal, $run:path) => {
        Check {
            id: $id,
            expected: $expected,
            needs: &$needs,
            when: When::$when,
            run: |subject| Box::pin($run(subject)),
        }
    };
}

/// All checks, in the order they run.
pub(crate) const CHECKS: &[Check] = &[
    check!("config", Thoroughly, needs [], "every setting is known and can be read", settings::config),
    check!("environment", Thoroughly, needs["config"], "the environment fits the command", settings::environment),
    check!("secrets", Thoroughly, needs["config"], "strong secrets, one for each purpose", settings::secrets),
    check!("public_url", Thoroughly, needs["config"], "https in production and staging", settings::public_url),
    check!("cors", Thoroughly, needs["config"], "whole origins, no wildcard", settings::cors),
    check!("cookies", Thoroughly, needs ["config", "public_url"], "cookies that browsers keep for the public URL", settings::cookies),
    check!(
        "settings_schema",
        Thoroughly,
        needs["config"],
        "a JSON Schema with a default for each setting",
        settings::schema
    ),
    check!("sealing", Thoroughly, needs ["config", "secrets"], "a master key that secrets are sealed under", settings::sealing),
    check!(
        "passkeys",
        Thoroughly,
        needs ["config", "public_url"],
        "a domain that passkeys can belong to",
        settings::passkeys
    ),
    check!(
        "mail",
        Thoroughly,
        needs["config"],
        "templates that can be used, and a mail server that lets this program in",
        mail::mail
    ),
    check!(
        "place",
        Thoroughly,
        needs["config"],
        "databases of places that can be read and are not old, where any are named",
        place::place
    ),
    check!(
        "pages",
        Thoroughly,
        needs ["config", "public_url", "cors"],
        "files and texts for the pages that can be used, where any are named",
        pages::pages
    ),
    check!("clock", Always, needs [], "a clock that is set", machine::clock),
    check!(
        "data_dir",
        Thoroughly,
        needs["config"],
        "a directory that this user, and nobody else, can write",
        machine::data_dir
    ),
    check!("database", Always, needs ["config", "data_dir"], "a database that can be reached and lets this program in", data::database),
    check!(
        "database_version",
        Thoroughly,
        needs["database"],
        "PostgreSQL 15 or later, or SQLite 3.40 or later",
        data::version
    ),
    check!(
        "schema",
        Thoroughly,
        needs["database"],
        "every table, column, index and grant that the program's statements need",
        data::schema
    ),
    check!("keys", Always, needs ["secrets", "settings_schema", "mail", "place", "database", "schema"], "keys that can be read, and one that signs, checks, and refuses a token that was tampered with", program::keys),
    check!("password_hash", Thoroughly, needs ["secrets", "settings_schema", "mail", "place", "schema", "keys"], "an Argon2id hash that takes 5 ms to 1 s", program::password_hash),
    check!("csrf", Thoroughly, needs ["secrets", "settings_schema", "mail", "place", "schema", "keys"], "a CSRF token that is accepted once made and refused once changed", program::csrf),
    check!(
        "chat",
        Thoroughly,
        needs["config"],
        "an answering side that can be asked and has the default model",
        chat::chat
    ),
    check!("golden_path", Thoroughly, needs ["secrets", "public_url", "cookies", "mail", "pages", "schema", "keys", "password_hash", "csrf"],
        "register, login, profile, refresh, chat, logout, and a token that is dead afterwards", program::golden_path),
];

/// Runs the checks for which `wanted` holds, in order, and tells each finding to `watch`.
pub(crate) async fn run(subject: &Subject, wanted: impl Fn(&Check) -> bool, mut watch: impl FnMut(&Finding)) -> Report {
    let mut findings: Vec<Finding> = Vec::new();
    // What is wrong with it is said by the check that needs it.
    let _ = subject.hasher();
    for check in CHECKS.iter().filter(|check| wanted(check)) {
        let unmet = check.needs.iter().find(|needed| {
            findings.iter().any(|finding| {
                finding.id == **needed && !matches!(finding.status, CheckStatus::Ok | CheckStatus::Degraded)
            })
        });
        let start = subject.clock().monotonic();
        let (status, found, cure) = match unmet {
            Some(needed) => (CheckStatus::Skipped, format!("not looked at, because {needed} is not good"), None),
            None => match (check.run)(subject).await {
                Outcome::Good(found) => (CheckStatus::Ok, found, None),
                Outcome::Worth { found, cure } => (CheckStatus::Degraded, found, Some(cure)),
                Outcome::Bad { found, cure } => (CheckStatus::Failing, found, Some(cure)),
                Outcome::Skipped(why) => (CheckStatus::Skipped, why, None),
            },
        };
        if status == CheckStatus::Failing {
            subject.hold_back();
        }
        let took = subject.clock().monotonic().saturating_sub(start);
        let finding = Finding {
            id: check.id.to_owned(),
            status,
            found,
            expected: check.expected.to_owned(),
            cure,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        watch(&finding);
        findings.push(finding);
    }
    let worst = findings.iter().map(|finding| finding.status).max().unwrap_or(CheckStatus::Ok);
    Report { status: worst.max(CheckStatus::Ok), version: env!("CARGO_PKG_VERSION").to_owned(), checks: findings }
}
