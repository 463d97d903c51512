//! Where the real program is operated: a directory, a database, and the environment for all of its commands.

use std::path::Path;

use durward_store::testing::{self, Backend, Fresh};

use super::process::{Output, database_url, run};
use super::{Process, SECRET};

/// What every command finds in its environment, unless the test says otherwise.
const SETTINGS: [(&str, &str); 4] = [
    ("ENVIRONMENT", "test"),
    ("JWT_SECRET_KEY", SECRET),
    // Cheap hashes: the tests are about what is done with them.
    ("DURWARD_PASSWORD__MEMORY_KIB", "64"),
    ("DURWARD_PASSWORD__ITERATIONS", "1"),
];

/// A place for the program, for as long as the test lasts.
pub struct Site {
    pub database: Fresh,
    directory: tempfile::TempDir,
    settings: Vec<(String, String)>,
}

impl Site {
    /// With a database that has nothing in it.
    pub async fn empty(backend: Backend) -> Self {
        Self::on(testing::empty(backend).await)
    }

    /// With a database that has all tables.
    pub async fn migrated(backend: Backend) -> Self {
        Self::on(testing::fresh(backend).await)
    }

    fn on(database: Fresh) -> Self {
        let site = Self { directory: tempfile::tempdir().unwrap(), settings: Vec::new(), database };
        let url = database_url(&site.database);
        SETTINGS.iter().fold(site.with("DATABASE_URL", &url), |site, (name, value)| site.with(name, value))
    }

    /// With another variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a command to its end.
    pub async fn run(&self, args: &[&str]) -> Output {
        self.run_with_input(args, "").await
    }

    /// The same with other variables.
    pub async fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut settings = self.settings();
        settings.retain(|(name, _)| variables.iter().all(|(other, _)| other != name));
        settings.extend(variables);
        run(self.path(), args, &settings, "").await
    }

    /// The same with something on its standard input.
    pub async fn run_with_input(&self, args: &[&str], stdin: &str) -> Output {
        run(self.path(), args, &self.settings(), stdin).await
    }

    /// Starts `durward serve` and waits until it is ready.
    pub async fn serve(&self) -> Process {
        let mut process = self.spawn();
        process.ready().await;
        process
    }

    /// Starts `durward serve` and waits for nothing.
    pub fn spawn(&self) -> Process {
        Process::spawn(self.path(), &["serve"], &self.settings())
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}
