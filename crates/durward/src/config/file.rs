//! `durward.toml`.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::candidate::{Candidate, Key, Rank, Raw};
use crate::config::nearest::nearest;
use crate::config::problem::Problem;
use crate::config::roles;
use crate::config::section::Row;
use crate::config::source::Source;

/// What the file says, and what is wrong with it.
pub(crate) struct FileValues {
    /// The values with their keys.
    pub(crate) given: Vec<(Key, Candidate)>,
    /// Unknown keys and values of an impossible kind.
    pub(crate) problems: Vec<Problem>,
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read or is not TOML, so that nothing in it can be taken. The flag says that it was not read at all.
pub(crate) fn read(path: &Path, rows: &[Row]) -> Result<FileValues, (Box<Problem>, bool)> {
    let unusable = |source: String, found: String, expected: &str, cure: &str| Problem {
        id: "config",
        key: "the file".to_owned(),
        source,
        found,
        expected: expected.to_owned(),
        cure: cure.to_owned(),
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        let name = path.display().to_string();
        let cure = "name a file that exists and may be read with --config, or leave it out";
        (Box::new(unusable(name, error.to_string(), "a file in TOML", cure)), true)
    })?;
    let table = DeTable::parse(&text).map_err(|error| {
        // Only the message: the error's own Display would print the line, and a secret may stand in it.
        let line = error.span().map_or(1, |span| line_of(&text, span.start));
        let source = format!("{}:{line}", path.display());
        (Box::new(unusable(source, error.message().to_owned(), "TOML (https://toml.io)", "correct the line")), false)
    })?;
    let mut walk = Walk { path: path.to_owned(), text: &text, rows, given: Vec::new(), problems: Vec::new() };
    walk.table("", table.get_ref());
    walk.given.sort_by_key(|(_, candidate)| match &candidate.source {
        Source::File { line, .. } => *line,
        _ => 0,
    });
    Ok(FileValues { given: walk.given, problems: walk.problems })
}

struct Walk<'a> {
    path: PathBuf,
    text: &'a str,
    rows: &'a [Row],
    given: Vec<(Key, Candidate)>,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key =
                if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
            self.entry(&key, name.span().start, value);
        }
    }

    fn entry(&mut self, key: &str, at: usize, value: &Spanned<DeValue<'_>>) {
        let known =
            self.rows.iter().map(|row| Key::Borrowed(row.key)).find(|known| *known == key && key != roles::PATTERN);
        let known = known.or_else(|| roles::name_in(key).map(|_| Key::Owned(key.to_owned())));
        let is_table = self.rows.iter().any(|row| row.key.split_once('.').is_some_and(|(table, _)| table == key));
        match (value.get_ref(), known) {
            (DeValue::Table(inner), None) if is_table || !inner.is_empty() => self.table(key, inner),
            (value, Some(known)) => match raw(value) {
                Ok(raw) => {
                    let source = self.source(at);
                    self.given.push((known, Candidate { rank: Rank::File, source, raw, part: None }));
                }
                Err(found) => self.wrong(key, at, found, "one value", &format!("write {known} = ...")),
            },
            _ if is_table => {
                self.wrong(key, at, "a value", "a table", &format!("write [{key}] and the settings below it"));
            }
            _ => self.unknown(key, at),
        }
    }

    fn unknown(&mut self, key: &str, at: usize) {
        let meant = nearest(key, self.rows.iter().map(|row| row.key)).unwrap_or_default();
        let cure = format!("did you mean `{meant}`? Otherwise remove it");
        self.wrong(key, at, "a key that is not known", "one of the keys in docs/config.md", &cure);
    }

    fn wrong(&mut self, key: &str, at: usize, found: &str, expected: &str, cure: &str) {
        self.problems.push(Problem {
            id: "config",
            key: key.to_owned(),
            source: self.source(at).to_string(),
            found: found.to_owned(),
            expected: expected.to_owned(),
            cure: cure.to_owned(),
        });
    }

    fn source(&self, at: usize) -> Source {
        Source::File { path: self.path.clone(), line: line_of(self.text, at) }
    }
}

fn raw(value: &DeValue<'_>) -> Result<Raw, &'static str> {
    match value {
        DeValue::Array(items) => {
            items.iter().map(|item| scalar(item.get_ref())).collect::<Result<_, _>>().map(Raw::List)
        }
        value => scalar(value).map(Raw::Text),
    }
}

fn scalar(value: &DeValue<'_>) -> Result<String, &'static str> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|_| "a number that is too large"),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Datetime(time) => Ok(time.to_string()),
        DeValue::Array(_) => Err("a list within a list"),
        DeValue::Table(_) => Err("a table"),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
