//! Ways to break a database or a configuration, one at a time. Each stops the start, and is found by its own check and
//! by no other.

mod configuration;
mod database;
mod healthy;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use durward_store::Target;
use durward_store::testing::{self, Backend, Fresh};
use futures_util::StreamExt;
use serde_json::Value;

use crate::kit::process::{Output, database_url, run};

/// A secret that nobody knows, and another one.
const SECRET: &str = "Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue";
const MASTER: &str = "Kd7Pq3ZtX9mB1yR5sLw8Nf2Hv6Jc0Gae";
const ANOTHER: &str = "nO4xW8rQ2kLz6vBt0mYc5JhSd9PfGa3E";
/// What every role of a test logs in with.
const ROLE_PASSWORD: &str = "a role of the tests";
/// What a role needs, and no more.
const GRANTS: &str = "GRANT USAGE ON SCHEMA public TO {role}; \
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};";
/// How many are tried at once.
const AT_ONCE: usize = 3;

/// One way to break something.
#[derive(Clone)]
struct Broken {
    /// What is done, in words.
    what: &'static str,
    /// The check that finds it.
    check: &'static str,
    /// What the finding or its cure must say.
    says: &'static [&'static str],
    ways: Vec<Way>,
}

/// What is done, after everything was made well. `{role}`, `{database}`, `{url}` and `{dir}` stand for what they say.
#[derive(Clone, Copy)]
enum Way {
    /// This SQL, by the owner of the database.
    Sql(&'static str),
    /// This SQL, by the owner of the database, connected to another one.
    Elsewhere(&'static str),
    /// The program connects as a role that has the grants it needs; then this SQL.
    AsRole(&'static str),
    /// This variable has another value, or none.
    Set(&'static str, Option<&'static str>),
    /// This file holds this.
    File(&'static str, &'static str),
    /// This directory has this mode.
    Directory(&'static str, u32),
    /// This argument comes first.
    Argument(&'static str),
}

/// `what` by `ways` is found by `check`, which says `says`.
fn broken(
    check: &'static str,
    what: &'static str,
    ways: impl IntoIterator<Item = Way>,
    says: &'static [&'static str],
) -> Broken {
    Broken { what, check, says, ways: ways.into_iter().collect() }
}

/// A variable with another value.
fn set(name: &'static str, value: &'static str) -> Way {
    Way::Set(name, Some(value))
}

/// Tries each on a database of its own, and tells everything that is not as it should be at once.
async fn try_all(backend: Backend, table: Vec<Broken>) {
    let wrong: Vec<String> = futures_util::stream::iter(table)
        .map(|broken| async move {
            let place = Place::make(backend).await;
            let wrong = try_one(&place, backend, &broken).await.err();
            put_away(place).await;
            wrong.map(|why| format!("{}: {why}", broken.what))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(|wrong| async move { wrong })
        .collect()
        .await;
    assert!(wrong.is_empty(), "on {backend:?}:\n\n{}", wrong.join("\n\n"));
}

/// Removing a database waits for every connection that is being made, so that it must not hold up those of the others
/// that are tried at the same time.
async fn put_away<T: Send + 'static>(thing: T) {
    tokio::task::spawn_blocking(move || drop(thing)).await.unwrap();
}

async fn try_one(place: &Place, backend: Backend, broken: &Broken) -> Result<(), String> {
    let mut arguments = Vec::new();
    let mut settings = place.settings();
    for way in &broken.ways {
        match way {
            Way::Sql(sql) => place.database.sql(&place.filled(sql)).await,
            Way::Elsewhere(sql) => {
                let elsewhere = testing::empty(backend).await;
                elsewhere.sql(&place.filled(sql)).await;
                put_away(elsewhere).await;
            }
            Way::AsRole(sql) => {
                settings.insert("DATABASE_URL".to_owned(), place.make_role().await);
                place.database.sql(&place.filled(sql)).await;
            }
            Way::Set(name, Some(value)) => drop(settings.insert((*name).to_owned(), place.filled(value))),
            Way::Set(name, None) => drop(settings.remove(*name)),
            Way::File(name, text) => std::fs::write(place.path().join(name), text).unwrap(),
            Way::Directory(name, mode) => {
                std::fs::create_dir(place.path().join(name)).unwrap();
                let mode = std::fs::Permissions::from_mode(*mode);
                std::fs::set_permissions(place.path().join(name), mode).unwrap();
            }
            Way::Argument(argument) => arguments.push(*argument),
        }
    }
    let command = |words: &[&'static str]| [arguments.as_slice(), words].concat();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // The doctor first: it must change nothing that the start would stumble over.
    examine(broken, &run(place.path(), &command(&["doctor", "--json"]), &settings, "").await)?;
    refused(broken, &run(place.path(), &command(&["serve"]), &settings, "").await)
}

/// The start is refused, and the message names the check, what is wrong, and the cure.
fn refused(broken: &Broken, output: &Output) -> Result<(), String> {
    let words = &output.stderr;
    if !matches!(output.code, 1 | 2) {
        return Err(format!("`serve` ended with {}:\n{words}", output.code));
    }
    let failing: Vec<&str> = words.lines().filter_map(|line| line.strip_prefix("FAILING  ")).collect();
    let [finding] = failing.as_slice() else { return Err(format!("`serve` should name one check:\n{words}")) };
    if finding.split_whitespace().next() != Some(broken.check) {
        return Err(format!("`serve` should name {}:\n{words}", broken.check));
    }
    if !words.contains("expected: ") || !words.contains("cure: ") {
        return Err(format!("`serve` should say what is expected and a cure:\n{words}"));
    }
    says(broken, words)
}

/// The doctor says that this check fails, and no other.
fn examine(broken: &Broken, output: &Output) -> Result<(), String> {
    let report: Value = serde_json::from_str(&output.stdout)
        .map_err(|error| format!("`doctor --json`: {error}:\n{}\n{}", output.stdout, output.stderr))?;
    let findings = report["checks"].as_array().ok_or("no checks")?;
    let failing: Vec<&Value> = findings.iter().filter(|finding| finding["status"] == "failing").collect();
    let [finding] = failing.as_slice() else { return Err(format!("one check should fail:\n{failing:#?}")) };
    if finding["id"] != broken.check || output.code != 1 || report["status"] != "failing" {
        return Err(format!("{} should fail; exit code {}: {finding:#}", broken.check, output.code));
    }
    if !findings.iter().all(|finding| finding["id"].is_string() && finding["expected"].is_string()) {
        return Err(format!("a finding without an id, or without what is expected: {report:#}"));
    }
    let cure = finding["cure"].as_str().unwrap_or_default();
    if cure.is_empty() {
        return Err(format!("no cure: {finding:#}"));
    }
    says(broken, &format!("{} {cure}", finding["found"].as_str().unwrap_or_default()))
}

fn says(broken: &Broken, words: &str) -> Result<(), String> {
    let missing: Vec<_> = broken.says.iter().filter(|part| !words.contains(**part)).collect();
    let leaked = [SECRET, ANOTHER, ROLE_PASSWORD].into_iter().find(|secret| words.contains(secret));
    match (missing.is_empty(), leaked) {
        (true, None) => Ok(()),
        (false, _) => Err(format!("it does not say {missing:?}:\n{words}")),
        (true, Some(_)) => Err(format!("it tells a secret:\n{words}")),
    }
}

/// A database and a directory in which everything is well.
struct Place {
    directory: tempfile::TempDir,
    database: Fresh,
}

impl Place {
    async fn make(backend: Backend) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), database: testing::fresh(backend).await }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What production needs.
    fn settings(&self) -> BTreeMap<String, String> {
        let settings = [
            ("DATABASE_URL", database_url(&self.database)),
            ("DURWARD_DATA_DIR", self.path().join("data").display().to_string()),
            ("DURWARD_SERVER__PUBLIC_URL", "https://auth.example.com".to_owned()),
            ("JWT_SECRET_KEY", SECRET.to_owned()),
            ("CSRF_SECRET_KEY", ANOTHER.to_owned()),
            ("DURWARD_KEYS__MASTER_KEY", MASTER.to_owned()),
        ];
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Makes a role with the grants that the program needs, and gives the URL to connect as it.
    async fn make_role(&self) -> String {
        let make = format!("CREATE ROLE {{role}} LOGIN PASSWORD '{ROLE_PASSWORD}'; {GRANTS}");
        self.database.sql(&self.filled(&make)).await;
        let Target::Postgres(target) = &self.database.options.target else { panic!("roles are PostgreSQL's") };
        let password = ROLE_PASSWORD.replace(' ', "%20");
        format!("postgresql://{}:{password}@{}:{}/{}", self.role(), target.host, target.port, target.database)
    }

    /// The store's sweep knows what crashed tests left by these names.
    fn role(&self) -> String {
        format!("{}_role", self.database_name())
    }

    fn database_name(&self) -> String {
        match &self.database.options.target {
            Target::Sqlite { path } => path.display().to_string(),
            Target::Postgres(target) => target.database.clone(),
        }
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{role}", &self.role())
            .replace("{database}", &self.database_name())
            .replace("{url}", &database_url(&self.database))
            .replace("{dir}", &self.path().display().to_string())
    }
}
