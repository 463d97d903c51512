//! A fresh migrated database for a test, on either backend.
//!
//! SQLite: a file in a directory that goes when the [`Fresh`] goes. PostgreSQL: a database cloned from a
//! template that the first test makes. `DURWARD_TEST_POSTGRES` names the server, as the URL of a role that may
//! make databases; without it tests on PostgreSQL fail and say so, unless `DURWARD_TEST_SQLITE_ONLY=1`.
//!
//! These functions panic when something is missing: they are for tests alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it is for tests alone")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use durward_proto::{Clock, Random, Secret, SystemClock};
use durward_verify::SystemRandom;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::sync::OnceCell;

use crate::catalogue::Live;
use crate::migrate::MIGRATIONS;
pub use crate::open::Backend;
use crate::sqlite::SqliteConnectOptions;
use crate::{AuditKeys, AuditOptions, Opened, PgTarget, SslMode, StoreOptions, Target};

/// The tests' signing secret.
pub const SECRET: &str = "a signing secret that only tests have 4711";

/// The backends that this run tests: both, or SQLite alone with `DURWARD_TEST_SQLITE_ONLY=1`.
pub fn backends() -> Vec<Backend> {
    if variable("DURWARD_TEST_SQLITE_ONLY").as_deref() == Some("1") {
        vec![Backend::Sqlite]
    } else {
        vec![Backend::Sqlite, Backend::Postgres]
    }
}

/// A database of its own for one test. It goes when this goes.
#[derive(Debug)]
pub struct Fresh {
    /// The database, open and migrated.
    pub opened: Opened,
    /// How to open it again.
    pub options: StoreOptions,
    _remover: Remover,
}

/// A fresh migrated database with the machine's clock.
pub async fn fresh(backend: Backend) -> Fresh {
    fresh_with(backend, SystemClock::new(), Arc::new(SystemRandom)).await
}

/// A fresh migrated database with the test's own clock and randomness.
pub async fn fresh_with(backend: Backend, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Fresh {
    let (options, remover) = place(backend, true).await;
    let opened = Opened::open(&options, clock, random).await.expect("a fresh database opens");
    if backend == Backend::Sqlite {
        opened.system.migrate().await.expect("a fresh database migrates");
    }
    Fresh { opened, options, _remover: remover }
}

/// A database with nothing in it.
pub async fn empty(backend: Backend) -> Fresh {
    let (options, remover) = place(backend, false).await;
    let opened =
        Opened::open(&options, SystemClock::new(), Arc::new(SystemRandom)).await.expect("an empty database opens");
    Fresh { opened, options, _remover: remover }
}

impl Fresh {
    /// Runs any SQL as the owner, beside the store: to break something, or to look.
    pub async fn sql(&self, sql: &str) {
        self.try_sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Runs any SQL as the owner, which may be refused.
    pub async fn try_sql(&self, sql: &str) -> Result<(), sqlx::Error> {
        match &self.options.target {
            Target::Sqlite { path } => {
                let mut conn = SqliteConnectOptions::file(path).without_foreign_keys().connect().await?;
                conn.script(sql)?;
                conn.close().await
            }
            Target::Postgres(target) => {
                let mut conn = PgConnection::connect_with(&admin(&target.database)).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
                conn.close().await
            }
        }
    }

    /// A connection of the owner's to PostgreSQL.
    #[cfg(test)]
    pub(crate) async fn postgres(&self) -> PgConnection {
        let Target::Postgres(target) = &self.options.target else { panic!("it is PostgreSQL") };
        PgConnection::connect_with(&admin(&target.database)).await.expect("it connects")
    }

    /// Everything that is kept: the bytes of SQLite's files, or every row of PostgreSQL's tables as text.
    pub async fn everything(&self) -> Vec<u8> {
        match &self.options.target {
            Target::Sqlite { path } => {
                let beside = |end: &str| path.with_file_name(format!("durward.db{end}"));
                let files = [path.clone(), beside("-wal"), beside("-shm")].into_iter().filter(|file| file.exists());
                files.flat_map(|file| std::fs::read(file).expect("the file can be read")).collect()
            }
            Target::Postgres(target) => {
                let mut conn = PgConnection::connect_with(&admin(&target.database)).await.expect("it connects");
                let tables = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'";
                let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut conn).await.expect("the tables");
                let mut all = Vec::new();
                for table in tables {
                    let rows = AssertSqlSafe(format!("SELECT t::text FROM {table} AS t"));
                    let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut conn).await.expect("its rows");
                    all.extend(rows.join("\n").into_bytes());
                }
                all
            }
        }
    }

    /// One number that a query gives, asked as the owner.
    pub async fn count(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql);
        match &self.options.target {
            Target::Sqlite { path } => {
                let mut conn = SqliteConnectOptions::file(path).connect().await.expect("the file opens");
                sqlx::query_scalar(sql).fetch_one(&mut conn).await.expect("one number")
            }
            Target::Postgres(target) => {
                let mut conn = PgConnection::connect_with(&admin(&target.database)).await.expect("it connects");
                sqlx::query_scalar(sql).fetch_one(&mut conn).await.expect("one number")
            }
        }
    }
}

/// The catalogue that the migrations make on PostgreSQL, as `src/catalogue/postgres.json` holds it.
pub async fn postgres_catalogue() -> String {
    let fresh = fresh(Backend::Postgres).await;
    let Target::Postgres(target) = &fresh.options.target else { panic!("it is PostgreSQL") };
    let mut conn = PgConnection::connect_with(&admin(&target.database)).await.expect("it connects");
    let mut catalogue = conn.catalogue().await.expect("the catalogue can be read");
    catalogue.tables.retain(|name, _| !name.starts_with("pg_"));
    serde_json::to_string_pretty(&catalogue).expect("it is JSON") + "\n"
}

/// The keys of the audit trail in tests: those of the secret [`SECRET`].
pub fn audit() -> AuditOptions {
    let keys = AuditKeys::new(None, &Secret::new(SECRET)).expect("any text makes keys");
    AuditOptions { keys: Some(keys), node: "test".into() }
}

/// What removes the database again.
#[derive(Debug)]
enum Remover {
    Directory(PathBuf),
    Database(String),
}

impl Drop for Remover {
    fn drop(&mut self) {
        match self {
            Self::Directory(path) => drop(std::fs::remove_dir_all(path)),
            Self::Database(name) => {
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                // A thread of its own, because this may run inside a runtime that must not be blocked on.
                let work = move || {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                    runtime.block_on(async move {
                        if let Ok(mut conn) = PgConnection::connect_with(&admin("")).await {
                            drop(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await);
                        }
                    });
                };
                drop(std::thread::spawn(work).join());
            }
        }
    }
}

async fn place(backend: Backend, migrated: bool) -> (StoreOptions, Remover) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = SystemClock::new().now().seconds();
    let name = format!("durward_test_{now}_{}_{number}", std::process::id());
    let (target, remover) = match backend {
        Backend::Sqlite => {
            let directory = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&directory).expect("a temporary directory can be made");
            (Target::Sqlite { path: directory.join("durward.db") }, Remover::Directory(directory))
        }
        Backend::Postgres => {
            let template = if migrated { template().await } else { "template0".to_owned() };
            let mut conn = PgConnection::connect_with(&admin("")).await.expect("the test server answers");
            let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.expect("a database can be made");
            let options = admin(&name);
            let target = PgTarget {
                host: options.get_host().to_owned(),
                port: options.get_port(),
                user: options.get_username().to_owned(),
                password: password(),
                database: name.clone(),
                sslmode: SslMode::Prefer,
                ssl_root_cert: None,
                application_name: "durward-test".to_owned(),
            };
            (Target::Postgres(target), Remover::Database(name))
        }
    };
    (StoreOptions { target, max_connections: 8, acquire_timeout: Duration::from_secs(10), audit: audit() }, remover)
}

/// The name of the migrated template; made once for all processes that test this schema.
async fn template() -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE.get_or_init(make_template).await.clone()
}

async fn make_template() -> String {
    // A name has 63 bytes at most, however many steps there are.
    let parts = MIGRATIONS.iter().map(|step| step.checksum().chars().take(8).collect::<String>());
    let name = format!("durward_template_{}", parts.rev().take(4).collect::<Vec<_>>().join("_"));
    let mut conn = PgConnection::connect_with(&admin("")).await.expect("the test server answers");
    sqlx::raw_sql("SELECT pg_advisory_lock(7305808869229296)").execute(&mut conn).await.expect("the lock");
    sweep(&mut conn).await;
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut conn)
        .await
        .expect("the list of databases");
    if !there {
        // Renamed only when it is complete, so that a template that is there is a good one.
        let (options, remover) = Box::pin(place(Backend::Postgres, false)).await;
        let opened = Opened::open(&options, SystemClock::new(), Arc::new(SystemRandom)).await.expect("it opens");
        opened.system.migrate().await.expect("it migrates");
        opened.close().await;
        let Remover::Database(made) = &remover else { panic!("it is PostgreSQL") };
        let sql = format!("ALTER DATABASE {made} RENAME TO {name}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.expect("it can be renamed");
    }
    conn.close().await.expect("it closes");
    name
}

/// Removes what crashed runs left: databases of tests that are older than an hour, then their roles.
async fn sweep(conn: &mut PgConnection) {
    let databases = "SELECT datname::text FROM pg_database WHERE datname LIKE 'durward!_test!_%' ESCAPE '!'";
    let roles = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'durward!_test!_%' ESCAPE '!'";
    let hour_ago = SystemClock::new().now().seconds() - 3_600;
    for (list, what, with) in [(databases, "DATABASE", "WITH (FORCE)"), (roles, "ROLE", "")] {
        let names: Vec<String> = sqlx::query_scalar(list).fetch_all(&mut *conn).await.expect("a list of names");
        for name in names {
            let made: Option<i64> = name.split('_').nth(2).and_then(|seconds| seconds.parse().ok());
            if made.is_some_and(|made| made < hour_ago) {
                let sql = format!("DROP {what} IF EXISTS {name} {with}");
                drop(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *conn).await);
            }
        }
    }
}

fn admin(database: &str) -> PgConnectOptions {
    let url = variable("DURWARD_TEST_POSTGRES").unwrap_or_else(|| {
        panic!(
            "set DURWARD_TEST_POSTGRES to the URL of a PostgreSQL role that may make databases \
             (postgres://postgres@127.0.0.1:5432/postgres), or DURWARD_TEST_SQLITE_ONLY=1 to leave PostgreSQL out"
        )
    });
    let options: PgConnectOptions = url.parse().unwrap_or_else(|_| panic!("DURWARD_TEST_POSTGRES is not a URL"));
    if database.is_empty() { options } else { options.database(database) }
}

fn password() -> Option<Secret> {
    let url = variable("DURWARD_TEST_POSTGRES")?;
    let (user, _) = url.split_once("://")?.1.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| Secret::new(password))
}

#[allow(clippy::disallowed_methods, reason = "tests are set up by the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
