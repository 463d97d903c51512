//! Decides which value holds for each setting, and remembers from where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use crate::config::candidate::{Candidate, Key, Rank, Raw};
use crate::config::choice::Environment;
use crate::config::load::Purpose;
use crate::config::percent::encode_path;
use crate::config::problem::{Problem, check_of};
use crate::config::section::{Fallback, Row};
use crate::config::source::Source;
use crate::config::value::Value;

/// A value that holds, for people.
#[derive(Debug, Clone)]
pub struct Held {
    /// The key.
    pub key: std::borrow::Cow<'static, str>,
    /// The value, masked.
    pub shown: Json,
    /// Where it came from.
    pub source: Source,
}

/// Hands out each setting's value once.
pub(crate) struct Reader<'a> {
    rows: &'a [Row],
    given: BTreeMap<Key, Vec<Candidate>>,
    purpose: Purpose,
    cores: u32,
    held: Vec<Held>,
    failed: BTreeSet<Key>,
    problems: Vec<Problem>,
}

/// What a reader has found out.
pub(crate) struct Found {
    /// What holds.
    pub(crate) held: Vec<Held>,
    /// The settings that could not be read; in their place a default stands.
    pub(crate) failed: BTreeSet<Key>,
    /// Why not.
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader of these values.
    pub(crate) fn new(rows: &'a [Row], given: Vec<(Key, Candidate)>, purpose: Purpose, cores: u32) -> Self {
        let mut by_key = BTreeMap::<_, Vec<_>>::new();
        for (key, candidate) in given {
            by_key.entry(key).or_default().push(candidate);
        }
        let (held, failed, problems) = Default::default();
        Self { rows, given: by_key, purpose, cores, held, failed, problems }
    }

    /// What was found out.
    pub(crate) fn into_found(self) -> Found {
        Found { held: self.held, failed: self.failed, problems: self.problems }
    }

    /// The value of a setting; its default when what was given is of no use. `None` only when there is no default either.
    pub(crate) fn take<T: Value>(&mut self, key: &'static str) -> Option<T> {
        let default = self.default::<T>(key)?;
        Some(self.take_or(Key::Borrowed(key), default))
    }

    /// The value of a setting whose key was made up by who gave it; nothing when what was given is of no use.
    pub(crate) fn take_dynamic<T: Value + Default>(&mut self, key: Key) -> T {
        self.take_or(key, T::default())
    }

    /// The keys for which something was given and that `wanted` says yes to.
    pub(crate) fn keys(&self, wanted: impl Fn(&str) -> bool) -> Vec<Key> {
        self.given.keys().filter(|key| wanted(key)).cloned().collect()
    }

    /// Refuses a key that was made up and cannot be.
    pub(crate) fn refuse(&mut self, key: &Key, found: &str, expected: &str) {
        let given = self.given.remove(key).unwrap_or_default();
        let source = given.into_iter().next().map_or(Source::Default, |candidate| candidate.source);
        self.failed.insert(key.clone());
        self.problems.push(problem(key, &source, found, expected, "rename it, or remove it"));
    }

    fn take_or<T: Value>(&mut self, key: Key, default: T) -> T {
        let given = self.given.remove(&key).unwrap_or_default();
        let (value, source) = match resolve(&key, &default, given) {
            Ok(resolved) => resolved,
            Err(problems) => {
                self.failed.insert(key.clone());
                self.problems.extend(problems);
                (default, Source::Default)
            }
        };
        self.held.push(Held { key, shown: value.shown(), source });
        value
    }

    fn default<T: Value>(&mut self, key: &'static str) -> Option<T> {
        let text = match self.rows.iter().find(|row| row.key == key)?.default {
            Fallback::Text(text) => Some(text.to_owned()),
            Fallback::Nothing => None,
            Fallback::Computed(_) => self.computed(key),
        };
        let value = match text {
            Some(text) => T::parse(&Raw::Text(text)),
            None => T::absent().ok_or_else(|| "there is none".to_owned()),
        };
        value
            .map_err(|wrong| {
                let found = format!("a default that is of no use: {wrong}");
                self.problems.push(problem(key, &Source::Default, found, T::expected(), format!("set {key} yourself")));
            })
            .ok()
    }

    /// The defaults that follow from settings read before, or from the machine.
    fn computed(&self, key: &str) -> Option<String> {
        match key {
            "environment" => Some(self.purpose.environment().to_string()),
            "server.public_url" => {
                let listen = self.text("server.listen");
                Some(format!("http://localhost:{}", listen.rsplit(':').next().unwrap_or_default()))
            }
            "database.url" => {
                let path = Path::new(self.text("data_dir")).join("durward.db");
                Some(format!("sqlite://{}", encode_path(&path.display().to_string())))
            }
            "mail.from" if !self.text("mail.url").is_empty() => {
                let public_url = url::Url::parse(self.text("server.public_url")).ok()?;
                Some(format!("no-reply@{}", public_url.host_str()?))
            }
            "mail.reset_page" => Some(self.page("reset-password")),
            "mail.verify_page" => Some(self.page("verify-email")),
            "mail.confirm_page" => Some(self.page("confirm-email")),
            "registration.verify_email" => Some((!self.text("mail.url").is_empty()).to_string()),
            "node.name" => Some(host_name()),
            "access.unknown_country" => {
                let held = self.held.iter().find(|held| held.key == "access.allow_countries");
                let is_listed = held.and_then(|held| held.shown.as_array()).is_some_and(|list| !list.is_empty());
                Some(if is_listed { "deny" } else { "allow" }.to_owned())
            }
            "limits.pair_failures" => {
                let held = self.held.iter().find(|held| held.key == "limits.account_failures");
                let account = held.and_then(|held| held.shown.as_u64()).unwrap_or_default();
                Some(account.saturating_mul(2).min(u32::MAX.into()).to_string())
            }
            // Who tries things out from one machine does what attackers do.
            "risk.second_factor" => Some(if self.is_at_stake() { "50" } else { "0" }.to_owned()),
            "risk.deny" => Some(if self.is_at_stake() { "92" } else { "0" }.to_owned()),
            "tokens.issuer" => Some(self.text("server.public_url").to_owned()),
            "websocket.token_in_url" => Some((self.purpose == Purpose::Dev).to_string()),
            "password.max_concurrent" => Some(self.cores.to_string()),
            _ => None,
        }
    }

    fn is_at_stake(&self) -> bool {
        matches!(self.text("environment"), "staging" | "production")
    }

    fn page(&self, name: &str) -> String {
        format!("{}/{name}", self.text("server.public_url"))
    }

    fn text(&self, key: &str) -> &str {
        let held = self.held.iter().find(|held| held.key == key);
        held.and_then(|held| held.shown.as_str()).unwrap_or_default()
    }
}

impl Purpose {
    /// The environment when nobody names one.
    pub(crate) fn environment(self) -> Environment {
        match self {
            Self::Serve => Environment::Production,
            Self::Dev => Environment::Development,
        }
    }
}

fn resolve<T: Value>(key: &str, default: &T, given: Vec<Candidate>) -> Result<(T, Source), Vec<Problem>> {
    let (parts, wholes): (Vec<_>, Vec<_>) = given.into_iter().partition(|candidate| candidate.part.is_some());
    let whole = strongest(key, wholes)?;
    if parts.is_empty() {
        return Ok(whole.map_or_else(|| (default.clone(), Source::Default), |(value, source, _)| (value, source)));
    }
    with_parts(key, default, whole, &parts).map_err(|problem| vec![*problem])
}

/// The value of the strongest rank, in which all have to agree.
fn strongest<T: Value>(key: &str, wholes: Vec<Candidate>) -> Result<Option<(T, Source, Rank)>, Vec<Problem>> {
    let Some(rank) = wholes.iter().map(|candidate| candidate.rank).max() else { return Ok(None) };
    let (values, problems): (Vec<_>, Vec<_>) = wholes
        .into_iter()
        .filter(|candidate| candidate.rank == rank)
        .map(|candidate| read::<T>(key, &candidate).map(|value| (value, candidate.source)))
        .partition(Result::is_ok);
    let problems: Vec<_> = problems.into_iter().filter_map(Result::err).map(|problem| *problem).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut values = values.into_iter().filter_map(Result::ok);
    let Some((value, source)) = values.next() else { return Ok(None) };
    match values.find(|(other, _)| *other != value) {
        None => Ok(Some((value, source, rank))),
        Some((other, other_source)) => Err(vec![disagreement(key, (&value, &source), (&other, &[&other_source]))]),
    }
}

fn read<T: Value>(key: &str, candidate: &Candidate) -> Result<T, Box<Problem>> {
    let source = &candidate.source;
    if candidate.raw.is_blank() {
        return T::empty().ok_or_else(|| Box::new(empty(key, source, T::expected())));
    }
    T::parse(&candidate.raw).map_err(|wrong| {
        let shown = match &candidate.raw {
            _ if source.is_file_of_its_own() => "[hidden]".to_owned(),
            Raw::Text(text) => T::mask(&shortened(text)),
            Raw::List(items) => {
                format!("[{}]", items.iter().map(|item| T::mask(&shortened(item))).collect::<Vec<_>>().join(", "))
            }
        };
        Box::new(problem(
            key,
            source,
            format!("{shown}: {wrong}"),
            T::expected(),
            "correct it, or remove it for the default",
        ))
    })
}

/// Puts the parts over what a weaker source says, or compares them with what an equally strong one says.
fn with_parts<T: Value>(
    key: &str,
    default: &T,
    whole: Option<(T, Source, Rank)>,
    parts: &[Candidate],
) -> Result<(T, Source), Box<Problem>> {
    let mut texts: Vec<(&'static str, &str)> = Vec::new();
    let mut sources: Vec<&Source> = Vec::new();
    for candidate in parts {
        let (Some(part), Ok(text)) = (candidate.part, candidate.raw.text()) else { continue };
        if candidate.raw.is_blank() {
            return Err(Box::new(empty(key, &candidate.source, format!("the {part}"))));
        }
        match texts.iter().position(|(earlier, _)| *earlier == part) {
            Some(place) if texts.get(place).is_some_and(|(_, earlier)| *earlier != text) => {
                let earlier = sources.get(place).map(ToString::to_string).unwrap_or_default();
                let found = format!("another {part} in {} than in {earlier}", candidate.source);
                let cure = "keep one of the two";
                return Err(Box::new(problem(key, &candidate.source, found, "one value, or twice the same", cure)));
            }
            Some(_) => {}
            None => {
                texts.push((part, text));
                sources.push(&candidate.source);
            }
        }
    }
    let (base, base_source, rank) = match whole {
        Some((value, source, rank)) => (value, Some(source), Some(rank)),
        None => (default.clone(), None, None),
    };
    let merged = base.clone().with_parts(&texts).map_err(|(place, expected)| {
        let source = sources.get(place).copied().unwrap_or(&Source::Default);
        let hidden =
            source.is_file_of_its_own() || T::HIDDEN || texts.get(place).is_some_and(|(part, _)| *part == "password");
        let text = texts.get(place).map(|(_, text)| shortened(text)).unwrap_or_default();
        let found = if hidden || text.contains('@') { "[hidden]".to_owned() } else { format!("{text:?}") };
        Box::new(problem(key, source, found, expected, "correct it, or remove it"))
    })?;
    if let (Some(Rank::Environment), Some(source)) = (rank, &base_source)
        && !base.agrees_with(&merged)
    {
        return Err(Box::new(disagreement(key, (&base, source), (&merged, &sources))));
    }
    let all = base_source.into_iter().chain(sources.into_iter().cloned());
    let mut all: Vec<_> = all.collect();
    let source = if all.len() == 1 { all.pop().unwrap_or(Source::Default) } else { Source::Several(all) };
    Ok((merged, source))
}

fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "durward".to_owned() } else { name }
}

fn disagreement<T: Value>(key: &str, one: (&T, &Source), other: (&T, &[&Source])) -> Problem {
    let others = other.1.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let found = match (one.0.shown(), other.0.shown()) {
        // The difference is in what is masked.
        (a, b) if a == b => format!("{} and {others} name different values", one.1),
        (a, b) => format!("{} says {a}, {others} says {b}", one.1),
    };
    let source = Source::Several(vec![one.1.clone()]);
    problem(key, &source, found, "one value, or twice the same", "keep one of the two")
}

fn empty(key: &str, source: &Source, expected: String) -> Problem {
    problem(key, source, "an empty text", expected, "give it a value; to have the default, remove it altogether")
}

fn problem(
    key: &str,
    source: &Source,
    found: impl Into<String>,
    expected: impl Into<String>,
    cure: impl Into<String>,
) -> Problem {
    Problem {
        id: check_of(key),
        key: key.to_owned(),
        source: source.to_string(),
        found: found.into(),
        expected: expected.into(),
        cure: cure.into(),
    }
}

/// Enough of a text to know it again.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
