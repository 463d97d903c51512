//! What the pages say, by language, area and key. An operator's directory replaces single texts and adds languages; what an
//! added language does not have is said in English.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The texts of one language: area, key, text.
pub(super) type Areas = BTreeMap<String, BTreeMap<String, String>>;

/// The area of what this server writes itself.
const SERVER: &str = "server";
/// The area of what all pages say.
pub(super) const COMMON: &str = "common";
/// The language that has every text.
const WHOLE: &str = "en";
/// The most bytes of a file.
const LARGEST: u64 = 512 * 1024;

/// An operator's texts by language, each of a key that there is.
#[derive(Debug, Default)]
pub(super) struct Overrides(BTreeMap<String, Areas>);

impl Overrides {
    /// Reads `<language>.json` of a directory, and says what is wrong with it.
    pub(super) fn read(directory: Option<&Path>, built_in: &BTreeMap<String, Areas>, wrong: &mut Vec<String>) -> Self {
        let (Some(directory), Some(known)) = (directory, built_in.get(WHOLE)) else { return Self::default() };
        let mut overrides = Self::default();
        let files = match files(directory) {
            Ok(files) => files,
            Err(error) => {
                wrong.push(format!("pages.texts: {}: {error}", directory.display()));
                return overrides;
            }
        };
        for name in files {
            let path = directory.join(&name);
            let mut tell = |what: String| wrong.push(format!("pages.texts: {}: {what}", path.display()));
            let Some(language) = name.strip_suffix(".json").filter(|tag| durward_core::mail::language::is_tag(tag))
            else {
                tell("not called after a language: de.json, pt-BR.json".to_owned());
                continue;
            };
            match read(&path) {
                Ok(areas) => {
                    unknown(&areas, known).into_iter().for_each(&mut tell);
                    let same = built_in.keys().find(|tag| tag.eq_ignore_ascii_case(language));
                    overrides.0.insert(same.map_or(language, String::as_str).to_owned(), areas);
                }
                Err(error) => tell(error),
            }
        }
        overrides
    }
}

/// What is in a directory, but what is hidden and what is nobody's texts, such as a README.
fn files(directory: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| !name.starts_with('.') && name.ends_with(".json"));
    names.sort();
    Ok(names)
}

fn read(path: &Path) -> Result<Areas, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("{size} bytes, more than {LARGEST}"));
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("not {{\"area\": {{\"key\": \"text\"}}}}: {error}"))
}

/// Every area and key that there is not, with the one that was probably meant.
fn unknown(areas: &Areas, known: &Areas) -> Vec<String> {
    let mut wrong = Vec::new();
    for (area, texts) in areas {
        let Some(keys) = known.get(area) else {
            let meant = nearest(area, known.keys());
            wrong.push(format!("there is no area {area:?}; did you mean {meant:?}?"));
            continue;
        };
        for key in texts.keys().filter(|key| !keys.contains_key(*key)) {
            let meant = nearest(key, keys.keys());
            wrong.push(format!("there is no text {key:?} in {area:?}; did you mean {meant:?}?"));
        }
    }
    wrong
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> &'a str {
    let likeness = |other: &&String| strsim::jaro_winkler(name, other);
    known.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).map_or("", String::as_str)
}

/// All texts, whole in each language.
#[derive(Debug)]
pub(super) struct Texts(BTreeMap<String, Areas>);

impl Texts {
    pub(super) fn of(built_in: BTreeMap<String, Areas>, overrides: &Overrides) -> Self {
        let whole = built_in.get(WHOLE).cloned().unwrap_or_default();
        let mut languages = built_in;
        for (language, areas) in &overrides.0 {
            let mine = languages.entry(language.clone()).or_default();
            for (area, texts) in areas {
                let replaced = texts.iter().map(|(key, text)| (key.clone(), text.clone()));
                mine.entry(area.clone()).or_default().extend(replaced);
            }
        }
        for areas in languages.values_mut() {
            for (area, texts) in &whole {
                let mine = areas.entry(area.clone()).or_default();
                for (key, text) in texts {
                    mine.entry(key.clone()).or_insert_with(|| text.clone());
                }
            }
        }
        Self(languages)
    }

    /// The languages' tags.
    pub(super) fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The language of this tag, however it is written.
    pub(super) fn find(&self, tag: &str) -> Option<&str> {
        self.languages().find(|there| there.eq_ignore_ascii_case(tag))
    }

    /// The texts of an area.
    pub(super) fn area(&self, language: &str, area: &str) -> Option<&BTreeMap<String, String>> {
        self.0.get(language)?.get(area)
    }

    /// What this server writes itself: its own texts, and those that all pages have.
    pub(super) fn own(&self, language: &str) -> BTreeMap<&str, &str> {
        let areas = [COMMON, SERVER].into_iter().filter_map(|area| self.area(language, area));
        areas.flatten().map(|(key, text)| (key.as_str(), text.as_str())).collect()
    }

    /// One of these; its key where there is none.
    pub(super) fn say<'a>(&'a self, language: &str, key: &'a str) -> &'a str {
        let areas = [SERVER, COMMON].into_iter().filter_map(|area| self.area(language, area));
        areas.filter_map(|texts| texts.get(key)).next().map_or(key, String::as_str)
    }

    /// What a language is called in itself.
    pub(super) fn name<'a>(&'a self, language: &'a str) -> &'a str {
        // A language whose texts are English here and there is not called English.
        match self.say(language, "language") {
            "English" if language != WHOLE => language,
            name => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn areas(json: serde_json::Value) -> Areas {
        serde_json::from_value(json).unwrap()
    }

    fn built_in() -> BTreeMap<String, Areas> {
        let en =
            areas(serde_json::json!({"common": {"save": "Save", "close": "Close"}, "server": {"language": "English"}}));
        let de = areas(serde_json::json!({"common": {"save": "Speichern"}, "server": {"language": "Deutsch"}}));
        BTreeMap::from([("en".to_owned(), en), ("de".to_owned(), de)])
    }

    fn read_all(files: &[(&str, &str)]) -> (Overrides, Vec<String>) {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let mut wrong = Vec::new();
        let overrides = Overrides::read(Some(directory.path()), &built_in(), &mut wrong);
        let prefix = format!("pages.texts: {}/", directory.path().display());
        (overrides, wrong.into_iter().map(|line| line.strip_prefix(&prefix).unwrap().to_owned()).collect())
    }

    #[test]
    fn single_texts_are_replaced_and_languages_added() {
        let (overrides, wrong) = read_all(&[
            ("DE.json", r#"{"common": {"save": "Sichern"}}"#),
            ("fr.json", r#"{"common": {"close": "Fermer"}, "server": {"language": "Français"}}"#),
            ("nl.json", "{}"),
            ("README.md", "words"),
        ]);
        assert_eq!(wrong, Vec::<String>::new());
        let texts = Texts::of(built_in(), &overrides);
        assert_eq!(texts.languages().collect::<Vec<_>>(), ["de", "en", "fr", "nl"]);
        for (language, key, expected) in [
            ("en", "save", "Save"),
            ("de", "save", "Sichern"),
            ("de", "close", "Close"),
            ("fr", "save", "Save"),
            ("fr", "close", "Fermer"),
            ("nl", "close", "Close"),
        ] {
            assert_eq!(texts.area(language, "common").unwrap()[key], expected, "{language} {key}");
        }
        for (language, name) in [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("nl", "nl")] {
            assert_eq!(texts.name(language), name);
        }
        assert_eq!(texts.find("FR"), Some("fr"));
        assert_eq!(texts.find("it"), None);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_was_meant() {
        let (_, wrong) = read_all(&[
            ("en.json", r#"{"comon": {"save": "x"}, "common": {"safe": "x"}}"#),
            ("deutsch.json", "{}"),
            ("it.json", r#"{"common": {"save": 5}}"#),
            ("nl.json", "{"),
        ]);
        let table = [
            ("deutsch.json: ", "not called after a language"),
            ("en.json: ", "there is no text \"safe\" in \"common\"; did you mean \"save\"?"),
            ("en.json: ", "there is no area \"comon\"; did you mean \"common\"?"),
            ("it.json: ", "not {\"area\": {\"key\": \"text\"}}: invalid type"),
            ("nl.json: ", "not {\"area\": {\"key\": \"text\"}}: EOF"),
        ];
        assert_eq!(wrong.len(), table.len(), "{wrong:?}");
        for ((file, what), line) in table.iter().zip(&wrong) {
            assert!(line.starts_with(file) && line.contains(what), "{line}");
        }
        let mut wrong = Vec::new();
        Overrides::read(Some(Path::new("/nowhere/at/all")), &built_in(), &mut wrong);
        assert!(wrong[0].starts_with("pages.texts: /nowhere/at/all: "), "{wrong:?}");
    }
}
