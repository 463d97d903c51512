//! What stands in mails. Each is made of three templates, `<language>/<kind>.subject.txt`, `.txt` and `.html`; an operator's
//! directory replaces files and adds languages. Everything is tried with sample values when it is read, so that a template
//! that does not work is found at the start and not when somebody needs the mail.
//!
//! Values are never templates themselves, and are escaped in `.html`.

mod builtin;
mod directory;
pub mod language;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use durward_proto::{MailId, Timestamp};
use minijinja::{Environment, UndefinedBehavior};
use serde_json::{Map, Value};

use super::courier::Message;
use super::kind::{KINDS, MailKind};
use super::name::spoken;
use crate::devices::Described;

/// The three parts of a mail.
const PARTS: [&str; 3] = ["subject.txt", "txt", "html"];

/// Templates that cannot be used. The words name each file and line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct BadTemplates(pub Vec<String>);

/// All templates, ready to be used.
pub struct Templates {
    environment: Environment<'static>,
    /// The languages that are there, with the kinds of mail that each has.
    languages: BTreeMap<String, BTreeSet<&'static str>>,
    /// The language of whoever prefers none that is there.
    default: String,
    site: String,
    public_url: String,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").field("languages", &self.languages.keys()).finish_non_exhaustive()
    }
}

/// A mail as it was put into the outbox.
pub(super) struct Written<'a> {
    pub(super) id: MailId,
    pub(super) to: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) language: Option<&'a str>,
    pub(super) values: &'a MailKind,
    pub(super) at: Timestamp,
    pub(super) until: Timestamp,
}

impl Templates {
    /// The built-in templates and those of `directory`, which take the place of those of the same name. `site` is what the
    /// site is called, `public_url` where it is, `default` the language where nobody prefers another.
    ///
    /// # Errors
    /// Everything that is wrong with the files, all at once.
    pub fn new(site: &str, public_url: &str, default: &str, directory: Option<&Path>) -> Result<Self, BadTemplates> {
        let mut files = BTreeMap::new();
        for (name, text) in builtin::LANGUAGES.iter().flat_map(|(_, files)| files.iter()) {
            files.insert((*name).to_owned(), (*text).to_owned());
        }
        let mut wrong = Vec::new();
        if let Some(directory) = directory {
            let (found, problems) = directory::read(directory);
            files.extend(found);
            wrong.extend(problems);
        }
        let languages = languages(&files, &mut wrong);
        let mut templates = Self {
            environment: environment(files, &mut wrong),
            default: languages.keys().find(|tag| tag.eq_ignore_ascii_case(default)).cloned().unwrap_or_default(),
            languages,
            site: site.to_owned(),
            public_url: public_url.to_owned(),
        };
        match templates.languages.get(&templates.default) {
            None => {
                let there = templates.languages.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                wrong.push(format!("there are no templates in mail.language = {default:?}, but in {there}"));
            }
            Some(kinds) => wrong.extend(
                KINDS
                    .iter()
                    .filter(|kind| !kinds.contains(*kind))
                    .map(|kind| format!("{}/{kind}.txt is missing, in mail.language", templates.default)),
            ),
        }
        if wrong.is_empty() {
            wrong = templates.tried();
            // All of them compiled are two megabytes, of which most servers use next to nothing: each is compiled again when
            // it is needed.
            templates.environment.clear_templates();
        }
        if wrong.is_empty() { Ok(templates) } else { Err(BadTemplates(wrong)) }
    }

    /// How many languages there are.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.keys().map(String::as_str)
    }

    /// Writes a mail.
    ///
    /// # Errors
    /// When a template does not work with these values: its name and line.
    pub(super) fn write(&self, mail: &Written<'_>) -> Result<Message, String> {
        let kind = mail.values.word();
        let language = self.language(mail.language, kind);
        let mut context = self.context(mail)?;
        let render = |part: &str, context: &Map<String, Value>| {
            let template = self.environment.get_template(&format!("{language}/{kind}.{part}"));
            template
                .and_then(|template| template.render(minijinja::value::Serde(context)))
                .map_err(|error| in_words(&error))
        };
        let subject = text::subject(&render("subject.txt", &context)?);
        let text = text::body(&render("txt", &context)?);
        context.insert("subject".to_owned(), Value::from(subject.as_str()));
        let html = render("html", &context)?;
        let (id, to, language) = (mail.id, mail.to.to_owned(), language.to_owned());
        Ok(Message { id, kind, to, language, subject, text, html, written_at: mail.at })
    }

    /// The language of a mail: the one that is liked best of those that have this kind, or the default.
    fn language(&self, preferred: Option<&str>, kind: &str) -> &str {
        let has = |(tag, kinds): (&'_ String, &BTreeSet<&str>)| kinds.contains(kind).then(|| tag.clone());
        let there: Vec<String> = self.languages.iter().filter_map(has).collect();
        let there: Vec<&str> = there.iter().map(String::as_str).collect();
        let chosen = preferred.and_then(|preferred| language::choose(&there, preferred));
        chosen.and_then(|tag| self.languages.get_key_value(tag)).map_or(&self.default, |(tag, _)| tag)
    }

    /// What a template sees.
    fn context(&self, mail: &Written<'_>) -> Result<Map<String, Value>, String> {
        let Ok(Value::Object(mut context)) = serde_json::to_value(mail.values) else {
            return Err("the mail's values cannot be read".to_owned());
        };
        if let MailKind::NewDevice { device, .. }
        | MailKind::UnusualLogin { device, .. }
        | MailKind::LoginDenied { device, .. }
        | MailKind::LoginCode { device, .. } = mail.values
        {
            context.insert("device".to_owned(), Described::of(device.as_deref()).words().into());
        }
        let hours = mail.until.since(mail.at).as_secs().div_ceil(3_600);
        for (key, value) in [
            ("site", Value::from(self.site.as_str())),
            ("public_url", Value::from(self.public_url.as_str())),
            ("name", spoken(mail.name).into()),
            ("until", Value::from(mail.until.to_string())),
            ("hours", Value::from(hours)),
        ] {
            context.insert(key.to_owned(), value);
        }
        Ok(context)
    }

    /// Writes every mail in every language once, with and without a name, and says what is wrong.
    fn tried(&self) -> Vec<String> {
        let at = Timestamp::from_seconds(1_767_323_045);
        let mut wrong = BTreeSet::new();
        for (language, kinds) in &self.languages {
            for values in MailKind::samples().iter().filter(|values| kinds.contains(values.word())) {
                for name in [Some("Ann"), None] {
                    let (id, to, until) =
                        (MailId::new(at, &Fixed), "ann@example.com", at.plus(Duration::from_secs(3_600)));
                    let mail = Written { id, to, name, language: Some(language), values, at, until };
                    match self.write(&mail) {
                        Err(error) => drop(wrong.insert(error)),
                        Ok(message) => wrong.extend(useless(&message, language, values)),
                    }
                }
            }
        }
        wrong.into_iter().collect()
    }
}

/// A mail that has no subject, no text, or not the link or the code that it is for.
fn useless(message: &Message, language: &str, values: &MailKind) -> Vec<String> {
    let values = serde_json::to_value(values).unwrap_or_default();
    let is = |member: &str| values.get(member).and_then(serde_json::Value::as_str);
    let (member, needed) = match (is("code"), is("link").and_then(|link| link.rsplit_once('='))) {
        (Some(code), _) => ("code", code),
        (None, Some((_, token))) => ("link", token),
        (None, None) => ("", ""),
    };
    let parts =
        [("subject.txt", &message.subject, ""), ("txt", &message.text, needed), ("html", &message.html, needed)];
    parts
        .into_iter()
        .filter_map(|(part, rendered, needed)| {
            let file = format!("{language}/{}.{part}", message.kind);
            if rendered.trim().is_empty() {
                Some(format!("{file} is empty"))
            } else {
                (!rendered.contains(needed)).then(|| format!("{file} does not hold {{{{ {member} }}}}"))
            }
        })
        .collect()
}

/// The languages of the files, each with the kinds that have all their parts.
fn languages(files: &BTreeMap<String, String>, wrong: &mut Vec<String>) -> BTreeMap<String, BTreeSet<&'static str>> {
    let tags: BTreeSet<&str> = files.keys().filter_map(|name| Some(name.split_once('/')?.0)).collect();
    let mut languages = BTreeMap::new();
    for tag in tags {
        let mut kinds = BTreeSet::new();
        for kind in KINDS {
            let missing: Vec<String> = PARTS
                .iter()
                .map(|part| format!("{tag}/{kind}.{part}"))
                .filter(|name| !files.contains_key(name))
                .collect();
            match missing.len() {
                0 => drop(kinds.insert(kind)),
                3 => {}
                _ => wrong.extend(missing.into_iter().map(|name| format!("{name} is missing beside the other parts"))),
            }
        }
        languages.insert(tag.to_owned(), kinds);
    }
    languages
}

fn environment(files: BTreeMap<String, String>, wrong: &mut Vec<String>) -> Environment<'static> {
    let mut environment = Environment::new();
    // A name that is misspelt is an error and not nothing.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("moment", moment);
    let names: Vec<String> = files.keys().cloned().collect();
    environment.set_loader(move |name| Ok(files.get(name).cloned()));
    wrong.extend(names.iter().filter_map(|name| environment.get_template(name).err()).map(|error| in_words(&error)));
    environment
}

/// `2026-01-02T03:04:05.678Z` as `2026-01-02 03:04 UTC`.
fn moment(at: &str) -> String {
    match (at.get(..10), at.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => at.to_owned(),
    }
}

fn in_words(error: &minijinja::Error) -> String {
    // The cause of an error in an included file is what names that file.
    let inner = std::error::Error::source(error).and_then(|inner| inner.downcast_ref::<minijinja::Error>());
    if let Some(inner) = inner {
        return in_words(inner);
    }
    let place = error.name().map_or_else(String::new, |name| {
        error.line().map_or_else(|| format!("{name}: "), |line| format!("{name}:{line}: "))
    });
    let what = error.detail().map_or_else(String::new, |detail| format!(": {detail}"));
    format!("{place}{}{what}", error.kind())
}

/// The id of a mail that is never sent.
struct Fixed;

impl durward_proto::Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}
