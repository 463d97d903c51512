//! Tests of the configuration, as tables: what goes in, what comes out.

mod databases;
mod files;
mod kept;
mod names;
mod page;
mod refusals;
mod roles;
mod secrecy;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::config::{Config, ConfigErrors, Inputs, Loaded, Problem, Purpose};

/// A machine with nothing configured: an empty directory, an empty environment, no secrets.
pub(super) struct Machine {
    pub(super) inputs: Inputs,
    directory: PathBuf,
}

impl Machine {
    pub(super) fn new(purpose: Purpose) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("durward-config-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        let secrets_dir = directory.join("secrets");
        std::fs::create_dir_all(&secrets_dir).unwrap();
        let environment = BTreeMap::new();
        let inputs = Inputs { purpose, file: None, directory: directory.clone(), environment, secrets_dir, cores: 4 };
        let machine = Self { inputs, directory };
        let data_dir = machine.path("data");
        machine.var("DURWARD_DATA_DIR", data_dir.to_str().unwrap())
    }

    /// A developer's machine.
    pub(super) fn dev() -> Self {
        Self::new(Purpose::Dev)
    }

    /// A machine that serves, with everything that production wants.
    pub(super) fn good() -> Self {
        Self::new(Purpose::Serve)
            .var("JWT_SECRET_KEY", "Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue")
            .var("DURWARD_SERVER__PUBLIC_URL", "https://auth.example.com")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(super) fn var(mut self, name: &str, value: &str) -> Self {
        self.inputs.environment.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.path(name), text).unwrap();
        self
    }

    pub(super) fn secret(self, name: &str, text: &str) -> Self {
        std::fs::write(self.inputs.secrets_dir.join(name), text).unwrap();
        self
    }

    pub(super) fn toml(self, text: &str) -> Self {
        self.file("durward.toml", text)
    }

    pub(super) fn load(&self) -> Result<Loaded, ConfigErrors> {
        Config::load(&self.inputs)
    }

    #[track_caller]
    pub(super) fn config(&self) -> Config {
        match self.load() {
            Ok(loaded) => loaded.config,
            Err(errors) => panic!("{errors}"),
        }
    }

    /// What a setting is, as `config show` has it.
    #[track_caller]
    pub(super) fn shown(&self, key: &str) -> String {
        let loaded = self.load().unwrap_or_else(|errors| panic!("{errors}"));
        let held = loaded.held().iter().find(|held| held.key == key).unwrap();
        held.shown.as_str().map_or_else(|| held.shown.to_string(), str::to_owned)
    }

    /// Everything that is wrong, whether it stops the reading or only the start.
    pub(super) fn problems(&self) -> Vec<Problem> {
        match self.load() {
            Ok(loaded) => loaded.problems(),
            Err(errors) => errors.problems,
        }
    }

    /// The only thing that is wrong.
    #[track_caller]
    pub(super) fn problem(&self) -> Problem {
        let mut problems = self.problems();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        problems.remove(0)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
