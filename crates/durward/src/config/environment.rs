//! Environment variables, the files that they name, and the secrets directory.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::config::alias::{ALIASES, Reads};
use crate::config::candidate::{Candidate, Key, Rank, Raw};
use crate::config::nearest::nearest;
use crate::config::problem::{Problem, check_of};
use crate::config::roles;
use crate::config::section::Row;
use crate::config::source::Source;

/// What the names of our own variables begin with.
const PREFIX: &str = "DURWARD_";

/// Variables with the prefix that are no settings: the file's name (as `--config`), and where the project's own tests
/// find a PostgreSQL server.
const NO_SETTINGS: [&str; 2] = ["DURWARD_CONFIG", "DURWARD_TEST_POSTGRES"];

/// Far more than any value needs.
const LONGEST_FILE: u64 = 64 * 1024;

/// The variable of a key: `DURWARD_TOKENS__SECRET`.
pub(crate) fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// Takes what concerns us from the environment and from the secrets directory.
pub(crate) fn collect(
    environment: &BTreeMap<String, OsString>,
    secrets_dir: &Path,
    rows: &[Row],
) -> (Vec<(Key, Candidate)>, Vec<Problem>) {
    let mut collect = Collect { names: names(rows), given: Vec::new(), problems: Vec::new() };
    for (variable, value) in environment {
        collect.variable(variable, value);
    }
    collect.directory(secrets_dir);
    (collect.given, collect.problems)
}

/// Every name that sets something: what it sets, and how its text is read.
fn names(rows: &[Row]) -> BTreeMap<String, (&'static str, Reads)> {
    let own = rows.iter().map(|row| (variable_of(row.key), (row.key, Reads::Whole)));
    own.chain(ALIASES.iter().map(|alias| (alias.name.to_owned(), (alias.key, alias.reads)))).collect()
}

struct Collect {
    names: BTreeMap<String, (&'static str, Reads)>,
    given: Vec<(Key, Candidate)>,
    problems: Vec<Problem>,
}

impl Collect {
    fn variable(&mut self, variable: &str, value: &OsString) {
        let name = canonical(variable);
        if let Some((key, reads)) = self.known(&name) {
            let source = Source::Variable(variable.to_owned());
            match value.to_str() {
                Some(text) => self.take(key, reads, source, text),
                None => self.wrong(&key, &source, "bytes that are not UTF-8", "text in UTF-8", "correct the variable"),
            }
            return;
        }
        let base = name.strip_suffix("_FILE").and_then(|base| self.known(base));
        if let Some((key, reads)) = base {
            let path = Path::new(value);
            let source = Source::VariableFile { variable: variable.to_owned(), path: path.to_owned() };
            self.file(key, reads, source, path);
        } else if name.starts_with(PREFIX) && !NO_SETTINGS.contains(&name.as_str()) && !is_service_link(&name, value) {
            let source = format!("environment variable {variable}");
            self.unknown(&name, source);
        }
    }

    /// What a name sets, and how its text is read.
    fn known(&self, name: &str) -> Option<(Key, Reads)> {
        if let Some((key, reads)) = self.names.get(name) {
            return Some((Key::Borrowed(key), *reads)).filter(|_| *key != roles::PATTERN);
        }
        let key = name.strip_prefix(PREFIX)?.replace("__", ".").to_lowercase();
        roles::name_in(&key).map(|_| (Key::Owned(key.clone()), Reads::Whole))
    }

    fn directory(&mut self, directory: &Path) {
        let Ok(entries) = std::fs::read_dir(directory) else { return };
        let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths.into_iter().filter(|path| path.is_file()) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_uppercase) else { continue };
            // Besides the variables' names, the keys themselves: `tokens.secret` and `tokens__secret`.
            let as_key = format!("{PREFIX}{}", name.replace('.', "__"));
            let found = self.known(&name).or_else(|| self.known(&as_key).filter(|(key, _)| key.contains('.')));
            match found {
                Some((key, reads)) => self.file(key, reads, Source::SecretsDir(path.clone()), &path),
                None if name.starts_with(PREFIX) => self.unknown(&name, format!("file {}", path.display())),
                None => {}
            }
        }
    }

    fn file(&mut self, key: Key, reads: Reads, source: Source, path: &Path) {
        let length = std::fs::metadata(path).map(|metadata| metadata.len());
        if length.is_ok_and(|length| length > LONGEST_FILE) {
            return self.wrong(&key, &source, "more than 64 KiB", "a file with one value", "name another file");
        }
        match std::fs::read(path) {
            Err(error) => {
                let cure = "make the file readable for the server's user, or remove what names it";
                self.wrong(&key, &source, &format!("it cannot be read: {error}"), "a file that can be read", cure);
            }
            Ok(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => self.take(key, reads, source, without_line_end(text)),
                Err(_) => self.wrong(
                    &key,
                    &source,
                    "bytes that are not UTF-8",
                    "text in UTF-8",
                    "encode it, in base64 perhaps",
                ),
            },
        }
    }

    fn take(&mut self, key: Key, reads: Reads, source: Source, text: &str) {
        let (text, part) = match reads {
            Reads::Whole => (text.to_owned(), None),
            Reads::Part(part) => (text.to_owned(), Some(part)),
            Reads::Counted(unit) => match text.trim().parse::<u32>() {
                Ok(0) => ("0".to_owned(), None),
                Ok(number) => (format!("{number}{unit}"), None),
                Err(_) if text.trim().is_empty() => (String::new(), None),
                Err(_) => {
                    let unit = if unit == "d" { "days" } else { "minutes" };
                    let found = if source.is_file_of_its_own() { "[hidden]".to_owned() } else { format!("{text:?}") };
                    let cure = format!("give a number, or use {} with a unit", variable_of(&key));
                    return self.wrong(&key, &source, &found, &format!("a whole number of {unit}"), &cure);
                }
            },
        };
        self.given.push((key, Candidate { rank: Rank::Environment, source, raw: Raw::Text(text), part }));
    }

    fn unknown(&mut self, name: &str, source: String) {
        let bare = name.strip_prefix(PREFIX).unwrap_or(name);
        // `DURWARD_JWT_SECRET_KEY` is an alias with our prefix before it; the rest is likely a slip in our own name.
        let meant = match ALIASES.iter().find(|alias| alias.name == bare) {
            Some(alias) => alias.name,
            None => nearest(name, self.names.keys().map(String::as_str).filter(|known| known.starts_with(PREFIX)))
                .unwrap_or_default(),
        };
        self.problems.push(Problem {
            id: "config",
            key: name.to_owned(),
            source,
            found: "a name that is not known".to_owned(),
            expected: "one of the names in docs/config.md".to_owned(),
            cure: format!("did you mean `{meant}`? Otherwise remove it"),
        });
    }

    fn wrong(&mut self, key: &str, source: &Source, found: &str, expected: &str, cure: &str) {
        self.problems.push(Problem {
            id: check_of(key),
            key: key.to_owned(),
            source: source.to_string(),
            found: found.to_owned(),
            expected: expected.to_owned(),
            cure: cure.to_owned(),
        });
    }
}

/// Our own names are known in any case, so that `durward_server__listen` is not silently ignored.
fn canonical(variable: &str) -> String {
    let upper = variable.to_ascii_uppercase();
    if upper.starts_with(PREFIX) { upper } else { variable.to_owned() }
}

/// What Kubernetes puts into every container when a service is called `durward`.
fn is_service_link(name: &str, value: &OsString) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    rest == "SERVICE_HOST"
        || rest.starts_with("SERVICE_PORT")
        || rest.starts_with("PORT_")
        || (rest == "PORT" && value.to_str().is_some_and(|value| value.starts_with("tcp://")))
}

/// Editors and `echo` end a file with a line end that is no part of the value.
fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
