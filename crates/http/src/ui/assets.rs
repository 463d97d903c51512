//! What `web/` builds into `pages/`: hashed scripts and styles with their manifest, texts, and a few files with names of
//! their own. A release build carries them, a debug build reads them where they lie.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use rust_embed::RustEmbed;
use serde::Deserialize;

use super::gzip;
use super::texts::{Areas, Overrides, Texts};

#[derive(RustEmbed)]
#[folder = "pages/"]
struct Embedded;

/// The length of a hash in a name, with the hyphen before it.
const HASH: usize = 9;
/// The texts of each language as they are built in.
const LANGUAGES: [&str; 2] = ["en", "de"];

/// A file, by its name within `pages/`.
pub(super) fn file(name: &str) -> Option<Bytes> {
    match Embedded::get(name)?.data {
        Cow::Borrowed(bytes) => Some(Bytes::from_static(bytes)),
        Cow::Owned(bytes) => Some(bytes.into()),
    }
}

/// A file whose name changes with what is in it: `sign-in-C-6rZNNU.js`. Not one of those that keep their names.
pub(super) fn hashed(name: &str) -> Option<Bytes> {
    let stem = name.rsplit_once('.').map_or("", |(stem, _)| stem).as_bytes();
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_".contains(b);
    let is_hashed = stem.len() > HASH && stem.get(stem.len() - HASH) == Some(&b'-') && stem.iter().all(is_plain);
    is_hashed.then(|| file(name)).flatten()
}

/// The texts that the program brings along, by language.
///
/// # Errors
/// When they were not built.
pub(super) fn built_in_texts() -> Result<BTreeMap<String, Areas>, String> {
    LANGUAGES
        .iter()
        .map(|language| read(&format!("texts/{language}.json")).map(|areas| ((*language).to_owned(), areas)))
        .collect()
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    let bytes = file(name).ok_or_else(|| format!("pages/{name} is missing: run `npm run build`"))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("pages/{name}: {error}"))
}

/// Everything that a shell needs of what was built.
#[derive(Debug)]
pub(super) struct Built {
    manifest: Manifest,
    pub(super) texts: Texts,
}

impl Built {
    /// Reads it, with an operator's texts in place of single ones.
    ///
    /// # Errors
    /// When the pages were not built.
    pub(super) fn read(overrides: &Overrides) -> Result<Self, String> {
        Ok(Self { manifest: read("manifest.json")?, texts: Texts::of(built_in_texts()?, overrides) })
    }

    /// What this entry consists of.
    pub(super) fn entry(&self, name: &str) -> Entry {
        self.manifest.entry(name)
    }
}

/// What a page loads, as paths on this server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) script: String,
    pub(super) preloads: Vec<String>,
    pub(super) styles: Vec<String>,
}

/// Vite's manifest: chunks by their keys.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Manifest(BTreeMap<String, Chunk>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    file: String,
    #[serde(default)]
    is_entry: bool,
    #[serde(default)]
    imports: Vec<String>,
    #[serde(default)]
    css: Vec<String>,
}

impl Manifest {
    fn entry(&self, name: &str) -> Entry {
        let is_it = |key: &str| key.rsplit('/').next().and_then(|file| file.split('.').next()) == Some(name);
        let Some((key, chunk)) = self.0.iter().find(|(key, chunk)| chunk.is_entry && is_it(key)) else {
            return Entry::default();
        };
        let mut found = Entry { script: path_of(&chunk.file), ..Entry::default() };
        self.collect(key, &mut found, &mut Vec::new());
        found.preloads.retain(|path| *path != found.script);
        found
    }

    /// What is imported stands before what imports it, as its rules have to.
    fn collect<'a>(&'a self, key: &'a str, found: &mut Entry, seen: &mut Vec<&'a str>) {
        let Some(chunk) = self.0.get(key).filter(|_| !seen.contains(&key)) else { return };
        seen.push(key);
        for import in &chunk.imports {
            self.collect(import, found, seen);
        }
        found.preloads.push(path_of(&chunk.file));
        for style in chunk.css.iter().map(|file| path_of(file)) {
            if !found.styles.contains(&style) {
                found.styles.push(style);
            }
        }
    }
}

fn path_of(file: &str) -> String {
    format!("/ui/{file}")
}

/// Files as they were compressed, by their names. Each is compressed when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Zipped(Mutex<HashMap<String, Bytes>>);

impl Zipped {
    /// A hashed file, compressed. What is in it never changes under its name.
    pub(super) fn of(&self, name: &str, plain: &Bytes) -> Bytes {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return known.clone();
        }
        let zipped = gzip::smallest(plain);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), zipped.clone());
        zipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_what_it_imports_before_it() {
        let manifest: Manifest = serde_json::from_str(
            r#"{
                "_shell-1.js": {"file": "shell-1.js", "imports": ["_deep-2.js"], "css": ["shell-3.css"]},
                "_deep-2.js": {"file": "deep-2.js", "css": ["base-9.css"]},
                "src/entries/chat.tsx": {"file": "chat-4.js", "isEntry": true, "imports": ["_shell-1.js", "_deep-2.js"],
                    "dynamicImports": ["_later-5.js"], "css": ["chat-6.css", "base-9.css"]},
                "_later-5.js": {"file": "later-5.js", "imports": ["src/entries/chat.tsx"]},
                "src/chat.tsx": {"file": "other.js", "isDynamicEntry": true}
            }"#,
        )
        .unwrap();
        let entry = manifest.entry("chat");
        assert_eq!(entry.script, "/ui/chat-4.js");
        assert_eq!(entry.preloads, ["/ui/deep-2.js", "/ui/shell-1.js"]);
        assert_eq!(entry.styles, ["/ui/base-9.css", "/ui/shell-3.css", "/ui/chat-6.css"]);
        assert_eq!(manifest.entry("nothing"), Entry::default());
    }

    #[test]
    fn names_do_not_lead_out_of_the_directory_nor_to_what_is_not_hashed() {
        for name in [
            "../manifest.json",
            "manifest.json",
            "licenses.md",
            "icon.svg",
            "service-worker.js",
            "texts/en.json",
            "..",
            ".",
            "",
            "-12345678",
            "a/../b-12345678.js",
            "..%2fmanifest.json",
            "a\\b-12345678.js",
            ".hidden-12345678.js",
            "x-12345678.js.map",
            "\u{0}",
        ] {
            assert_eq!(hashed(name), None, "{name:?}");
        }
        assert!(file("manifest.json").is_some());
        assert_eq!(file("../Cargo.toml"), None);
        let built = Built::read(&Overrides::default()).unwrap();
        for entry in ["sign-in", "account", "chat", "console"] {
            let Entry { script, preloads, styles } = built.entry(entry);
            for path in preloads.iter().chain(&styles).chain([&script]) {
                assert!(hashed(path.strip_prefix("/ui/").unwrap()).is_some(), "{path}");
            }
        }
    }
}
