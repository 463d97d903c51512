//! Reads everything, once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use durward_proto::{Random, Secret};

use crate::config::candidate::{Candidate, Key};
use crate::config::choice::Algorithm;
use crate::config::problem::{ConfigErrors, Problem};
use crate::config::reader::{Held, Reader};
use crate::config::source::Source;
use crate::config::{Config, environment, file, kept, rows};

/// What the configuration is read for: it decides the environment when nobody names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `durward serve` and everything that looks after a server: production.
    Serve,
    /// `durward dev`: development, and never staging or production.
    Dev,
}

/// Everything that the configuration is read from. It has no derived `Debug`: the environment holds secrets.
#[derive(Clone)]
pub struct Inputs {
    /// What for.
    pub purpose: Purpose,
    /// `--config`. Without it `DURWARD_CONFIG`, or else `durward.toml` in `directory` if it is there.
    pub file: Option<PathBuf>,
    /// Where `durward.toml` is looked for.
    pub directory: PathBuf,
    /// The environment variables.
    pub environment: BTreeMap<String, OsString>,
    /// Where secrets are mounted, each in a file with its name.
    pub secrets_dir: PathBuf,
    /// How many cores the machine has.
    pub cores: u32,
}

impl std::fmt::Debug for Inputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.environment.keys().collect();
        f.debug_struct("Inputs").field("file", &self.file).field("environment", &names).finish_non_exhaustive()
    }
}

impl Inputs {
    /// Those of this process: here, and nowhere else, the environment is read.
    pub fn of_process(purpose: Purpose, file: Option<PathBuf>) -> Self {
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        Self {
            purpose,
            file,
            directory: PathBuf::from("."),
            environment: environment.collect(),
            secrets_dir: PathBuf::from("/run/secrets"),
            cores,
        }
    }

    fn path(&self) -> Option<PathBuf> {
        let named = self.file.clone().or_else(|| self.environment.get("DURWARD_CONFIG").map(PathBuf::from));
        named.or_else(|| Some(self.directory.join("durward.toml")).filter(|path| path.exists()))
    }
}

/// A configuration, and where each value came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    held: Vec<Held>,
}

impl Config {
    /// Reads the configuration. What can be read but must not be used is left to [`Loaded::problems`].
    ///
    /// # Errors
    /// Every value that cannot be read, every unknown name and every disagreement, together with the problems
    /// of the values that could be read.
    pub fn load(inputs: &Inputs) -> Result<Loaded, ConfigErrors> {
        let rows = rows();
        let (mut given, mut problems) = (Vec::<(Key, Candidate)>::new(), Vec::new());
        if let Some(path) = inputs.path() {
            let values = file::read(&path, &rows)
                .map_err(|(problem, unreadable)| ConfigErrors { problems: vec![*problem], unreadable })?;
            given.extend(values.given);
            problems.extend(values.problems);
        }
        let (values, wrong) = environment::collect(&inputs.environment, &inputs.secrets_dir, &rows);
        given.extend(values);
        problems.extend(wrong);

        let mut failed: Vec<String> = problems.iter().map(|problem| problem.key.clone()).collect();
        let mut reader = Reader::new(&rows, given, inputs.purpose, inputs.cores);
        let config = Self::read(&mut reader);
        let found = reader.into_found();
        problems.extend(found.problems);
        failed.extend(found.failed.into_iter().map(Key::into_owned));
        let mut loaded = config.map(|config| Loaded { config, held: found.held });
        if let Some(loaded) = &mut loaded {
            problems.extend(loaded.refuse_purpose(inputs.purpose));
            problems.extend(loaded.find_kept());
        }
        match loaded {
            Some(loaded) if problems.is_empty() => Ok(loaded),
            loaded => {
                let further = loaded.map(|loaded| loaded.problems()).unwrap_or_default();
                problems.extend(further.into_iter().filter(|problem| !failed.contains(&problem.key)));
                Err(ConfigErrors { problems, unreadable: false })
            }
        }
    }
}

impl Loaded {
    /// Everything for which the server must not start with this configuration, with where each value came from.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.config.problems();
        for problem in &mut problems {
            problem.source = self.source(&problem.key).to_string();
        }
        problems
    }

    /// Where a value came from.
    pub fn source(&self, key: &str) -> &Source {
        self.held.iter().find(|held| held.key == key).map_or(&Source::Default, |held| &held.source)
    }

    /// Says which port was taken where `server.listen` left it open: a public URL that nobody set names it then.
    pub fn took_port(&mut self, port: u16) {
        let server = &self.config.server;
        if server.listen.port() != 0 || *self.source("server.public_url") != Source::Default {
            return;
        }
        self.config.server.public_url = server.public_url.with_port(port);
        // Links in mails lead to pages under it, unless they were told otherwise.
        let by_default = |key| *self.source(key) == Source::Default;
        let own = ["mail.reset_page", "mail.verify_page", "mail.confirm_page"].map(by_default);
        let mail = &mut self.config.mail;
        let pages = [&mut mail.reset_page, &mut mail.verify_page, &mut mail.confirm_page];
        for (page, _) in pages.into_iter().zip(own).filter(|(_, own)| *own) {
            *page = page.with_port(port);
        }
    }

    /// Every value for people, masked, with where it came from.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// In development and test: makes the secrets that are needed and that nobody gave, and keeps them in the data
    /// directory. Of two processes that do this at once, both get the same. Elsewhere nothing happens.
    ///
    /// # Errors
    /// When the data directory cannot be written.
    pub fn make_secrets(&mut self, random: &dyn Random) -> Result<(), Box<Problem>> {
        self.make_secret("tokens.secret", random)?;
        match self.config.tokens.algorithm {
            Algorithm::Hs256 => Ok(()),
            _ => self.make_master_key(random),
        }
    }

    /// The same for the master key alone, before a signing key is made.
    ///
    /// # Errors
    /// When the data directory cannot be written.
    pub fn make_master_key(&mut self, random: &dyn Random) -> Result<(), Box<Problem>> {
        self.make_secret("keys.master_key", random)
    }

    fn make_secret(&mut self, name: &'static str, random: &dyn Random) -> Result<(), Box<Problem>> {
        if self.lacks(name) {
            let (secret, path) = kept::make(&self.config.data_dir, name, random)?;
            self.keep(name, secret, path);
        }
        Ok(())
    }

    /// Takes the secrets that were made earlier.
    fn find_kept(&mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for name in ["tokens.secret", "keys.master_key"] {
            if !self.lacks(name) {
                continue;
            }
            match kept::find(&self.config.data_dir, name) {
                Ok(Some((secret, path))) => self.keep(name, secret, path),
                Ok(None) => {}
                // Most have no master key: a data directory that cannot be looked into is no fault of theirs.
                Err(_) if name == "keys.master_key" && !self.config.data_dir.join(name).is_file() => {}
                Err(problem) => problems.push(*problem),
            }
        }
        problems
    }

    /// Whether a secret may be made up, and nobody gave it.
    fn lacks(&mut self, name: &str) -> bool {
        !self.config.environment.is_strict() && self.place(name).is_none()
    }

    fn keep(&mut self, name: &str, secret: Secret, path: PathBuf) {
        *self.place(name) = Some(secret);
        if let Some(held) = self.held.iter_mut().find(|held| held.key == name) {
            held.shown = serde_json::Value::from("[hidden]");
            held.source = Source::Kept(path);
        }
    }

    fn place(&mut self, name: &str) -> &mut Option<Secret> {
        match name {
            "keys.master_key" => &mut self.config.keys.master_key,
            _ => &mut self.config.tokens.secret,
        }
    }

    fn refuse_purpose(&self, purpose: Purpose) -> Option<Problem> {
        let environment = self.config.environment;
        (purpose == Purpose::Dev && environment.is_strict()).then(|| Problem {
            id: "environment",
            key: "environment".to_owned(),
            source: self.source("environment").to_string(),
            found: environment.to_string(),
            expected: "`development` or `test` for `durward dev`".to_owned(),
            cure: "use `durward serve` there".to_owned(),
        })
    }
}
