use durward_proto::{Clock, Secret, SystemClock};
use sqlx::{ConnectOptions, PgConnection};

use super::*;
use crate::open::{Backend, Pools};
use crate::sqlite::{Held, SqliteConnectOptions};
use crate::testing::{backends, fresh};
use crate::{Opened, PgTarget, SslMode, StoreError, StoreOptions, Target};

async fn open(target: Target) -> Result<Opened, StoreError> {
    let options = StoreOptions {
        target,
        max_connections: 2,
        acquire_timeout: Duration::from_millis(500),
        audit: crate::testing::audit(),
    };
    Opened::open(&options, SystemClock::new(), Arc::new(SystemRandom)).await
}

/// A stop watch.
fn elapsed() -> impl Fn() -> Duration {
    let clock = SystemClock::new();
    let start = clock.monotonic();
    move || clock.monotonic().saturating_sub(start)
}

fn target_of(fresh: &Fresh) -> PgTarget {
    let Target::Postgres(target) = &fresh.options.target else { panic!("it is PostgreSQL") };
    target.clone()
}

#[tokio::test]
async fn sqlite_is_durable_and_private() {
    let fresh = fresh(Backend::Sqlite).await;
    user(&fresh, "ann@example.com").await;
    let Pools::Sqlite(files) = &fresh.opened.system.shared.pools else { panic!("it is SQLite") };
    let number = async |held: &mut Held, sql: &'static str| -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut held.conn).await.unwrap()
    };
    let (mut writer, mut reader) = (files.writer().await.unwrap(), files.reader().await.unwrap());
    // The log keeps the order of what is written; who commits waits for the disk: `what_the_disk_does_not_take`.
    assert_eq!(number(&mut writer, "PRAGMA synchronous").await, 1, "NORMAL");
    assert_eq!(number(&mut writer, "PRAGMA foreign_keys").await, 1);
    assert_eq!(number(&mut writer, "PRAGMA wal_autocheckpoint").await, 0);
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut writer.conn).await.unwrap();
    assert_eq!(mode, "wal");
    let refused = reader.conn.script("DELETE FROM users").unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");
    drop((writer, reader));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let Target::Sqlite { path } = &fresh.options.target else { panic!("it is SQLite") };
        for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
    }
}

/// A commit is acknowledged when the disk has it. When that fails, nothing is acknowledged from then on: what is written
/// behind a hole could not be read again.
#[cfg(unix)]
#[tokio::test]
async fn what_the_disk_does_not_take_is_not_acknowledged() {
    let fresh = fresh(Backend::Sqlite).await;
    let ann = user(&fresh, "ann@example.com").await.id;
    let Target::Sqlite { path } = &fresh.options.target else { panic!("it is SQLite") };
    // The log's name is what the disk is asked by.
    let log = path.with_file_name("durward.db-wal");
    std::fs::remove_file(&log).unwrap();
    let commit = async || {
        let mut write = fresh.opened.system.write().await.unwrap();
        write.set_role(ann, &Role::admin(), NOW).await.unwrap();
        write.commit_unaudited("a test").await
    };
    for _ in 0..2 {
        let error = commit().await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
    }
}

/// Who commits at once is brought to the disk together, and the log does not grow with the number of commits.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_is_begun_anew() {
    let fresh = fresh(Backend::Sqlite).await;
    let ann = user(&fresh, "ann@example.com").await.id;
    let mut writing = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let system = fresh.opened.system.clone();
        writing.spawn(async move {
            for _ in 0..100 {
                let mut write = system.write().await.unwrap();
                write.set_role(ann, &Role::admin(), NOW).await.unwrap();
                write.commit_unaudited("a test").await.unwrap();
            }
        });
    }
    while let Some(done) = writing.join_next().await {
        done.unwrap();
    }
    let Target::Sqlite { path } = &fresh.options.target else { panic!("it is SQLite") };
    let pages = std::fs::metadata(path.with_file_name("durward.db-wal")).unwrap().len() / 4_096;
    assert!(pages < 3_000, "2,000 commits left a log of {pages} pages");
}

/// Another process that writes is waited for, and others are served meanwhile.
#[tokio::test]
async fn another_process_may_write() {
    let fresh = fresh(Backend::Sqlite).await;
    let ann = user(&fresh, "ann@example.com").await.id;
    let Target::Sqlite { path } = &fresh.options.target else { panic!("it is SQLite") };
    let mut other = SqliteConnectOptions::file(path).connect().await.unwrap();
    other.word("BEGIN IMMEDIATE").unwrap();
    let writing = async {
        let mut write = fresh.opened.system.write().await.unwrap();
        write.set_role(ann, &Role::admin(), NOW).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
    };
    let mut writing = std::pin::pin!(writing);
    let early = tokio::time::timeout(Duration::from_millis(100), &mut writing).await;
    assert!(early.is_err(), "two wrote at once");
    assert!(fresh.opened.gate.read().await.unwrap().credential_by_id(ann).await.unwrap().is_some());
    other.word("COMMIT").unwrap();
    writing.await;
}

#[tokio::test]
async fn a_postgres_connection_is_set_up() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = fresh(Backend::Postgres).await;
    let Pools::Postgres(connections) = &fresh.opened.system.shared.pools else { panic!("it is PostgreSQL") };
    let conn = &mut connections.acquire().await.unwrap().conn;
    let show = async |conn: &mut PgConnection, name: &str| -> String {
        sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(conn).await.unwrap()
    };
    assert_eq!(show(conn, "TimeZone").await, "UTC");
    assert_eq!(show(conn, "statement_timeout").await, "10s");
    assert_eq!(show(conn, "lock_timeout").await, "10s");
    assert_eq!(show(conn, "idle_in_transaction_session_timeout").await, "1min");
    assert_eq!(show(conn, "application_name").await, "durward-test");
    assert!(fresh.opened.system.read().await.unwrap().server_version().await.unwrap().starts_with("PostgreSQL 1"));
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_hides_the_password() {
    let path = std::env::temp_dir().join("durward-no-such-file").join("x").join("\0");
    assert!(open(Target::Sqlite { path }).await.unwrap_err().is_unavailable());
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = fresh(Backend::Postgres).await;
    let good = target_of(&fresh);
    let canary = PgTarget { password: Some(Secret::new("canary-password")), ..good.clone() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap().port();
    let closed = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() };
    for (target, says) in [
        (PgTarget { port: closed, ..canary.clone() }, "refused"),
        (PgTarget { port: silent, ..canary.clone() }, "no answer within"),
        (PgTarget { user: "nobody_here".into(), ..canary.clone() }, "nobody_here"),
        (PgTarget { database: "nothing_here".into(), ..good.clone() }, "nothing_here"),
        (PgTarget { sslmode: SslMode::Require, ..canary.clone() }, "TLS"),
        (PgTarget { sslmode: SslMode::VerifyFull, ..canary.clone() }, "TLS"),
        (PgTarget { host: "no-such-host.invalid".into(), ..canary.clone() }, "no-such-host.invalid"),
    ] {
        let started = elapsed();
        let error = open(Target::Postgres(target.clone())).await.unwrap_err();
        assert!(error.is_unavailable() && error.to_string().contains(says), "{error} should say {says}");
        assert!(started() < Duration::from_secs(3), "{error} took {:?}", started());
        assert!(!format!("{error} {error:?} {target:?}").contains("canary-password"));
    }
    for sslmode in [SslMode::Disable, SslMode::Allow, SslMode::Prefer] {
        open(Target::Postgres(PgTarget { sslmode, ..good.clone() })).await.unwrap();
    }
}

#[test]
fn sslmodes_are_libpqs() {
    for word in ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] {
        assert_eq!(word.parse::<SslMode>().unwrap().as_str(), word);
    }
    assert!("Require".parse::<SslMode>().is_err());
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    for backend in backends() {
        let fresh = fresh(backend).await;
        let opened = open(fresh.options.target.clone()).await.unwrap();
        let ann = user(&fresh, "ann@example.com").await.id;
        // A row or the one writer is held by somebody else.
        let mut held = fresh.opened.system.write().await.unwrap();
        held.set_role(ann, &Role::admin(), NOW).await.unwrap();
        let started = elapsed();
        let late = async {
            let mut write = opened.system.write().await?;
            write.set_role(ann, &Role::user(), NOW).await.map(drop)
        };
        let error = late.await.unwrap_err();
        assert!(error.is_unavailable(), "{backend:?}: {error}");
        assert!(started() < Duration::from_secs(2), "{:?}", started());
        held.commit_unaudited("a test").await.unwrap();
        // All connections are in use.
        let _held = (opened.gate.read().await.unwrap(), opened.gate.read().await.unwrap());
        let started = elapsed();
        assert!(opened.gate.read().await.unwrap_err().is_unavailable());
        assert!(started() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn it_comes_back_after_the_connections_were_cut() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = fresh(Backend::Postgres).await;
    let ann = user(&fresh, "ann@example.com").await;
    for pause in [0, 1_100] {
        let mut open = fresh.opened.gate.write().await.unwrap();
        fresh.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
        let error = open.credential_by_id(ann.id).await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
        drop(open);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let mut attempts = 0;
        while let Err(error) = async { fresh.opened.gate.read().await?.credential_by_id(ann.id).await }.await {
            attempts += 1;
            assert!(error.is_unavailable() && attempts < 8, "{error}");
        }
        // After a moment of rest a connection is looked at before it is used.
        assert!(pause == 0 || attempts == 0, "{attempts} failed");
    }
}

/// A server that is not there is told at once, not when the patience of whoever asks is at its end; and so is that it is
/// back.
#[tokio::test]
async fn a_refused_connection_is_told_at_once() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = fresh(Backend::Postgres).await;
    let target = target_of(&fresh);
    let door = Door::open("127.0.0.1:0", &target).await;
    let through = PgTarget { host: "127.0.0.1".into(), port: door.port, ..target.clone() };
    let options = StoreOptions {
        target: Target::Postgres(through),
        max_connections: 4,
        acquire_timeout: Duration::from_secs(10),
        audit: crate::testing::audit(),
    };
    let opened = Opened::open(&options, SystemClock::new(), Arc::new(SystemRandom)).await.unwrap();
    let read = async || opened.gate.read().await?.credential_by_email("ann@example.com").await;
    let _held = (read().await.unwrap(), opened.gate.read().await.unwrap());
    let address = format!("127.0.0.1:{}", door.port);
    door.shut().await;
    let started = elapsed();
    let mut said = Vec::new();
    for _ in 0..5 {
        let error = read().await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
        said.push(error.to_string());
    }
    assert!(started() < Duration::from_secs(1), "{:?}", started());
    assert!(said.last().unwrap().contains("refused"), "{said:?}");
    let _door = Door::open(&address, &target).await;
    read().await.unwrap();
}

/// A way to the server that can be shut.
struct Door {
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Door {
    async fn open(address: &str, target: &PgTarget) -> Self {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let (port, to) = (listener.local_addr().unwrap().port(), (target.host.clone(), target.port));
        let task = tokio::spawn(async move {
            let mut passing = tokio::task::JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut far = tokio::net::TcpStream::connect(&to).await.unwrap();
                passing.spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
            }
        });
        Self { port, task }
    }

    async fn shut(self) {
        self.task.abort();
        drop(self.task.await);
    }
}

/// When connections are cut, one who asks may meet with that; the others are asked before they are used.
#[tokio::test]
async fn one_lost_connection_puts_the_others_in_doubt() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = fresh(Backend::Postgres).await;
    let Pools::Postgres(connections) = &fresh.opened.system.shared.pools else { panic!("it is PostgreSQL") };
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(connections.acquire().await.unwrap());
    }
    held.into_iter().for_each(crate::connections::Held::give_back);
    fresh.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
    let mut failed = 0;
    for _ in 0..6 {
        failed += usize::from(async { fresh.opened.gate.read().await?.latest_event().await }.await.is_err());
    }
    assert_eq!(failed, 1);
}

/// However many ask at once, the server never has more connections than were allowed, and they are used again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_shared() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = fresh(Backend::Postgres).await;
    let opened = open(fresh.options.target.clone()).await.unwrap();
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let gate = opened.gate.clone();
            tokio::spawn(async move { gate.read().await?.latest_event().await })
        })
        .collect();
    for asked in asking {
        asked.await.unwrap().unwrap();
    }
    let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut is_open = fresh.count(open).await;
    // PostgreSQL shows those of who made the database until it has ended them, which takes a moment.
    for _ in 0..100 {
        if is_open <= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        is_open = fresh.count(open).await;
    }
    assert!((1..=2).contains(&is_open), "{is_open}");
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    for backend in backends() {
        let fresh = fresh(backend).await;
        fresh.opened.system.read().await.unwrap().ping().await.unwrap();
        fresh.opened.close().await;
        assert!(fresh.opened.system.read().await.unwrap_err().is_unavailable());
        assert!(fresh.opened.gate.write().await.unwrap_err().is_unavailable());
    }
}
