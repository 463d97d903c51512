//! An operator's templates: `<language>/<file>` under the directory that `mail.templates` names.

use std::fs;
use std::path::Path;

use super::super::kind::KINDS;
use super::PARTS;
use super::language::is_tag;

/// The most bytes of a file.
const LARGEST: u64 = 256 * 1024;

/// The files by their names within the directory, and what is wrong with the others.
pub(super) fn read(directory: &Path) -> (Vec<(String, String)>, Vec<String>) {
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for language in names(directory, &mut wrong) {
        let inside = directory.join(&language);
        // A README beside the languages is nobody's template.
        if !inside.is_dir() {
            continue;
        }
        if !is_tag(&language) {
            wrong.push(format!("{} is no language: a directory is called `de` or `pt-BR`", inside.display()));
            continue;
        }
        for name in names(&inside, &mut wrong) {
            let path = inside.join(&name);
            if !is_known(&name) {
                let example = "reset_password.subject.txt, .txt or .html; what others include begins with _";
                wrong.push(format!("{} is no template: they are called {example}", path.display()));
                continue;
            }
            match text(&path) {
                Ok(text) => files.push((format!("{language}/{name}"), text)),
                Err(error) => wrong.push(format!("{}: {error}", path.display())),
            }
        }
    }
    (files, wrong)
}

/// What is in a directory, but what is hidden.
fn names(directory: &Path, wrong: &mut Vec<String>) -> Vec<String> {
    let list = || -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    };
    match list() {
        Ok(mut names) => {
            names.retain(|name| !name.starts_with('.'));
            names.sort();
            names
        }
        Err(error) => {
            wrong.push(format!("{}: {error}", directory.display()));
            Vec::new()
        }
    }
}

fn is_known(name: &str) -> bool {
    let is_part = |kind: &str| {
        name.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.')).is_some_and(|part| PARTS.contains(&part))
    };
    (name.starts_with('_') && (name.ends_with(".txt") || name.ends_with(".html")))
        || KINDS.iter().any(|kind| is_part(kind))
}

fn text(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("{size} bytes, more than {LARGEST}"));
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}
