//! A directory that goes away with its owner.

use std::path::{Path, PathBuf};

use durward_verify::SystemRandom;

use crate::Outcome;

/// A directory for one measurement's data.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new one, among the temporary files.
    ///
    /// # Errors
    /// Whatever keeps it from being made.
    pub fn new() -> Outcome<Self> {
        let name: [u8; 8] = durward_proto::random::bytes(&SystemRandom);
        let path = std::env::temp_dir().join(format!("durward-bench-{:016x}", u64::from_be_bytes(name)));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
