//! The secrets that the server makes for itself in development, and keeps: each in a file with its setting's name.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use durward_proto::{Random, Secret};

use crate::config::problem::Problem;

/// The secret that was made earlier.
pub(crate) fn find(data_dir: &Path, name: &'static str) -> Result<Option<(Secret, PathBuf)>, Box<Problem>> {
    let path = data_dir.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().len() >= 32 => Ok(Some((Secret::new(text.trim()), path))),
        Ok(_) => Err(problem(name, &path, "less than 32 bytes; it was cut off or changed".to_owned())),
        // A data directory that is none is found by a check of its own.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(problem(name, &path, error.to_string())),
    }
}

/// The secret that was made earlier, or else a new one.
pub(crate) fn make(
    data_dir: &Path,
    name: &'static str,
    random: &dyn Random,
) -> Result<(Secret, PathBuf), Box<Problem>> {
    let path = data_dir.join(name);
    let mut bytes = [0u8; 40];
    random.fill(&mut bytes);
    let (key, suffix) = bytes.split_at(32);
    let write = || -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
        create(&path, &data_dir.join(format!("{name}.{}", hex(suffix))), &hex(key))
    };
    write().map_err(|error| problem(name, &path, error.to_string()))?;
    find(data_dir, name)?.ok_or_else(|| problem(name, &path, "it disappeared right after it was made".to_owned()))
}

/// Writes a file aside and links it into place, so that it is there whole or not at all and the first one stays.
fn create(path: &Path, aside: &Path, text: &str) -> io::Result<()> {
    let linked = write_aside(aside, text).and_then(|()| match std::fs::hard_link(aside, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = std::fs::remove_file(aside);
    linked.and(removed)
}

fn write_aside(aside: &Path, text: &str) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(aside)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn problem(name: &'static str, path: &Path, found: String) -> Box<Problem> {
    Box::new(Problem {
        id: "secrets",
        key: name.to_owned(),
        source: path.display().to_string(),
        found,
        expected: "a data directory in which the server can keep a secret".to_owned(),
        cure: format!("make data_dir writable for the server's user, remove a broken file, or set {name}"),
    })
}
